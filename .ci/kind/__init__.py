"""A test bed for the kind target where no image can be pulled: made of Debian packages and Go modules, kept in a cache.

No part of the product: whoever has an ordinary Docker needs none of it.
"""

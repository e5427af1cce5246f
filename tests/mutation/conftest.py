"""The cache and the Terraform that the tests of the declaration use."""

from tests.declaration.conftest import cache, tool

__all__ = ["cache", "tool"]

"""What moto's responses lack for Terraform's AWS provider, one module for each of its services.

Each module changes moto's own classes in the way in which a patch of moto would, and has a test against botocore's
model of the service, so that it can be offered there as it is.
"""

from __future__ import annotations

import pkgutil
from importlib import import_module

from moto.core.config import default_user_config


def install() -> None:
    """Extend the moto of this process."""
    default_user_config["iam"] = {"load_aws_managed_policies": True}
    default_user_config["lambda"] = {"use_docker": False}
    for one in pkgutil.iter_modules(__path__):
        import_module(f"{__name__}.{one.name}").extend()

"""Secrets Manager: a replica names the key that it was asked to be encrypted with.

Source: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_ReplicationStatusType.html
"""

from __future__ import annotations

from typing import Any

from moto.secretsmanager.models import FakeSecret, ReplicaSecret

_create_replicas = FakeSecret.create_replicas


def create_replicas(
    self: FakeSecret,
    replica_regions: list[dict[str, str]],
    force_overwrite: bool,  # noqa: FBT001 - moto's own
) -> list[ReplicaSecret]:
    """As moto does it, with the keys of the request."""
    replicas: list[ReplicaSecret] = _create_replicas(self, replica_regions, force_overwrite)
    asked: dict[str, Any] = {one["Region"]: one.get("KmsKeyId") for one in replica_regions or []}
    for one in replicas:
        if key := asked.get(one.region):
            one.config["KmsKeyId"] = key
    return replicas


def extend() -> None:
    """Take the place of moto's own."""
    FakeSecret.create_replicas = create_replicas  # type: ignore[method-assign]

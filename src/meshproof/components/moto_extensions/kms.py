"""KMS: a replica is a key of its own, in type, description, policy and tags, and a key that turns has a period.

As shipped both share one configuration, so that reading the replica turns the primary into a replica as well.
Source: https://docs.aws.amazon.com/kms/latest/APIReference/API_ReplicateKey.html
"""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Final

from moto.kms.models import Key, KmsBackend, kms_backends
from moto.kms.responses import KmsResponse

_replicate_key = KmsBackend.replicate_key
_respond = KmsResponse.replicate_key
_enable_key_rotation = KmsResponse.enable_key_rotation
_get_key_rotation_status = KmsResponse.get_key_rotation_status
_YEAR_DAYS: Final = 365


def replicate_key(self: KmsBackend, key_id: str, replica_region: str) -> Key:
    """As moto does it, with what is the replica's own kept apart from the primary's."""
    primary = self.keys[key_id]
    primary_configuration = primary.multi_region_configuration
    replica = _replicate_key(self, key_id, replica_region)
    replica.multi_region_configuration = deepcopy(primary_configuration) | {"MultiRegionKeyType": "REPLICA"}
    replica.aliases, replica.grants, replica.rotations = {}, {}, []
    return replica


def respond(self: KmsResponse) -> str:
    """The answer, after description, policy and tags of the request were given to the replica."""
    answer: str = _respond(self)
    region, key_id = self._get_param("ReplicaRegion"), self._get_param("KeyId")
    backend = kms_backends[self.current_account][region]
    replica = backend.keys[key_id.rpartition("/")[2]]
    replica.description = self._get_param("Description") or replica.description
    replica.policy = self._get_param("Policy") or replica.policy
    if tags := self._get_param("Tags"):
        backend.tag_resource(replica.id, {tag["TagKey"]: tag["TagValue"] for tag in tags})
    return answer


def enable_key_rotation(self: KmsResponse) -> str:
    """As moto does it, with the period kept: a year where none is asked for."""
    answer: str = _enable_key_rotation(self)
    key = self.kms_backend.keys[self.kms_backend.get_key_id(self._get_param("KeyId"))]
    key.rotation_period_days = self._get_param("RotationPeriodInDays") or _YEAR_DAYS  # type: ignore[attr-defined]
    return answer


def get_key_rotation_status(self: KmsResponse) -> str:
    """As moto does it, with the period of a key that turns."""
    found = json.loads(_get_key_rotation_status(self))
    key = self.kms_backend.keys[self.kms_backend.get_key_id(self._get_param("KeyId"))]
    if found["KeyRotationEnabled"]:
        found |= {"KeyId": key.id, "RotationPeriodInDays": getattr(key, "rotation_period_days", _YEAR_DAYS)}
    return json.dumps(found)


def extend() -> None:
    """Take the place of moto's own."""
    KmsBackend.replicate_key = replicate_key  # type: ignore[method-assign]
    KmsResponse.replicate_key = respond  # type: ignore[method-assign]
    KmsResponse.enable_key_rotation = enable_key_rotation  # type: ignore[method-assign]
    KmsResponse.get_key_rotation_status = get_key_rotation_status  # type: ignore[method-assign]

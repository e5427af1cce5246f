"""KMS: a replica is a key of its own: its type, description, policy and tags are not the primary's.

As shipped the two share one configuration, so that reading the replica turns the primary into a replica as well.
Source: https://docs.aws.amazon.com/kms/latest/APIReference/API_ReplicateKey.html
"""

from __future__ import annotations

from copy import deepcopy

from moto.kms.models import Key, KmsBackend, kms_backends
from moto.kms.responses import KmsResponse

_replicate_key = KmsBackend.replicate_key
_respond = KmsResponse.replicate_key


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


def extend() -> None:
    """Take the place of moto's own."""
    KmsBackend.replicate_key = replicate_key  # type: ignore[method-assign]
    KmsResponse.replicate_key = respond  # type: ignore[method-assign]

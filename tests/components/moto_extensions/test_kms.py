"""What KMS says of a replica, as botocore's model of the service has it."""

from __future__ import annotations

from meshproof.components.moto import Account
from meshproof.probes.aws import Clients
from tests.components.moto_extensions.modelled import has_member

POLICY = '{"Version":"2012-10-17","Statement":[]}'


def test_replica_is_a_key_of_its_own(account: Account) -> None:
    """Reading it leaves the primary a primary."""
    clients = Clients(account.environment)
    here, there = clients.of("kms", "eu-west-1"), clients.of("kms", "eu-central-1")
    key = here.create_key(MultiRegion=True, Description="primary")["KeyMetadata"]["KeyId"]
    tags = [{"TagKey": "owner", "TagValue": "platform"}]
    made = here.replicate_key(KeyId=key, ReplicaRegion="eu-central-1", Description="replica", Policy=POLICY, Tags=tags)[
        "ReplicaKeyMetadata"
    ]
    replica = there.describe_key(KeyId=key)["KeyMetadata"]
    primary = here.describe_key(KeyId=key)["KeyMetadata"]

    assert made["MultiRegionConfiguration"]["MultiRegionKeyType"] == "REPLICA"
    assert replica["MultiRegionConfiguration"]["MultiRegionKeyType"] == "REPLICA"
    assert primary["MultiRegionConfiguration"]["MultiRegionKeyType"] == "PRIMARY"
    assert (replica["Description"], primary["Description"]) == ("replica", "primary")
    assert there.get_key_policy(KeyId=key, PolicyName="default")["Policy"] == POLICY
    assert there.list_resource_tags(KeyId=key)["Tags"] == tags


def test_a_key_turns_in_the_period_that_was_asked_for(account: Account) -> None:
    """A year where none was, nothing where it does not turn."""
    client = Clients(account.environment).of("kms", "eu-west-1")
    keys = [client.create_key()["KeyMetadata"]["KeyId"] for _ in range(3)]
    client.enable_key_rotation(KeyId=keys[0], RotationPeriodInDays=90)
    client.enable_key_rotation(KeyId=keys[1])
    periods = [client.get_key_rotation_status(KeyId=one).get("RotationPeriodInDays") for one in keys]

    assert periods == [90, 365, None]


def test_members_are_the_models() -> None:
    """No member is made up."""
    assert has_member("kms", "GetKeyRotationStatus", "RotationPeriodInDays")
    assert has_member("kms", "DescribeKey", "KeyMetadata.MultiRegionConfiguration.MultiRegionKeyType")

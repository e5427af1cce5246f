"""What a secret says of its replicas, as botocore's model of the service has it."""

from __future__ import annotations

from meshproof.components.moto import Account
from meshproof.probes.aws import Clients
from tests.components.moto_extensions.modelled import has_member

KEY = "arn:aws:kms:eu-central-1:111122223333:key/peer"


def test_a_replica_names_its_key(account: Account) -> None:
    """The one of the request; AWS's own where the request names none."""
    client = Clients(account.environment).of("secretsmanager", "eu-west-1")
    replicas = [{"Region": "eu-central-1", "KmsKeyId": KEY}, {"Region": "eu-north-1"}]
    client.create_secret(Name="orders", SecretString="x", AddReplicaRegions=replicas)
    found = {one["Region"]: one["KmsKeyId"] for one in client.describe_secret(SecretId="orders")["ReplicationStatus"]}

    assert found == {"eu-central-1": KEY, "eu-north-1": "alias/aws/secretsmanager"}


def test_members_are_the_models() -> None:
    """No member is made up."""
    assert has_member("secretsmanager", "DescribeSecret", "ReplicationStatus.KmsKeyId")

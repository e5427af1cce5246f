"""Replicas of a global table, as botocore's model of the service has them."""

from __future__ import annotations

from typing import Any

import pytest

from meshproof.components.moto import Account
from meshproof.probes.aws import Clients
from tests.components.moto_extensions.modelled import has_member

KEY = "arn:aws:kms:eu-west-1:111122223333:key/main"
PEER_KEY = "arn:aws:kms:eu-central-1:111122223333:key/peer"


@pytest.fixture
def regions(account: Account) -> tuple[Any, Any]:
    """Clients of two regions, with a table in the first that has a replica in the second."""
    clients = Clients(account.environment)
    here, there = clients.of("dynamodb", "eu-west-1"), clients.of("dynamodb", "eu-central-1")
    here.create_table(
        TableName="orders",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        DeletionProtectionEnabled=True,
        SSESpecification={"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": KEY},
    )
    made = {"RegionName": "eu-central-1", "KMSMasterKeyId": PEER_KEY}
    here.update_table(TableName="orders", ReplicaUpdates=[{"Create": made}])
    return here, there


def test_both_name_the_other(regions: tuple[Any, Any]) -> None:
    """Each region lists the others."""
    here, there = (one.describe_table(TableName="orders")["Table"] for one in regions)

    assert here["Replicas"] == [{"RegionName": "eu-central-1", "ReplicaStatus": "ACTIVE", "KMSMasterKeyId": PEER_KEY}]
    assert there["Replicas"] == [{"RegionName": "eu-west-1", "ReplicaStatus": "ACTIVE", "KMSMasterKeyId": KEY}]
    assert there["TableArn"] == "arn:aws:dynamodb:eu-central-1:111122223333:table/orders"
    assert there["SSEDescription"]["KMSMasterKeyArn"] == PEER_KEY


def test_protection_and_recovery_are_each_regions_own(regions: tuple[Any, Any]) -> None:
    """Neither is copied to the replica."""
    here, there = regions
    there.update_continuous_backups(
        TableName="orders", PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
    )

    assert not there.describe_table(TableName="orders")["Table"]["DeletionProtectionEnabled"]
    assert here.describe_table(TableName="orders")["Table"]["DeletionProtectionEnabled"]
    described = here.describe_continuous_backups(TableName="orders")["ContinuousBackupsDescription"]
    assert described["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "DISABLED"


def test_what_is_written_to_one_is_read_from_the_other(regions: tuple[Any, Any]) -> None:
    """At once, both ways."""
    here, there = regions
    here.put_item(TableName="orders", Item={"id": {"S": "1"}})
    there.put_item(TableName="orders", Item={"id": {"S": "2"}})

    assert {one["id"]["S"] for client in regions for one in client.scan(TableName="orders")["Items"]} == {"1", "2"}
    assert here.scan(TableName="orders")["Count"] == there.scan(TableName="orders")["Count"] == 2


def test_a_replica_can_be_taken_away(regions: tuple[Any, Any]) -> None:
    """Then neither knows of the other."""
    here, there = regions
    here.update_table(TableName="orders", ReplicaUpdates=[{"Delete": {"RegionName": "eu-central-1"}}])

    assert "Replicas" not in here.describe_table(TableName="orders")["Table"]
    assert there.list_tables()["TableNames"] == []


@pytest.mark.parametrize("member", ["RegionName", "ReplicaStatus", "KMSMasterKeyId"])
def test_members_are_the_models(member: str) -> None:
    """No member is made up."""
    assert has_member("dynamodb", "DescribeTable", f"Table.Replicas.{member}")

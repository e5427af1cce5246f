"""An export of a table lies in its bucket as DynamoDB's documentation has it."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
from typing import Any

import pytest

from meshproof.components.moto import Account
from meshproof.probes.aws import Clients
from meshproof.waiting import until

BUCKET = "exports"


@pytest.fixture
def exported(account: Account) -> dict[str, bytes]:
    """The objects of an export of two items under the prefix `p`, by their keys."""
    clients = Clients(account.environment)
    table, s3 = clients.of("dynamodb", "us-east-1"), clients.of("s3", "us-east-1")
    s3.create_bucket(Bucket=BUCKET)
    made = table.create_table(
        TableName="orders",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )["TableDescription"]
    recovery = {"PointInTimeRecoveryEnabled": True}
    table.update_continuous_backups(TableName="orders", PointInTimeRecoverySpecification=recovery)
    for number in ("1", "2"):
        table.put_item(TableName="orders", Item={"id": {"S": number}, "picture": {"B": b"\x00\xff"}})
    asked = {"TableArn": made["TableArn"], "S3Bucket": BUCKET, "S3Prefix": "p", "ExportFormat": "DYNAMODB_JSON"}
    arn = table.export_table_to_point_in_time(**asked)["ExportDescription"]["ExportArn"]
    until(lambda: _status(table, arn), "COMPLETED".__eq__, within_s=10.0)
    assert arn.startswith(f"{made['TableArn']}/export/")
    keys = [one["Key"] for one in s3.list_objects_v2(Bucket=BUCKET)["Contents"]]
    assert all(one.startswith(f"p/AWSDynamoDB/{arn.rpartition('/')[2]}/") for one in keys)
    return {one.split("/", 3)[3]: s3.get_object(Bucket=BUCKET, Key=one)["Body"].read() for one in keys}


def _status(table: Any, arn: str) -> str:
    return str(table.describe_export(ExportArn=arn)["ExportDescription"]["ExportStatus"])


def test_the_summary_leads_to_every_file(exported: dict[str, bytes]) -> None:
    """With the counts of both, and a checksum of the file as it lies there."""
    summary = json.loads(exported["manifest-summary.json"])
    (line,) = exported["manifest-files.json"].splitlines()
    file = json.loads(line)
    data = exported[file["dataFileS3Key"].split("/", 3)[3]]

    assert summary["manifestFilesS3Key"].endswith("/manifest-files.json")
    assert (summary["itemCount"], file["itemCount"], summary["outputFormat"]) == (2, 2, "DYNAMODB_JSON")
    assert base64.b64decode(file["md5Checksum"]) == hashlib.md5(data, usedforsecurity=False).digest()


def test_the_items_are_typed_json(exported: dict[str, bytes]) -> None:
    """One a line; what is binary is written in base 64."""
    (data,) = (value for name, value in exported.items() if name.startswith("data/") and name.endswith(".json.gz"))
    items = [json.loads(line)["Item"] for line in gzip.decompress(data).splitlines()]

    assert sorted(one["id"]["S"] for one in items) == ["1", "2"]
    assert items[0]["picture"] == {"B": base64.b64encode(b"\x00\xff").decode()}

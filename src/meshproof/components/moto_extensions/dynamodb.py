"""DynamoDB: the replicas of a global table (version 2019.11.21): made by UpdateTable, listed by DescribeTable.

A replica holds the items of its table: what is written to one is read from the other at once.
Source: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_ReplicaDescription.html
"""

from __future__ import annotations

from copy import copy, deepcopy
from typing import Any

from moto.core.responses import ActionResult
from moto.dynamodb.models import DynamoDBBackend, dynamodb_backends
from moto.dynamodb.models.table import Table
from moto.dynamodb.responses import DynamoHandler

_describe = Table.describe
_update_table = DynamoHandler.update_table


def describe(self: Table, base_key: str = "TableDescription") -> dict[str, Any]:
    """As moto does it, with the replicas."""
    described = _describe(self, base_key)
    others = [one for one in getattr(self, "global_table", ()) if one is not self]
    if others:
        described[base_key]["GlobalTableVersion"] = "2019.11.21"
        described[base_key]["Replicas"] = [_described(one) for one in others]
    return described


def _described(replica: Table) -> dict[str, Any]:
    found: dict[str, Any] = {"RegionName": replica.region_name, "ReplicaStatus": "ACTIVE"}
    if replica.sse_specification and (key := replica.sse_specification.get("KMSMasterKeyId")):
        found["KMSMasterKeyId"] = key
    return found


def update_table(self: DynamoHandler) -> ActionResult:
    """As moto does it, after the replicas of the request were made, changed or taken away."""
    for change in self.body.get("ReplicaUpdates", []):
        for action, asked in change.items():
            _ACTIONS[action](self.dynamodb_backend, self.body["TableName"], asked)
    return _update_table(self)


def _create(backend: DynamoDBBackend, name: str, asked: dict[str, Any]) -> None:
    table = backend.get_table(name)
    region = asked["RegionName"]
    replica = copy(table)  # shares the items
    replica.region_name = region
    replica.table_arn = replica._generate_arn(name)  # noqa: SLF001 - as moto's own constructor does
    replica.continuous_backups = deepcopy(table.continuous_backups)
    replica.continuous_backups["PointInTimeRecoveryDescription"] = {"PointInTimeRecoveryStatus": "DISABLED"}
    replica.deletion_protection_enabled = False
    replica.tags = []
    if table.sse_specification:
        replica.sse_specification = {**table.sse_specification}
        if key := asked.get("KMSMasterKeyId"):
            replica.sse_specification["KMSMasterKeyId"] = key
    everybody = [*getattr(table, "global_table", [table]), replica]
    for one in everybody:
        one.global_table = everybody
    dynamodb_backends[backend.account_id][region].tables[name] = replica


def _update(backend: DynamoDBBackend, name: str, asked: dict[str, Any]) -> None:
    replica = dynamodb_backends[backend.account_id][asked["RegionName"]].get_table(name)
    if replica.sse_specification and (key := asked.get("KMSMasterKeyId")):
        replica.sse_specification["KMSMasterKeyId"] = key


def _delete(backend: DynamoDBBackend, name: str, asked: dict[str, Any]) -> None:
    replica = dynamodb_backends[backend.account_id][asked["RegionName"]].tables.pop(name)
    for one in (everybody := getattr(replica, "global_table", [])):
        one.global_table = [other for other in everybody if other is not replica]


_ACTIONS = {"Create": _create, "Update": _update, "Delete": _delete}


def extend() -> None:
    """Take the place of moto's own."""
    Table.describe = describe  # type: ignore[method-assign]
    DynamoHandler.update_table = update_table  # type: ignore[method-assign]

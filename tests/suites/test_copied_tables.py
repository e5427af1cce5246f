"""A table that is copied is compared item by item, and a copy that is not equal is told from one that is."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest

from fixtures.tables.copying import Copied, Counterpart, Damage, Source, copy
from fixtures.tables.importing import Export
from fixtures.tables.sample import ITEMS
from meshproof.components.bigtable import Bigtable, bigtable
from meshproof.components.moto import emulated_account
from meshproof.errors import TargetError
from meshproof.probes.aws import Clients
from meshproof.targets.embedded.addresses import free_ports
from meshproof.toolchain import find

REGION = "us-east-1"
BUCKET = "exports"
KEYS = {"recipient": "HASH", "event_id": "RANGE"}
Copies = Callable[..., Copied]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bigtable]:
    """One emulator for all of them."""
    try:
        find("bigtable-emulator")
    except TargetError as error:
        pytest.skip(str(error))
    (port,) = free_ports(1)
    with bigtable(port=port, directory=tmp_path_factory.mktemp("bigtable")) as found:
        yield found


@pytest.fixture(scope="module")
def clients(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clients]:
    """An account with a bucket for exports."""
    (port,) = free_ports(1)
    with emulated_account("111122223333", port=port, directory=tmp_path_factory.mktemp("account")) as account:
        found = Clients(account.environment)
        found.of("s3", REGION).create_bucket(Bucket=BUCKET)
        yield found


_NUMBERS = count(1)


@pytest.fixture
def copies(clients: Clients, store: Bigtable) -> Copies:
    """Copies a table of its own; `recovers` says whether it can be exported at all."""

    def made(*, recovers: bool = True, damage: Damage = lambda _: None, **changes: Any) -> Copied:
        name = f"notifications-{next(_NUMBERS)}"
        dynamodb = clients.of("dynamodb", REGION)
        table = dynamodb.create_table(
            TableName=name,
            KeySchema=[{"AttributeName": key, "KeyType": kind} for key, kind in KEYS.items()],
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in KEYS],
            BillingMode="PAY_PER_REQUEST",
        )["TableDescription"]
        if recovers:
            recovery = {"PointInTimeRecoveryEnabled": True}
            dynamodb.update_continuous_backups(TableName=name, PointInTimeRecoverySpecification=recovery)
        asked = {"TableArn": table["TableArn"], "S3Bucket": BUCKET, "S3Prefix": name, "ExportFormat": "DYNAMODB_JSON"}
        source = Source(
            name=name,
            keys=tuple(KEYS),
            attributes=dict.fromkeys(KEYS, "S"),
            dynamodb=dynamodb,
            s3=clients.of("s3", REGION),
            export={**asked, **changes},
        )
        return copy(source, Counterpart(name=name, family="item", versions=1), store, damage=damage)

    return made


def test_a_copy_is_equal_on_both_days(copies: Copies) -> None:
    """What went is gone, what changed is changed, and nothing later is there."""
    found = copies()

    assert not found.differs, found
    assert found.items == ITEMS - ITEMS // 3 + 1


def _files(export: Export) -> list[str]:
    listed = export.s3.list_objects_v2(Bucket=export.bucket, Prefix=f"{export.place}/data/")
    return [one["Key"] for one in listed["Contents"]]


def _rewritten(export: Export, change: Callable[[list[Any]], list[Any]]) -> None:
    """An export whose manifests agree with what was done to it: only the comparison can find it."""
    (key,) = _files(export)
    lines = gzip.decompress(export.s3.get_object(Bucket=export.bucket, Key=key)["Body"].read()).splitlines()
    rows = change([json.loads(one) for one in lines])
    content = gzip.compress("".join(f"{json.dumps(one)}\n" for one in rows).encode())
    checksum = base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode()
    file = {"itemCount": len(rows), "md5Checksum": checksum, "dataFileS3Key": key}
    listed = f"{export.place}/manifest-files.json"
    summary = {"outputFormat": "DYNAMODB_JSON", "itemCount": len(rows), "manifestFilesS3Key": listed}
    for name, value in (
        (key, content),
        (listed, json.dumps(file)),
        (f"{export.place}/manifest-summary.json", json.dumps(summary)),
    ):
        export.s3.put_object(Bucket=export.bucket, Key=name, Body=value)


def _change_last(rows: list[Any]) -> list[Any]:
    rows[-1]["Item"]["price"] = {"N": "0"}
    return rows


def _add(rows: list[Any]) -> list[Any]:
    item = {**rows[0]["Item"], "event_id": {"S": "nobody's"}}
    return [*rows, {"Item": item}]


@pytest.mark.parametrize(
    ("change", "where"),
    [(lambda rows: rows[1:], "lost"), (_change_last, "changed"), (_add, "unexpected")],
    ids=["an item lost", "an item changed", "an item out of nowhere"],
)
def test_a_copy_that_is_not_equal_is_found(
    copies: Copies, change: Callable[[list[Any]], list[Any]], where: str
) -> None:
    """One item of many, and nothing else is complained of."""
    found = copies(damage=lambda export: _rewritten(export, change))

    assert {name: len(getattr(found, name)) for name in ("lost", "changed", "unexpected")} == {
        **dict.fromkeys(("lost", "changed", "unexpected"), 0),
        where: 1,
    }


def _cut(export: Export) -> None:
    (key,) = _files(export)
    content = export.s3.get_object(Bucket=export.bucket, Key=key)["Body"].read()
    export.s3.put_object(Bucket=export.bucket, Key=key, Body=content[: len(content) // 2])


def _lose_file(export: Export) -> None:
    (key,) = _files(export)
    export.s3.delete_object(Bucket=export.bucket, Key=key)


def _lose_summary(export: Export) -> None:
    export.s3.delete_object(Bucket=export.bucket, Key=f"{export.place}/manifest-summary.json")


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (_cut, "its checksum differs"),
        (_lose_file, r"json\.gz is not there"),
        (_lose_summary, r"manifest-summary\.json is not there"),
    ],
)
def test_an_export_that_cannot_be_read_is_told(copies: Copies, damage: Damage, says: str) -> None:
    """However it came to that, and before anything of it is loaded."""
    found = copies(damage=damage)

    assert re.search(f"^its export cannot be read: .*{says}", found.failed), found.failed


def test_what_is_never_exported_is_told(copies: Copies) -> None:
    """Without point-in-time recovery, into a bucket that is not there, or in another format."""
    assert "it cannot be exported: PointInTimeRecoveryUnavailable" in copies(recovers=False).failed
    assert "it cannot be exported: S3NoSuchBucket" in copies(S3Bucket="nowhere").failed
    assert "its format is ION" in copies(ExportFormat="ION").failed

"""A mutant as an override file: what it says, and what it refuses to say."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from meshproof.declaration.model import UNKNOWN, Declaration, Place, Record
from meshproof.errors import UsageError
from meshproof.mutant import edit, remove
from meshproof.mutation.apply import apply
from meshproof.mutation.overrides import FILE, write
from meshproof.verdict import Assurance

ADDRESS = "module.primary_table.aws_s3_bucket_versioning.main"
VERSIONING = {"bucket": UNKNOWN, "versioning_configuration": [{"status": "Enabled", "mfa_delete": UNKNOWN}]}


def _record(address: str, values: Mapping[str, object], **references: tuple[str, ...]) -> Record:
    kind, _, name = address.removeprefix("module.primary_table.").partition(".")
    return Record(
        family="terraform",
        kind=kind,
        address=address,
        name=name.partition("[")[0],
        values=values,
        place=Place(file="infra/modules/aws/table/main.tf", line=1),
        assurance=Assurance.RESOLVED,
        references={path.replace("__", "."): targets for path, targets in references.items()},
    )


def _written(record: Record, mutant: Any, directory: Path, applied: Mapping[str, Any] | None = None) -> Any:
    declaration = Declaration(environment="prod", version="1.0", records=(record,))
    replaced = apply(mutant, declaration)
    modules = {"primary_table": directory}
    edited = write(replaced, declaration.by_address, {record.address: applied or {}}, modules)

    assert edited == (record.address,)
    return json.loads((directory / FILE).read_text())["resource"][record.kind][record.name]


def test_a_block_is_written_whole_but_for_what_the_provider_decides(tmp_path: Path) -> None:
    """An override replaces a nested block, so the rest of it is repeated."""
    values = {**VERSIONING, "versioning_configuration": [{"status": "Enabled", "kept": "yes", "mfa_delete": UNKNOWN}]}
    mutant = edit(
        "aws_s3_bucket_versioning", ADDRESS, {"versioning_configuration": [{"status": "Suspended"}]}, says="x"
    )

    found = _written(_record(ADDRESS, values), mutant, tmp_path)

    assert found == {"versioning_configuration": [{"status": "Suspended", "kept": "yes"}]}


def test_a_text_that_holds_json_is_written_as_text(tmp_path: Path) -> None:
    """The state says that it is one."""
    address = "module.primary_table.aws_sqs_queue.main"
    record = _record(address, {"redrive_policy": {"maxReceiveCount": 3}})
    mutant = edit("aws_sqs_queue", address, {"redrive_policy": {"maxReceiveCount": 1}}, says="x")

    found = _written(record, mutant, tmp_path, {"redrive_policy": '{"maxReceiveCount":3}'})

    assert json.loads(found["redrive_policy"]) == {"maxReceiveCount": 1}


def test_a_template_opener_is_not_evaluated(tmp_path: Path) -> None:
    """What the declaration holds is a value by now."""
    record = _record(ADDRESS, {"bucket": "a"})

    found = _written(record, edit("aws_s3_bucket_versioning", ADDRESS, {"bucket": "${x}"}, says="x"), tmp_path)

    assert found == {"bucket": "$${x}"}


@pytest.mark.parametrize(("index", "body"), [("", {"count": 0}), ('["a"]', {"for_each": {}})])
def test_what_is_taken_away_has_no_instance(tmp_path: Path, index: str, body: Mapping[str, object]) -> None:
    """An override can take nothing out, but it can make none."""
    record = _record(f"{ADDRESS}{index}", VERSIONING)

    assert _written(record, remove("aws_s3_bucket_versioning", record.address, says="x"), tmp_path) == body


def test_what_is_stated_and_unknown_cannot_be_repeated(tmp_path: Path) -> None:
    """A reference inside the block would be lost."""
    record = _record(ADDRESS, {"rule": [{"key": UNKNOWN, "name": "a"}]}, rule__0__key=("module.x.aws_kms_key.main",))
    mutant = edit("aws_s3_bucket_versioning", ADDRESS, {"rule": [{"name": "b"}]}, says="x")

    with pytest.raises(UsageError, match=r"rule\.0\.key is known only after apply"):
        _written(record, mutant, tmp_path)


def test_what_is_not_applied_cannot_be_edited(tmp_path: Path) -> None:
    """The sentence names what is."""
    record = _record("module.elsewhere.aws_s3_bucket.main", {"bucket": "a"})
    declaration = Declaration(environment="prod", version="1.0", records=(record,))
    replaced = apply(edit(record.kind, record.address, {"bucket": "b"}, says="x"), declaration)

    with pytest.raises(UsageError, match=r"is not part of what is applied.*primary_table"):
        write(replaced, declaration.by_address, {}, {"primary_table": tmp_path})

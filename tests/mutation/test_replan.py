"""Edits in memory beside the same edits in HCL, planned by the real Terraform."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from meshproof.declaration.model import Declaration
from meshproof.declaration.reading import read
from meshproof.declaration.terraform_run import Terraform
from meshproof.mutation.generate import Site, sites_of
from meshproof.mutation.replan import Replanned, replan
from tests.declaration.trees import FILES, plant

Tool = Callable[[Path], Callable[[], Terraform]]
QUEUE = 'resource "aws_sqs_queue" "main" {\n'
SETTINGS = "  visibility_timeout_seconds = 30000\n  message_retention_seconds = 3600\n"
STORE = FILES["modules/aws/store/main.tf"].replace(QUEUE, QUEUE + SETTINGS)


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Declaration]:
    """Two clouds, and a queue whose visibility cannot be ten times as long."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    infra = plant(tmp_path, {"modules/aws/store/main.tf": STORE})
    return infra, read(infra, "prod")


def test_both_edits_plan_the_same_and_what_terraform_refuses_is_no_mutant(
    tree: tuple[Path, Declaration], cache: Path, tool: Tool
) -> None:
    """Each operator once for each module; the visibility that the provider refuses gives way to the retention."""
    infra, declaration = tree
    sites = [one for one in reversed(list(sites_of(declaration, []))) if one.operator != "lower"]
    raised = [one.path for one in sites if one.operator == "raise" and one.address.endswith("aws_sqs_queue.main")]
    assert raised.index(("visibility_timeout_seconds",)) < raised.index(("message_retention_seconds",))

    rows = replan(infra, declaration, sites, terraform=tool(infra), cache=cache)

    found = {(one.module.rpartition("/")[2], one.operator): one for one in rows}
    assert {one.outcome for one in rows} == {"same"}, rows
    assert found["store", "raise"].path == "message_retention_seconds"
    assert found["bucket", "flip"].path == "auto_create_subnetworks"
    assert found["store", "remove-object"].follows == ()


def test_an_edit_that_memory_makes_otherwise_is_told(
    tree: tuple[Path, Declaration], cache: Path, tool: Tool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The comparison can fail: here memory puts the number somewhere else."""
    infra, declaration = tree
    address = "module.primary_store.aws_sqs_queue.main"
    site = Site(
        system="x", address=address, path=("message_retention_seconds",), operator="lower", was=3600, becomes=360
    )
    monkeypatch.setattr("meshproof.mutation.replan.put", lambda values, path, value: {**values, path[0]: value + 1})

    rows = replan(infra, declaration, [site], terraform=tool(infra), cache=cache)

    assert [(one.operator, one.outcome) for one in rows] == [("lower", "differs")]
    assert rows == [
        Replanned(
            module="infra/modules/aws/store",
            address=address,
            path="message_retention_seconds",
            operator="lower",
            outcome="differs",
            follows=(),
            said="in memory message_retention_seconds is '361', Terraform plans '360'",
        )
    ]

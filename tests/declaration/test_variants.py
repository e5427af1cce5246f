"""Edited modules, planned beside the real ones in one run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from meshproof.declaration.model import UNKNOWN, canonical
from meshproof.declaration.plan import Plan
from meshproof.declaration.terraform_run import Terraform
from meshproof.declaration.variants import Variant, plan_variants
from meshproof.errors import UsageError
from tests.declaration.trees import FILES

Tool = Callable[[Path], Callable[[], Terraform]]
STORE, BUCKET = FILES["modules/aws/store/main.tf"], FILES["modules/gcp/bucket/main.tf"]


def edited(name: str, unit: str, text: str, old: str, new: str) -> Variant:
    """One edit of a module's main.tf."""
    assert old in text
    return Variant(name=name, unit=unit, changes={"main.tf": text.replace(old, new)})


def test_each_variant_differs_from_the_plan_in_its_edit_alone(
    planted: tuple[Path, Plan], cache: Path, tool: Tool
) -> None:
    """Both clouds, texts that hold JSON included, in one run of Terraform."""
    infra, plan = planted
    variants = [
        edited("renamed", "primary/store", STORE, "name              = var.name", 'name              = "other"'),
        edited("widened", "primary/store", STORE, "sqs:ReceiveMessage", "sqs:*"),
        edited("unversioned", "standby/bucket", BUCKET, 'enabled = "true"', "enabled = false"),
    ]

    found = plan_variants(infra, "prod", variants, terraform=tool(infra), cache=cache)

    real = {one.address: one for one in plan.resources}
    changes = {
        name: {address for address, one in values.items() if canonical(one) != canonical(real[address].values)}
        for name, values in found.items()
    }
    assert changes == {
        "renamed": {"module.primary_store.aws_sqs_queue.main"},
        "widened": {"module.primary_store.aws_iam_role_policy.reader"},
        "unversioned": {f'module.standby_bucket.google_storage_bucket.all["{key}"]' for key in "ab"},
    }
    assert {one.address for one in plan.resources if one.unit == "primary/store"} == set(found["renamed"])
    policy = found["widened"]["module.primary_store.aws_iam_role_policy.reader"]["policy"]
    assert policy["Statement"][0]["Action"] == "sqs:*"  # type: ignore[index]
    assert policy["Statement"][0]["Resource"] is UNKNOWN  # type: ignore[index]


@pytest.mark.parametrize(
    ("variant", "says"),
    [
        pytest.param(
            edited("broken", "primary/store", STORE, "var.name", "var.nome"),
            r"^infra/modules/aws/store__broken/main\.tf:\d+: .*nome",
            id="not-valid",
        ),
        pytest.param(
            Variant(name="lost", unit="primary/nowhere", changes={}),
            "variant lost: prod plans no unit primary/nowhere; planned: primary/store, standby/bucket",
            id="no-unit",
        ),
    ],
)
def test_a_variant_that_cannot_be_planned_is_named(
    planted: tuple[Path, Plan], cache: Path, tool: Tool, variant: Variant, says: str
) -> None:
    """In one sentence, with the file of the variant where there is one."""
    infra, _ = planted

    with pytest.raises(UsageError, match=says):
        plan_variants(infra, "prod", [variant], terraform=tool(infra), cache=cache)

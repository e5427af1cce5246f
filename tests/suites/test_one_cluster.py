"""A run that looks at one cluster of two: what stands in the other, and what accounts may do there, is unknown."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from fixtures.clusters import Clusters
from meshproof import judge
from meshproof.declaration.model import Declaration
from meshproof.declaration.platform import Platform
from meshproof.errors import ProbeError
from suites.integration import test_rbac as rbac
from suites.integration import test_standing as standing
from tests.targets.live.conftest import OBJECTS, record

DEPLOYMENT: dict[str, Any] = OBJECTS[3]
WITH_ACCOUNT: dict[str, Any] = {
    **DEPLOYMENT,
    "spec": {"template": {"spec": {"serviceAccountName": "orders", "containers": []}}},
}
DECLARED = Declaration(
    environment="test",
    version="1.0",
    records=tuple(record(one, site="standby") for one in (*OBJECTS[:3], WITH_ACCOUNT)),
)
WHY = "no context of standby was named"
ONLY_PRIMARY = Clusters(
    apis={},
    assurance={},
    platform=Platform(DECLARED),
    expected={one.address: WHY for one in DECLARED.records},
)


def test_what_stands_in_a_cluster_that_was_not_named_is_unknown() -> None:
    """Every object of it, with the reason."""
    with pytest.raises(ProbeError, match=f"{WHY} .and 1 more"):
        standing._judged(ONLY_PRIMARY, lambda item: item.kind in ("Namespace", "ConfigMap"))


def test_what_accounts_may_do_in_it_is_unknown() -> None:
    """And the option is named that would show it."""
    asked = partial(rbac._escalations, ONLY_PRIMARY)

    with pytest.raises(ProbeError, match="does not look at the cluster of standby: name it by --standby-context"):
        judge(rbac._observed(ONLY_PRIMARY.platform, asked), rbac._cannot)

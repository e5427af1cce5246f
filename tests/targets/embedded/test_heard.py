"""What a control plane lists against what its API server was told."""

from __future__ import annotations

import pytest

from meshproof.targets.embedded.heard import unheard

ORDERS = ("AuthorizationPolicy", "shop", "orders")


def _row(version: str) -> dict[str, object]:
    kind, namespace, name = ORDERS
    metadata = {"namespace": namespace, "name": name, "resourceVersion": version}
    return {"apiVersion": "security.istio.io/v1", "kind": kind, "metadata": metadata}


@pytest.mark.parametrize(
    ("there", "wanted", "heard"),
    [
        ("405", 405, True),
        ("1405", 405, True),
        ("99", 405, False),
        (None, 405, False),
        ("405", None, False),
        (None, None, True),
    ],
)
def test_each_is_listed_as_it_is_now(there: str | None, wanted: int | None, heard: bool) -> None:  # noqa: FBT001
    """At its version or a later one, by number; not at all where it was deleted."""
    rows = [] if there is None else [_row(there)]

    assert unheard(rows, {ORDERS: wanted}) == ([] if heard else [ORDERS])

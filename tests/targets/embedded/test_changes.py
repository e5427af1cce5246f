"""When a proxy has a change: not before it has all of the push that brought the change's clusters."""

import uuid

import pytest

from meshproof.targets.embedded.changes import unacknowledged

FIRST, SECOND = (f"2026-11-28T11:21:2{number}Z/{number}" for number in (8, 9))
TENTH = "2026-11-28T11:21:30Z/10"


def row(*, acknowledged: bool = True, **pushes: str) -> dict[str, str]:
    """What the control plane says of one proxy: the push that each kind of resource was last sent with."""
    sent = {f"{kind}_sent": f"{push}{uuid.uuid4()}" for kind, push in pushes.items()}
    taken = {name.replace("_sent", "_acked"): nonce if acknowledged else "" for name, nonce in sent.items()}
    return {"proxy": "orders-0.shop", **sent, **taken}


@pytest.mark.parametrize(
    ("said", "has_all"),
    [
        pytest.param(row(cluster=SECOND, listener=SECOND, route=SECOND), True, id="all of one push"),
        pytest.param(row(cluster=SECOND, listener=FIRST, route=FIRST), False, id="listeners are yet to come"),
        pytest.param(row(cluster=TENTH, listener=TENTH, route=SECOND), False, id="numbers, not texts"),
        pytest.param(row(cluster=FIRST, listener=FIRST, endpoint=SECOND), True, id="endpoints came alone"),
        pytest.param(row(cluster=SECOND, listener=SECOND, endpoint=FIRST), True, id="no endpoint changed"),
        pytest.param(row(cluster=FIRST, listener=FIRST, acknowledged=False), False, id="not taken yet"),
        pytest.param(row(cluster=FIRST, listener=FIRST) | {"route_sent": ""}, True, id="a gateway without routes"),
    ],
)
def test_a_proxy_has_a_change_with_the_whole_push(said: dict[str, str], *, has_all: bool) -> None:
    """Clusters are sent first: whoever has them may still decide by the listeners of before."""
    assert (not list(unacknowledged(said, ("listener", "route")))) == has_all


def test_routes_that_a_gateway_no_longer_asks_for_are_not_awaited() -> None:
    """The control plane remembers their last push."""
    said = row(cluster=SECOND, listener=SECOND, route=FIRST)

    assert list(unacknowledged(said, ("listener", "route"))) == ["routes of push 9, after those of 8"]
    assert list(unacknowledged(said, ("listener",))) == []

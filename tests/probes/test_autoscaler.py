"""What an autoscaler says of itself: how much of its target is used, or why it cannot scale."""

from typing import Any

import pytest

from meshproof.probes.autoscaler import Autoscaler, reading_of
from meshproof.probes.kubernetes import Api

WORKS = {"AbleToScale": "True", "ScalingActive": "True"}


def there(*used: int | None, unmet: str = "", **conditions: str) -> dict[str, Any]:
    """One that aims at 60 % of each of two resources, where these shares of what is requested are used."""
    aims = [
        {"type": "ContainerResource", "containerResource": {"target": {"averageUtilization": 60}}},
        {"type": "Resource", "resource": {"target": {"averageUtilization": 60}}},
    ]
    kinds = ("containerResource", "resource")
    seen = [
        {"type": aim["type"], kind: {"current": {"averageUtilization": value} if value is not None else {}}}
        for aim, kind, value in zip(aims, kinds, used, strict=False)
    ]
    told = [
        {"type": kind, "status": status, "message": unmet if status == "False" else "fine"}
        for kind, status in (conditions or WORKS).items()
    ]
    return {"spec": {"metrics": aims}, "status": {"conditions": told, "currentMetrics": seen}}


@pytest.mark.parametrize(
    ("seen", "share"),
    [
        pytest.param(there(90), 1.5, id="of its only metric"),
        pytest.param(there(30, 120), 2.0, id="the greatest decides"),
        pytest.param(there(), None, id="nothing is read yet"),
        pytest.param(there(None), None, id="an empty metric is none"),
    ],
)
def test_what_is_used_of_its_target(seen: dict[str, Any], share: float | None) -> None:
    """An autoscaler follows the metric that asks for the most pods."""
    assert reading_of(seen).used_share == share


@pytest.mark.parametrize(
    ("seen", "trouble"),
    [
        pytest.param(
            there(90, unmet="no such container", AbleToScale="True", ScalingActive="False"), "no such", id="metric"
        ),
        pytest.param(there(90, unmet="not found", AbleToScale="False"), "not found", id="target"),
        pytest.param({"spec": {}}, "it says nothing of AbleToScale", id="nobody controls it"),
    ],
)
def test_why_it_cannot_scale(seen: dict[str, Any], trouble: str) -> None:
    """Its own words; what it read before is nothing any more."""
    read = reading_of(seen)

    assert trouble in read.trouble
    assert read.used_share is None


def test_it_needs_no_minimum() -> None:
    """Kubernetes' default is one."""
    declared = {"spec": {"maxReplicas": 3}}

    found = Autoscaler(object.__new__(Api), declared)

    assert (found.least, found.most) == (1, 3)

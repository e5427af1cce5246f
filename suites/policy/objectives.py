"""Objectives and the alert conditions that guard their budgets, as OpenSLO documents state them."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from meshproof.declaration.platform import Item, Platform
from suites.policy.quantities import seconds


def drilled(slo: Item) -> bool:
    """Whether it is measured by a drill: a year's events, without an alert."""
    return slo.label("sli") == "drill"


def alerted(platform: Platform) -> list[Item]:
    """The objectives that are measured all the time."""
    return [one for one in platform.all("SLO") if not drilled(one)]


def objective(slo: Item) -> Fraction:
    """The share of events that must be good, exactly as written."""
    return Fraction(slo.text("spec.objectives.0.target") or "1")


def budget(slo: Item) -> float:
    """Seconds of total failure that the objective allows in its window."""
    return float((1 - objective(slo)) * Fraction(seconds(slo.text("spec.timeWindow.0.duration")) or 0))


def share(condition: Item) -> Fraction:
    """The part of the budget that is gone when the condition is met."""
    return Fraction(condition.annotation("meshproof.example/budget-percent") or "0") / 100


def window(condition: Item) -> Fraction:
    """The long window, in seconds."""
    return Fraction(seconds(condition.text("spec.condition.lookbackWindow")) or 0)


def factor(condition: Item) -> Fraction:
    """How many times as fast as allowed the budget burns."""
    return Fraction(condition.text("spec.condition.threshold") or "0")


def short(condition: Item) -> str:
    """The short window, as written."""
    return condition.annotation("meshproof.example/short-window")


def policies(platform: Platform) -> dict[str, list[Item]]:
    """Conditions by the name of the policy that holds them."""
    known = {one.name: one for one in platform.all("AlertCondition")}
    found = {}
    for policy in platform.all("AlertPolicy"):
        names = [str(one.get("conditionRef")) for one in policy.mappings("spec.conditions")]
        found[policy.name] = [known[name] for name in names if name in known]
    return found


def conditions_of(slo: Item, held: Mapping[str, list[Item]]) -> list[Item]:
    """The conditions of an objective, from the shortest window to the longest."""
    names = [str(one.get("alertPolicyRef")) for one in slo.mappings("spec.alertPolicies")]
    return sorted((one for name in names for one in held.get(name, [])), key=window)

"""Alertmanager's choice: which route takes an alert, and with which settings."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from meshproof.declaration.platform import Item, Platform


def _words(route: Mapping[str, object]) -> list[str]:
    found = route.get("matchers")
    return [str(one) for one in found] if isinstance(found, (list, tuple)) else []


def _accepts(route: Mapping[str, object], labels: Mapping[str, str]) -> bool:
    for matcher in _words(route):
        parts = re.fullmatch(r"\s*(\w+)\s*(=~|!~|!=|=)\s*\"?(.*?)\"?\s*", matcher)
        if parts is None:
            return False
        value, (_, operator, wanted) = labels.get(parts[1], ""), parts.groups()
        holds = re.fullmatch(wanted, value) is not None if "~" in operator else value == wanted
        if holds == operator.startswith("!"):
            return False
    return True


def routed(routing: Item, labels: Mapping[str, str]) -> Mapping[str, object]:
    """The settings of the deepest route that takes an alert, with what it inherits."""
    settings: dict[str, object] = dict(routing.mapping("route"))
    children = settings.get("routes")
    while isinstance(children, Sequence):
        taken = next((one for one in children if isinstance(one, Mapping) and _accepts(one, labels)), None)
        if taken is None:
            break
        settings, children = {**settings, **taken}, taken.get("routes")
    return settings


def routings(platform: Platform) -> list[Item]:
    """The documents that hold a tree of routes."""
    return [one for one in platform.all("Alertmanager") if one.has("route")]


def labels_of(rule: Item) -> dict[str, str]:
    """What Alertmanager matches of an alert, as far as the rule itself says."""
    return {"alertname": rule.text("alert"), **{key: str(value) for key, value in rule.mapping("labels").items()}}

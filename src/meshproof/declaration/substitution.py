"""Facts of Terraform inside Kubernetes manifests: put in as marks, so that each stays traceable to its source."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from meshproof.declaration.model import UNKNOWN

_VARIABLE = re.compile(r"\$\$|\$\{([A-Za-z_][A-Za-z0-9_]*)(?::?[-=]([^}]*))?\}")
_MARK = re.compile(r"mpfact--([a-z0-9-]+?)--")


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Values by name (UNKNOWN until apply) and the address of the fact that each is."""

    values: Mapping[str, object]
    addresses: Mapping[str, str]


def substituted(text: str, facts: Facts, literals: Mapping[str, str], *, as_marks: bool) -> tuple[str, list[str]]:
    """Text with Flux's `${name}` replaced: by a literal of the Kustomization, else by a fact.

    A fact is put in as its value, or as its mark where its value is not known yet or where `as_marks` asks for the
    text that shows what came from where. Gives the text and the names that neither knows; those stay as they are.
    """
    missing: list[str] = []

    def put(match: re.Match[str]) -> str:
        if match[0] == "$$":
            return "$"
        name = match[1]
        if name in literals:
            return literals[name]
        if name in facts.values:
            value = facts.values[name]
            return f"mpfact--{name.replace('_', '-')}--" if as_marks or value is UNKNOWN else str(value)
        if match[2] is not None:
            return match[2]
        missing.append(name)
        return match[0]

    return _VARIABLE.sub(put, text), missing


def traced(body: object, marked: object, facts: Facts) -> tuple[object, dict[str, tuple[str, ...]]]:
    """The object with what is not known yet as UNKNOWN, and which fact each path refers to.

    `marked` is the same object rendered with marks in place of values; where its shape differs, its marks are lost.
    """
    references: dict[str, tuple[str, ...]] = {}
    names = {name.replace("_", "-"): name for name in facts.values}

    def used(text: object) -> list[str]:
        return [names[one] for one in _MARK.findall(text) if one in names] if isinstance(text, str) else []

    def walk(node: object, twin: object, at: tuple[str, ...]) -> object:
        if isinstance(node, Mapping):
            twins = twin if isinstance(twin, Mapping) else {}
            return {key: walk(value, twins.get(key), (*at, str(key))) for key, value in node.items()}
        if isinstance(node, list):
            mates = twin if isinstance(twin, list) and len(twin) == len(node) else [None] * len(node)
            return [walk(value, mates[n], (*at, str(n))) for n, value in enumerate(node)]
        if found := used(twin) or used(node):
            references[".".join(at)] = tuple(facts.addresses[name] for name in found)
        return UNKNOWN if used(node) else node

    return walk(body, marked, ()), references

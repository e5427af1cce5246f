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


def marked(text: str, facts: Facts, literals: Mapping[str, str]) -> tuple[str, list[str]]:
    """Text with Flux's `${name}` replaced: by a literal of the Kustomization, else by the mark of a fact.

    Gives the text and the names that neither knows; those stay as they are.
    """
    missing: list[str] = []

    def put(match: re.Match[str]) -> str:
        if match[0] == "$$":
            return "$"
        name = match[1]
        if name in literals:
            return literals[name]
        if name in facts.values:
            return f"mpfact--{name.replace('_', '-')}--"
        if match[2] is not None:
            return match[2]
        missing.append(name)
        return match[0]

    return _VARIABLE.sub(put, text), missing


def resolved(body: object, facts: Facts) -> tuple[object, dict[str, tuple[str, ...]]]:
    """The object with every mark replaced by its fact's value, and which fact each path refers to."""
    references: dict[str, tuple[str, ...]] = {}
    names = {name.replace("_", "-"): name for name in facts.values}

    def walk(node: object, at: tuple[str, ...]) -> object:
        if isinstance(node, Mapping):
            return {walk(key, at): walk(value, (*at, str(key))) for key, value in node.items()}
        if isinstance(node, list):
            return [walk(value, (*at, str(position))) for position, value in enumerate(node)]
        return text_at(node, at) if isinstance(node, str) and "mpfact--" in node else node

    def text_at(text: str, at: tuple[str, ...]) -> object:
        used = [names[name] for name in _MARK.findall(text) if name in names]
        references[".".join(at)] = tuple(facts.addresses[name] for name in used)
        if any(facts.values[name] is UNKNOWN for name in used):
            return UNKNOWN
        return _MARK.sub(lambda match: str(facts.values[names[match[1]]]) if match[1] in names else match[0], text)

    return walk(body, ()), references



"""The Google provider's schema, where the provider itself cannot be had, and what breaks it.

It comes from `google_schema_build`, and knows types, nesting and required, optional and computed flags; enumerations,
conflicts and the provider's own defaults it does not know.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Final

from meshproof.declaration.model import REDACTED, UNKNOWN
from meshproof.declaration.plan import Finding, Resource

SOURCE: Final = "hashicorp/google"
PREFIX: Final = "google_"
_META: Final = frozenset({"timeouts", "id"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An attribute or nested block: `type` for plain ones; `inner`, `shape` (one, list, set, map) for nested ones."""

    type: str
    flags: str
    block: bool = False
    shape: str = ""
    inner: Mapping[str, Entry] | None = None

    @property
    def required(self) -> bool:
        """Whether a configuration must set it."""
        return "r" in self.flags

    @property
    def computed(self) -> bool:
        """Whether the provider decides it where the configuration does not."""
        return "c" in self.flags

    @property
    def settable(self) -> bool:
        """Whether a configuration may set it."""
        return "r" in self.flags or "o" in self.flags


@cache
def _packed() -> Mapping[str, Any]:
    data = resources.files("meshproof.declaration").joinpath("google-schema.json.gz").read_bytes()
    loaded: Mapping[str, Any] = json.loads(gzip.decompress(data))
    return loaded


def version() -> str:
    """The provider version that the schema describes."""
    return str(_packed()["version"])


@cache
def schema(key: str) -> Mapping[str, Entry] | None:
    """The schema of `google_x` or `data.google_x`, None for a type that the provider does not have."""
    found = _packed()["schemas"].get(key)
    return None if found is None else _entries(found)


def _entries(packed: Mapping[str, Any]) -> Mapping[str, Entry]:
    return {name: _entry(one) for name, one in packed.items()}


def _entry(packed: Any) -> Entry:
    if isinstance(packed, str):
        kind, _, flags = packed.partition(" ")
        return Entry(type=kind, flags=flags)
    role, shape, flags, inner = packed
    return Entry(type="object", flags=flags, block=role == "block", shape=shape, inner=_entries(inner))


def computed(key: str) -> tuple[str, ...]:
    """The attributes that the provider may decide."""
    return tuple(name for name, one in (schema(key) or {"id": Entry(type="string", flags="c")}).items() if one.computed)


def schema_findings(found: Iterable[Resource]) -> list[Finding]:
    """What the provider would refuse: unknown types and attributes, nesting, missing arguments, wrong scalars."""
    return [
        Finding(address=one.address, place=one.place, says=says)
        for one in found
        if one.type.startswith(PREFIX)
        for says in _problems(one)
    ]


def _problems(resource: Resource) -> Iterator[str]:
    key = f"data.{resource.type}" if ".data." in f".{resource.address}" else resource.type
    entries = schema(key)
    if entries is None:
        yield f"the provider {SOURCE} {version()} has no {key}"
        return
    yield from _body(resource.values, entries, "")


def _body(values: Mapping[str, object], entries: Mapping[str, Entry], at: str) -> Iterator[str]:
    for name, value in values.items():
        path = f"{at}{name}"
        entry = entries.get(name)
        if entry is None:
            yield f"{path} is not an argument here"
        elif value is not None and value is not UNKNOWN:
            if not entry.settable:
                yield f"{path} is decided by the provider and cannot be set"
            else:
                yield from _value(value, entry, path)
    for name, entry in entries.items():
        present = values.get(name)
        if entry.required and (present is None or (entry.block and isinstance(present, list) and not present)):
            yield f"{at}{name} is required"


def _value(value: object, entry: Entry, path: str) -> Iterator[str]:
    if value is UNKNOWN or value == REDACTED:
        return
    if entry.inner is None:
        if not _fits(value, entry.type):
            yield f"{path} must be {entry.type}, not {_described(value)}"
        return
    items = value if isinstance(value, list) else [value]
    if entry.block and not isinstance(value, list):
        yield f"{path} is a nested block: write it without ="
    if entry.shape == "one" and len(items) > 1:
        yield f"{path} stands {len(items)} times, at most one is allowed"
    for position, one in enumerate(items):
        if isinstance(one, Mapping):
            yield from _body(one, entry.inner, f"{path}.{position}.")
        elif one is not UNKNOWN:
            yield f"{path} must be a block, not {_described(one)}"


def _fits(value: object, kind: str) -> bool:
    if value is UNKNOWN or value is None or kind in ("any", "map(any)"):
        return True
    outer, _, inner = kind.partition("(")
    if outer == "list":
        return isinstance(value, list) and all(_fits(one, inner[:-1]) for one in value)
    if outer == "map":
        return isinstance(value, Mapping) and all(_fits(one, inner[:-1]) for one in value.values())
    return _scalar_fits(value, kind)


def _scalar_fits(value: object, kind: str) -> bool:
    """Terraform converts between scalars where the text allows it."""
    if kind == "string":
        return isinstance(value, (str, int, float, bool))
    if kind == "bool":
        return isinstance(value, bool) or value in ("true", "false")
    if isinstance(value, bool):
        return False
    try:
        float(str(value))
    except ValueError:
        return False
    return isinstance(value, (str, int, float))


def _described(value: object) -> str:
    names = {dict: "an object", list: "a list", bool: "a bool", str: f"the text {value!r}"}
    return names.get(type(value), f"{value!r}")


def converted(value: object, entry: Entry | None) -> object:
    """A declared value as the provider would hold it: numbers and booleans out of text, and texts out of numbers."""
    if entry is None or value is UNKNOWN or value is None:
        return value
    if entry.inner is not None:
        items = value if isinstance(value, list) else [value]
        inner = [
            {name: converted(one, entry.inner.get(name)) for name, one in item.items()}
            if isinstance(item, Mapping)
            else item
            for item in items
        ]
        return inner if isinstance(value, list) or entry.block else inner[0]
    if entry.type == "string" and isinstance(value, (int, float)):
        return json.dumps(value)
    if entry.type in ("bool", "number") and isinstance(value, str) and _scalar_fits(value, entry.type):
        parsed: object = json.loads(value)
        return parsed
    return value

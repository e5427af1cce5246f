"""Reads what `terraform show -json` prints of a plan."""

from __future__ import annotations

import gc
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from meshproof.declaration.model import REDACTED, UNKNOWN
from meshproof.declaration.plan_regions import regions
from meshproof.errors import UsageError

Json = Mapping[str, object]


@contextmanager
def uncollected() -> Iterator[None]:
    """Read without the cycle collector: JSON holds no cycles, and walking it again and again costs more than linear."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


#: Format versions of the plan that are understood: `1.x`.
_MAJOR: Final = "1"
_MODULE_STEP: Final = re.compile(r"module\.([\w-]+)(?:\[(?:\"(?:[^\"\\]|\\.)*\"|\d+)\])?\.?")
_ZIP: Final = b"PK"


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """One resource instance of a plan; `module` holds the names of the module calls that lead to it.

    `region` is that of its provider, where the configuration states it.
    """

    address: str
    key: str
    type: str
    name: str
    index: str | int | None
    module: tuple[str, ...]
    provider: str
    values: Mapping[str, object]
    region: str = ""


def loaded(text: str | bytes, shown: str) -> Mapping[str, object]:
    """A plan as JSON; raises UsageError where it is anything else."""
    if text[:2] in ("PK", _ZIP):
        message = f"{shown}:1: is Terraform's binary plan; give the output of `terraform show -json {shown}`"
        raise UsageError(message)
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        line = getattr(error, "lineno", 1)
        message = f"{shown}:{line}: is not a plan in JSON ({error}); write it with `terraform show -json PLAN`"
        raise UsageError(message) from None
    if not isinstance(data, dict) or not _is_plan(data):
        message = f"{shown}:1: is JSON, but no Terraform plan of format 1.x; write it with `terraform show -json PLAN`"
        raise UsageError(message)
    plan: Json = data
    return plan


def _is_plan(data: Json) -> bool:
    version = str(data.get("format_version", ""))
    return version.split(".", maxsplit=1)[0] == _MAJOR and bool({"resource_changes", "planned_values"} & data.keys())


def read(path: Path) -> Mapping[str, object]:
    """The plan in a file."""
    try:
        return loaded(path.read_bytes(), path.name)
    except OSError as error:
        message = f"{path}: cannot be read: {error.strerror or error}"
        raise UsageError(message) from None


def planned(data: Mapping[str, object], shown: str) -> Iterator[Planned]:
    """Every resource and data source that would exist after apply. Raises UsageError for a malformed plan."""
    changes = data.get("resource_changes", [])
    try:
        made_in = regions(data)
        for change in changes if isinstance(changes, list) else []:
            if change["change"]["actions"] != ["delete"]:
                row = _one(change)
                yield replace(row, region=made_in.get((row.module, row.key), ""))
        yield from _read_already(data)
    except (KeyError, TypeError, AttributeError, RecursionError) as error:
        message = f"{shown}:1: is not laid out as a Terraform plan ({type(error).__name__}: {error})"
        raise UsageError(message) from None


def _one(change: Mapping[str, object]) -> Planned:
    body: object = change["change"]
    assert isinstance(body, Mapping)  # noqa: S101 - narrows the type; `planned` turns a wrong one into UsageError
    after = body.get("after")
    values = merged(after if after is not None else {}, body.get("after_unknown"), body.get("after_sensitive"))
    return _planned(change, values if isinstance(values, Mapping) else {})


def _planned(row: Mapping[str, object], values: Mapping[str, object]) -> Planned:
    index = row.get("index")
    prefix = "data." if row.get("mode") == "data" else ""
    kind, name = str(row["type"]), str(row["name"])
    return Planned(
        address=str(row["address"]),
        key=f"{prefix}{kind}.{name}",
        type=kind,
        name=name,
        index=index if isinstance(index, (str, int)) else None,
        module=module_path(str(row.get("module_address") or "")),
        provider=str(row.get("provider_name", "")),
        values=values,
    )


def _read_already(data: Mapping[str, object]) -> Iterator[Planned]:
    """Data sources that were read while planning stand in the prior state only."""
    state = data.get("prior_state")
    values = state.get("values") if isinstance(state, Mapping) else None
    root = values.get("root_module") if isinstance(values, Mapping) else None
    stack = [(root, "")] if isinstance(root, Mapping) else []
    while stack:
        module, address = stack.pop()
        for row in module.get("resources", []):
            if row.get("mode") == "data":
                known = merged(row.get("values", {}), {}, row.get("sensitive_values"))
                yield _planned({**row, "module_address": address}, known if isinstance(known, Mapping) else {})
        stack += [(child, str(child.get("address", ""))) for child in module.get("child_modules", [])]


def module_path(address: str) -> tuple[str, ...]:
    """The names of the calls in `module.a["x"].module.b`."""
    return tuple(_MODULE_STEP.findall(address))


def merged(after: object, unknown: object, sensitive: object) -> object:
    """A planned value with UNKNOWN where it is known only after apply, and without what is sensitive."""
    if sensitive is True:
        return REDACTED if after is not None or unknown is True else None
    if unknown is True:
        return UNKNOWN
    if isinstance(after, dict) or (after is None and isinstance(unknown, dict) and unknown):
        return _merged_mapping(after or {}, unknown, sensitive)
    if isinstance(after, list):
        marks = unknown if isinstance(unknown, list) else []
        secret = sensitive if isinstance(sensitive, list) else []
        return [
            merged(one, marks[at] if at < len(marks) else None, secret[at] if at < len(secret) else None)
            for at, one in enumerate(after)
        ]
    return after


def _merged_mapping(after: object, unknown: object, sensitive: object) -> dict[str, object]:
    values = after if isinstance(after, dict) else {}
    marks = unknown if isinstance(unknown, dict) else {}
    secret = sensitive if isinstance(sensitive, dict) else {}
    return {key: merged(values.get(key), marks.get(key), secret.get(key)) for key in (*values, *marks.keys() - values)}

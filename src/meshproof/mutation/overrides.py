"""A mutant of Terraform's resources as an override file beside the module: Terraform itself merges the edit.

Source: https://developer.hashicorp.com/terraform/language/files/override
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from meshproof.declaration.model import REDACTED, UNKNOWN, Record, canonical
from meshproof.declaration.unit_expressions import as_json
from meshproof.errors import UsageError
from meshproof.mutation.apply import Replaced

FILE: Final = "mutant_override.tf.json"
#: Arguments that Terraform itself reads, whatever the resource.
_META: Final = ("lifecycle",)


def write(
    replaced: Replaced,
    declared: Mapping[str, Record],
    applied: Mapping[str, Mapping[str, Any]],
    modules: Mapping[str, Path],
) -> tuple[str, ...]:
    """Write the edits beside the modules that they edit, and return the addresses that they change.

    `modules` are the directories of the modules by the label of their call; `applied` the attributes of what is there,
    which tell a text that holds JSON from a block. Raises UsageError for what an override cannot say.
    """
    documents: dict[Path, dict[str, Any]] = {}
    for address, record in replaced.items():
        label = address.removeprefix("module.").partition(".")[0]
        before = declared[address]
        if label not in modules or before.family != "terraform":
            message = f"{address}: is not part of what is applied; the mutant must edit one of {', '.join(modules)}"
            raise UsageError(message)
        body = _removed(address) if record is None else _edited(before, record, applied.get(address, {}))
        resources = documents.setdefault(modules[label], {}).setdefault(before.kind, {})
        resources.setdefault(before.name, {}).update(body)
    for directory, resources in documents.items():
        (directory / FILE).write_text(json.dumps({"resource": resources}, indent=2), encoding="utf-8")
    return tuple(replaced)


def _removed(address: str) -> Mapping[str, Any]:
    """No instance at all: with `for_each` every one of them goes."""
    return {"for_each": {}} if address.endswith('"]') else {"count": 0}


def _edited(before: Record, after: Record, applied: Mapping[str, Any]) -> Mapping[str, Any]:
    names = [
        name
        for name in {**before.values, **after.values}
        if canonical(before.values.get(name)) != canonical(after.values.get(name))
    ]
    return {name: _written(before, name, after.values.get(name), applied.get(name)) for name in names}


def _written(before: Record, name: str, value: object, applied: object) -> Any:
    if isinstance(applied, str) and not isinstance(value, (str, int, float, type(None))):
        return as_json(json.dumps(_known(before, (name,), value)))
    return value if name in _META else as_json(_known(before, (name,), value))


def _known(before: Record, at: tuple[str, ...], value: object) -> Any:
    """The value without what the provider decides. Raises UsageError where something that is stated is not known."""
    if value is UNKNOWN or value == REDACTED:
        message = f"{before.address}: {'.'.join(at)} is known only after apply, so an override cannot repeat it"
        raise UsageError(message)
    if isinstance(value, Mapping):
        return {
            key: _known(before, (*at, str(key)), one)
            for key, one in value.items()
            if one is not None and (one is not UNKNOWN or _is_stated(before, (*at, str(key))))
        }
    if isinstance(value, (list, tuple)):
        return [_known(before, (*at, str(place)), one) for place, one in enumerate(value)]
    return value


def _is_stated(before: Record, at: tuple[str, ...]) -> bool:
    path = ".".join(at)
    return any(one == path or one.startswith(f"{path}.") for one in before.references)

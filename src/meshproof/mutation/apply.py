"""Applying a mutant to a declaration, in memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from meshproof.declaration.model import UNKNOWN, Declaration, Record, canonical
from meshproof.errors import UsageError
from meshproof.mutant import Mutant, matches

Replaced = Mapping[str, Record | None]

_SITES = ("primary", "standby", "global")


def apply(mutant: Mutant, declaration: Declaration) -> Replaced:
    """The records that the mutant changes: address to new record, None where it takes the thing away.

    Raises UsageError when it matches nothing, changes nothing, or gives a value another type than it had.
    """
    matches = [one for one in declaration.by_kind.get(mutant.kind, ()) if _matches(mutant.target, one)]
    if not matches:
        known = ", ".join(one.address for one in declaration.by_kind.get(mutant.kind, ())[:6]) or "nothing"
        message = f"mutant {mutant.name}: no {mutant.kind} matches {mutant.target}; declared: {known}"
        raise UsageError(message)
    if mutant.patch is None:
        return {one.address: None for one in matches}
    changed = {one.address: merged(one, mutant.patch) for one in matches}
    same = [
        address
        for address, record in changed.items()
        if canonical(record.values) == canonical(declaration.by_address[address].values)
    ]
    if len(same) == len(changed):
        message = f"mutant {mutant.name}: changes nothing in {', '.join(same)}"
        raise UsageError(message)
    return changed


def mutated(mutant: Mutant, declaration: Declaration) -> Declaration:
    """The whole declaration as the mutant has it. Raises UsageError as `apply` does."""
    replaced = apply(mutant, declaration)
    records = (replaced.get(one.address, one) for one in declaration.records)
    return replace(declaration, records=tuple(one for one in records if one is not None))


def _matches(target: str, record: Record) -> bool:
    site, colon, rest = target.partition(":")
    if colon and site in _SITES:
        if site != record.site:
            return False
        target = rest
    qualified = f"{record.namespace}/{record.name}" if record.namespace else record.name
    return any(matches(text, target) for text in (record.address, qualified))


def merged(record: Record, patch: Mapping[str, object]) -> Record:
    """The record with `patch` merged in: mappings by key, lists by position, None takes away.

    An attribute that is edited no longer refers to anything: the edit is a literal.
    """
    touched: list[str] = []
    values = _merge(record.values, patch, (), touched, record.address)
    kept = {path: targets for path, targets in record.references.items() if not _touches(path, touched)}
    return replace(record, values=values, references=kept)  # type: ignore[arg-type]  # a mapping in, a mapping out


def _touches(path: str, touched: list[str]) -> bool:
    return any(path == one or path.startswith(f"{one}.") for one in touched)


def _merge(old: object, new: object, at: tuple[str, ...], touched: list[str], address: str) -> object:
    if isinstance(new, Mapping) and isinstance(old, Mapping):
        result = dict(old)
        for key, value in new.items():
            if value is None:
                touched.append(".".join((*at, key)))
                result.pop(key, None)
            else:
                result[key] = _merge(old.get(key), value, (*at, key), touched, address)
        return result
    if isinstance(new, list) and isinstance(old, (list, tuple)) and any(isinstance(one, Mapping) for one in new):
        return _merge_lists(list(old), new, at, touched, address)
    _same_shape(old, new, at, address)
    touched.append(".".join(at))
    return new


def _merge_lists(
    old: list[object], new: list[object], at: tuple[str, ...], touched: list[str], address: str
) -> list[object]:
    result = list(old)
    for position, value in enumerate(new):
        here = (*at, str(position))
        if position >= len(old):
            touched.append(".".join(here))
            result.append(value)
        elif value is None:
            touched.append(".".join(here))
        else:
            result[position] = _merge(old[position], value, here, touched, address)
    gone = {position for position, value in enumerate(new) if value is None}
    return [value for position, value in enumerate(result) if position not in gone]


def _same_shape(old: object, new: object, at: tuple[str, ...], address: str) -> None:
    if old is None or old is UNKNOWN or isinstance(old, (str, int, float)) == isinstance(new, (str, int, float)):
        return
    message = f"{address}: the mutant gives {'.'.join(at)} the shape {type(new).__name__}, it is {type(old).__name__}"
    raise UsageError(message)

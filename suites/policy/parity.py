"""Two sites, one platform: where the objects of the same name differ in more than their facts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from meshproof.declaration.platform import Item, Platform

#: Texts differ by region, account and name; numbers, quantities, switches and structure are decisions.
_DECISIONS = (bool, int, float)
_QUANTITY = re.compile(r"\d+(\.\d+)?(ms|s|m|h|d|y|Ki|Mi|Gi|Ti|GB|%)|true|false")


def counterparts(platform: Platform, *kinds: str) -> list[tuple[Item, Item]]:
    """Pairs of objects of one kind, namespace and name that two sites declare."""
    found: dict[tuple[str, str, str], list[Item]] = {}
    for one in platform.all(*kinds):
        found.setdefault((one.kind, one.namespace, one.name), []).append(one)
    return [(group[0], other) for group in found.values() for other in group[1:]]


def differences(one: Item, other: Item, path: str, *, texts: bool = False, but: Iterable[str] = ()) -> list[str]:
    """Paths below `path` at which two objects decide differently; keys in `but` may."""
    left, right = one.get(path), other.get(path)
    return sorted(set(_differ(left, right, (), texts=texts, but=frozenset(but))))


def _differ(left: object, right: object, at: tuple[str, ...], *, texts: bool, but: frozenset[str]) -> Iterator[str]:
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        for key in sorted((left.keys() | right.keys()) - but):
            if key in left and key in right:
                yield from _differ(left[key], right[key], (*at, str(key)), texts=texts, but=but)
            else:
                yield ".".join((*at, str(key)))
    elif isinstance(left, (list, tuple)) and isinstance(right, (list, tuple)):
        if len(left) != len(right):
            yield ".".join(at)
        for position, pair in enumerate(zip(left, right, strict=False)):
            yield from _differ(*pair, (*at, str(position)), texts=texts, but=but)
    elif _decides(left) or _decides(right) or (texts and isinstance(left, str)):
        if type(left) is not type(right) or left != right:
            yield ".".join(at)


def _decides(value: object) -> bool:
    return isinstance(value, _DECISIONS) or (isinstance(value, str) and _QUANTITY.fullmatch(value) is not None)

"""Single-site mutants over every attribute of every declared thing, drawn by a stated seed."""

from __future__ import annotations

import ipaddress
import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from meshproof.declaration.model import Declaration, Record
from meshproof.mutant import REMOVED
from meshproof.systems import System

#: Families whose things are mutated; documents are the SLOs, rules and routes.
FAMILIES = ("terraform", "kubernetes", "document")

_QUANTITY = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d|y|Ki|Mi|Gi|Ti|%)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One possible edit: `operator` at `path` of the thing at `address`."""

    system: str
    address: str
    path: tuple[str, ...]
    operator: str
    was: object
    becomes: object

    @property
    def name(self) -> str:
        """The stable name under which an equivalent edit is listed."""
        return f"{self.address}#{'.'.join(self.path)}:{self.operator}"


def sites_of(declaration: Declaration, systems: Sequence[System]) -> Iterator[Site]:
    """Every possible single-site edit, in a stable order."""
    for record in sorted(declaration.records, key=lambda one: one.address):
        if record.family not in FAMILIES or ".data." in f".{record.address}":
            continue  # what a data source computes is mutated where a resource uses it
        system = system_of(record, systems)
        if not _is_needed_by_the_language(record, declaration):
            yield Site(
                system=system, address=record.address, path=(), operator="remove-object", was=record.kind, becomes=None
            )
        for path, operator, was, becomes in _edits(record.values, ()):
            yield Site(system=system, address=record.address, path=path, operator=operator, was=was, becomes=becomes)


def _is_needed_by_the_language(record: Record, declaration: Declaration) -> bool:
    """Whether `terraform validate` would refuse the removal: something refers to the resource as a whole.

    One instance of a `for_each` can go without that: its key leaves the map.
    """
    return record.family == "terraform" and not record.address.endswith("]") and record.address in declaration.referrers


def system_of(record: Record, systems: Sequence[System]) -> str:
    """The system that a declared thing belongs to: the first row that names its owner, kind or address."""
    names = (record.owner, record.kind, record.address)
    return next((one.id for one in systems if one.declares(*names)), "unassigned")


def draw(sites: Sequence[Site], *, count: int, seed: int) -> list[Site]:
    """`count` sites, stratified by system: equal shares first, what a small system leaves goes to the others."""
    strata: dict[str, list[Site]] = {}
    for site in sites:
        strata.setdefault(site.system, []).append(site)
    chance = random.Random(seed)  # noqa: S311 - a reproducible draw, not a secret
    for name in sorted(strata):
        chance.shuffle(strata[name])
    quota = _quotas({name: len(found) for name, found in strata.items()}, count)
    return [site for name in sorted(strata) for site in strata[name][: quota[name]]]


def _quotas(sizes: Mapping[str, int], count: int) -> dict[str, int]:
    quota = dict.fromkeys(sizes, 0)
    left, open_ = count, sorted(sizes)
    while left > 0 and open_:
        share = max(1, left // len(open_))
        for name in open_:
            more = min(share, sizes[name] - quota[name], left)
            quota[name] += more
            left -= more
        open_ = [name for name in open_ if quota[name] < sizes[name]]
    return quota


Edit = tuple[tuple[str, ...], str, object, object]


def _edits(node: object, at: tuple[str, ...]) -> Iterator[Edit]:
    if isinstance(node, bool):
        yield at, "flip", node, not node
    elif isinstance(node, (int, float)):
        yield at, "lower", node, _scaled(node, raised=False)
        yield at, "raise", node, _scaled(node, raised=True)
    elif isinstance(node, str):
        yield from _edits_of_text(node, at)
    elif isinstance(node, Mapping):
        for key in sorted(node):
            value = node[key]
            if at and isinstance(value, Mapping) and value:
                yield (*at, key), "drop-block", "{…}", REMOVED
            yield from _edits(value, (*at, key))
    elif isinstance(node, (list, tuple)):
        for position, value in enumerate(node):
            here = (*at, str(position))
            if isinstance(value, Mapping):
                yield here, "drop-block", "{…}", REMOVED
            yield from _edits(value, here)


def _edits_of_text(text: str, at: tuple[str, ...]) -> Iterator[Edit]:
    if text.lower() in ("true", "false"):
        yield at, "flip", text, "false" if text.lower() == "true" else "true"
    elif (match := _QUANTITY.fullmatch(text)) is not None and (match[2] or at[-1] not in _IDENTIFIERS):
        number, unit = float(match[1]) if "." in match[1] else int(match[1]), match[2] or ""
        yield at, "lower", text, f"{_scaled(number, raised=False)}{unit}"
        yield at, "raise", text, f"{_scaled(number, raised=True)}{unit}"
    elif "/" in text and (wide := _widened(text)) is not None:
        yield at, "widen-cidr", text, wide


#: Texts that look like numbers but name something (an account, a version).
_IDENTIFIERS = frozenset({"account_id", "owner_id", "engine_version", "version", "project", "name", "partition"})


def _scaled(number: float, *, raised: bool) -> float:
    if raised:
        return number * 10 if number else 1
    if not number:
        return -1
    return number // 10 if isinstance(number, int) else number / 10


def _widened(text: str) -> str | None:
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None
    if network.prefixlen == 0:
        return None
    return "0.0.0.0/0" if network.version == 4 else "::/0"  # noqa: PLR2004 - the IP version

"""Planned instances together with the declarations behind them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from meshproof.declaration import encoded, google, google_schema
from meshproof.declaration.expression import Expression, references
from meshproof.declaration.model import Place
from meshproof.declaration.plan import Finding, ResolvedBy, Resource
from meshproof.declaration.plan_json import Planned
from meshproof.declaration.references import Follower, Instance, Instances, Target
from meshproof.declaration.scope import DeclaringScope

Scopes = Mapping[tuple[str, ...], DeclaringScope]


def resources(
    rows: Sequence[Planned], scopes: Scopes, *, units: Mapping[str, str], elsewhere: Place
) -> tuple[tuple[Resource, ...], tuple[Finding, ...]]:
    """The resources of a plan in order of address, and what a schema that is checked here would refuse.

    `units` maps the label of a module call in the root to its Terragrunt unit; `elsewhere` is the place of what no
    scope declares.
    """
    declared, values = encoded.declared(rows), encoded.opened(rows, scopes)
    found = tuple(_resources(declared, values, scopes, units, elsewhere))
    raw = {row.address: row.values for row in declared}
    checked = (replace(one, values=raw[one.address]) for one in found if one.resolved_by == "language")
    return found, tuple(google_schema.schema_findings(checked))


def _resources(
    rows: Sequence[Planned],
    values: Mapping[str, Mapping[str, object]],
    scopes: Scopes,
    units: Mapping[str, str],
    elsewhere: Place,
) -> Iterator[Resource]:
    resolver = _Resolver(rows, scopes)
    for row in sorted(rows, key=lambda one: one.address):
        label = row.module[0] if row.module else ""
        yield Resource(
            address=row.address,
            type=row.type,
            name=row.name,
            index=row.index,
            module=label,
            unit=units.get(label, ""),
            values=values[row.address],
            references=resolver.references(row),
            place=resolver.place(row) or elsewhere,
            resolved_by=_resolved_by(row),
            region=row.region,
        )


def _resolved_by(row: Planned) -> ResolvedBy:
    return "language" if row.provider in (google.SOURCE, "") else "provider"


class _Resolver:
    """Follows what each resource refers to; instances that differ in nothing are followed once."""

    def __init__(self, rows: Sequence[Planned], scopes: Scopes) -> None:
        self._scopes = scopes
        self._instances = Instances((row.module, row.key, row.index, row.address) for row in rows)
        self._follower = Follower()
        self._known: dict[tuple[tuple[str, ...], str], dict[str, frozenset[Target]] | None] = {}

    def place(self, row: Planned) -> Place | None:
        scope = self._scopes.get(row.module)
        return scope.place(row.key) if scope else None

    def references(self, row: Planned) -> Mapping[str, tuple[str, ...]]:
        found = {path: self._instances.addresses(targets) for path, targets in self._targets(row).items()}
        own = {path: tuple(one for one in ones if one != row.address) for path, ones in sorted(found.items())}
        return {path: ones for path, ones in own.items() if ones}

    def _targets(self, row: Planned) -> Mapping[str, frozenset[Target]]:
        scope = self._scopes.get(row.module)
        if scope is None or not scope.declares(row.key):
            return {}
        key = (row.module, row.key)
        if row.index is None:
            return self._followed(row, scope)
        if key not in self._known:
            shared = not any(_differs(value) for _, value in scope.leaves(row.key))
            self._known[key] = self._followed(row, scope) if shared else None
        known = self._known[key]
        return self._followed(row, scope) if known is None else known

    def _followed(self, row: Planned, scope: DeclaringScope) -> dict[str, frozenset[Target]]:
        instance = Instance(index=row.index, for_each=scope.for_each(row.key))
        found: dict[str, frozenset[Target]] = {}
        for path, value in scope.leaves(row.key):
            targets = self._follower.targets(value, scope, instance)
            if targets:
                found[path] = found.get(path, frozenset()) | targets
        return found


def _differs(value: Expression) -> bool:
    return any(one.root in ("each", "count") for one in references(value))

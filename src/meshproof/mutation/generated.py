"""The generated mutants as pytest items, so that workers share them like any other test."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import pytest

from meshproof.control import control_of
from meshproof.declaration.model import Declaration
from meshproof.mutation.generate import Site, draw, sites_of
from meshproof.mutation.score import Check, index_reads, killers, turned_red, usable_checks
from meshproof.reasons import reasons_beside
from meshproof.settings import Settings
from meshproof.systems import read_systems

SHARDS = 8


class GeneratedMutants(pytest.Item):
    """One shard of the drawn mutants."""

    def __init__(
        self,
        *,
        functions: Sequence[Check],
        settings: Settings,
        shard: int,
        load: Callable[[Settings], Declaration],
        **rest: object,
    ) -> None:
        """`functions` are all collected checks; `load` reads the declaration."""
        super().__init__(**rest)  # type: ignore[arg-type]  # pytest's own arguments
        self._functions = functions
        self._settings = settings
        self._shard = shard
        self._load = load

    def runtest(self) -> None:
        """Judge this shard's mutants and attach the score."""
        payload = self._score()
        self.user_properties.append(("meshproof", payload))

    def reportinfo(self) -> tuple[str, None, str]:
        """How pytest names it."""
        return "", None, self.name

    def _score(self) -> dict[str, object]:
        settings = self._settings
        declaration = self._load(settings)
        systems = read_systems(settings.root / settings.suites / "systems.toml")
        equivalents = reasons_beside(settings.root / settings.suites, "equivalents.toml", "equivalent")
        checks = usable_checks(self._functions)
        index = index_reads(checks, declaration)
        sites = draw(list(sites_of(declaration, systems)), count=settings.mutants, seed=settings.seed)
        mine = sites[self._shard :: SHARDS]
        by_system: dict[str, list[int]] = {}
        survivors: list[dict[str, object]] = []
        for site in mine:
            killed = bool(killers(checks, index, declaration, site, first_only=True))
            made = by_system.setdefault(site.system, [0, 0])
            made[0] += 1
            made[1] += killed
            if not killed:
                survivors.append(_survivor(site, equivalents))
        return {
            "generated": {"by_system": by_system, "survivors": survivors},
            "also_red": self._also_red(checks, index, declaration),
        }

    def _also_red(self, checks: Sequence[Check], index: object, declaration: Declaration) -> list[dict[str, object]]:
        pairs = [
            (control, mutant)
            for check in checks
            if (control := control_of(check)) is not None
            for mutant in control.mutants
        ]
        return [
            {"control": control.id, "name": mutant.name, "red": turned_red(checks, index, declaration, mutant)}  # type: ignore[arg-type]
            for control, mutant in pairs[self._shard :: SHARDS]
        ]


def shards_of(settings: Settings, functions: Sequence[Check]) -> list[tuple[int, str]]:
    """The shards of a run: none where no check can be judged by the declaration alone."""
    if not settings.mutants or not usable_checks(functions):
        return []
    return [(shard, f"generated-mutants[{shard + 1}/{SHARDS}]") for shard in range(SHARDS)]


def _survivor(site: Site, equivalents: Mapping[str, str]) -> dict[str, object]:
    return {
        "system": site.system,
        "address": site.address,
        "path": ".".join(site.path),
        "operator": site.operator,
        "was": str(site.was),
        "became": str(site.becomes),
        "equivalent": equivalents.get(site.name, ""),
    }

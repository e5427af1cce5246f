"""The systems of a platform: the rows of `systems.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Collection
from fnmatch import fnmatchcase
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from meshproof.errors import UsageError
from meshproof.verdict import Assurance

#: From the weakest view of the platform to the strongest.
TARGETS = ("plan", "embedded", "kind", "live")
#: It stands last, for what it looks at is the thing itself, but it neither enters nor breaks anything to see more.
ONLY_READS = "live"


class System(BaseModel):
    """One named part of the platform.

    `floor` is the weakest assurance accepted on the targets from `shown_on` upwards, but for `live`, once the suite
    `layer`, which shows it, is there; `floor_on_plan` the one that holds before. `declared_by` are globs over `owner`,
    `Kind` and address of records, tried in order of the rows: they say which system a declared thing belongs to.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    title: str
    must_hold: str
    floor: str
    shown_on: str
    floor_on_plan: str
    layer: str = ""
    declared_by: tuple[str, ...] = ()

    @field_validator("floor", "floor_on_plan")
    @classmethod
    def _is_an_assurance(cls, value: str) -> str:
        try:
            Assurance.from_label(value)
        except KeyError:
            message = f"{value!r} is no assurance; use {', '.join(one.label for one in Assurance)}"
            raise ValueError(message) from None
        return value

    def floor_for(self, target: str, layers: Collection[str]) -> Assurance:
        """The weakest assurance accepted on `target` where these suites (`policy`, `mesh`, …) are there."""
        further = target != ONLY_READS and TARGETS.index(target) > TARGETS.index(self.shown_on)
        reached = (further or target == self.shown_on) and (not self.layer or self.layer in layers)
        return Assurance.from_label(self.floor if reached else self.floor_on_plan)

    def declares(self, *names: str) -> bool:
        """Whether one of a record's names (owner, kind, address) belongs to this system."""
        return any(name == glob or fnmatchcase(name, glob) for glob in self.declared_by for name in names)


def read_systems(path: Path) -> tuple[System, ...]:
    """The `[[system]]` rows, in order; none where there is no such file.

    Raises UsageError naming file and row.
    """
    if not path.exists():
        return ()
    try:
        rows = tomllib.loads(path.read_text(encoding="utf-8")).get("system", [])
    except OSError as error:
        message = f"{path.name}: cannot be read: {error.strerror}"
        raise UsageError(message) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        message = f"{path.name}: not valid TOML: {error}; correct it"
        raise UsageError(message) from error
    if not isinstance(rows, list):
        message = f"{path.name}: system is not a list of tables; write [[system]]"
        raise UsageError(message)
    found: dict[str, System] = {}
    for position, row in enumerate(rows, 1):
        try:
            system = System.model_validate(row)
        except ValidationError as error:
            first = error.errors()[0]
            message = f"{path.name}: row {position}: {'.'.join(map(str, first['loc']))}: {first['msg']}; correct it"
            raise UsageError(message) from error
        if system.id in found:
            message = f"{path.name}: row {position}: the id {system.id} is used twice; rename one"
            raise UsageError(message)
        found[system.id] = system
    return tuple(found.values())

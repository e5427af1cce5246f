"""Exemptions: a control or scanner finding set aside for a while, with a reason, an owner and an end."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from meshproof.errors import UsageError
from meshproof.mutant import matches


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    control: str
    reason: str
    owner: str
    expires: date
    address: str = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class Exemption:
    """`control` is a control id or a scanner's finding id; `address` a glob over what it excuses."""

    control: str
    reason: str
    owner: str
    expires: date
    address: str
    file: str
    line: int


def read_exemptions(path: Path, *, today: date) -> tuple[Exemption, ...]:
    """The `[[exemption]]` tables of a TOML file; none where the file does not exist.

    Raises UsageError, naming file and line, for one that has expired, has no owner or is not well formed.
    """
    if not path.exists():
        return ()
    text = _text(path)
    try:
        rows = tomllib.loads(text).get("exemption", [])
    except tomllib.TOMLDecodeError as error:
        message = f"{path.name}: not valid TOML: {error}; correct it"
        raise UsageError(message) from error
    lines = [number for number, line in enumerate(text.splitlines(), 1) if line.strip() == "[[exemption]]"]
    if not isinstance(rows, list) or len(lines) != len(rows):
        message = f"{path.name}: write each exemption as an [[exemption]] table"
        raise UsageError(message)
    return tuple(_exemption(row, path.name, line, today) for row, line in zip(rows, lines, strict=True))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        message = f"{path.name}: cannot be read as UTF-8 text: {error}"
        raise UsageError(message) from error


def _exemption(row: object, file: str, line: int, today: date) -> Exemption:
    try:
        parsed = _Row.model_validate(row)
    except ValidationError as error:
        first = error.errors()[0]
        what = ".".join(str(part) for part in first["loc"]) or "exemption"
        message = f"{file}:{line}: exemption: {what}: {first['msg'].lower()}; correct or add it"
        raise UsageError(message) from error
    for name in ("reason", "owner", "control"):
        if not getattr(parsed, name).strip():
            message = f"{file}:{line}: exemption of {parsed.control or '?'} has no {name}; add one"
            raise UsageError(message)
    if parsed.expires < today:
        message = f"{file}:{line}: exemption of {parsed.control} expired on {parsed.expires}; fix the cause or renew it"
        raise UsageError(message)
    return Exemption(**parsed.model_dump(), file=file, line=line)


def excusing(exemptions: Iterable[Exemption], control: str, addresses: Collection[str]) -> Exemption | None:
    """The exemption that sets a broken control aside: None unless every broken address is covered by one."""
    mine = [one for one in exemptions if one.control == control]
    covered = [next((one for one in mine if matches(address, one.address)), None) for address in addresses]
    return covered[0] if covered and all(covered) else None


class Register:
    """The exemptions of a run, for findings that are excused one by one; remembers which were needed."""

    def __init__(self, exemptions: Sequence[Exemption]) -> None:
        """All exemptions that are in force."""
        self._exemptions = tuple(exemptions)
        self._used: set[str] = set()

    @property
    def used(self) -> tuple[str, ...]:
        """The ids that excused something."""
        return tuple(sorted(self._used))

    def excuse(self, control: str, addresses: Collection[str]) -> Exemption | None:
        """What sets a broken control aside, None where nothing does."""
        return excusing(self._exemptions, control, addresses)

    def covers(self, finding: str, address: str) -> bool:
        """Whether a finding at an address is set aside."""
        found = any(one.control == finding and matches(address, one.address) for one in self._exemptions)
        if found:
            self._used.add(finding)
        return found

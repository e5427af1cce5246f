"""The lock file: for each program its version, what is accepted on PATH, and the sources it may be had from.

Beside the programs stand bundles: sets of files that a program needs or that say what it accepts, such as CRDs.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from ruamel.yaml import YAML, MappingNode, SequenceNode

from meshproof.errors import UsageError
from meshproof.toolchain.sources import (
    Debian,
    Document,
    GoModule,
    Image,
    Maven,
    ModuleFiles,
    NodePackage,
    Package,
    Release,
    Wheel,
)

#: The lock file of this package.
LOCK_FILE = Path(__file__).with_name("programs.lock.json")

Source = Annotated[Release | Image | Package | Wheel | NodePackage | GoModule | Debian, Field(discriminator="kind")]
FileSource = Annotated[ModuleFiles | Document | Maven, Field(discriminator="kind")]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$")]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ProgramLock(_Model):
    """One program.

    `accepts` is the range of versions taken from PATH; `asks` are the arguments that make it print its version and
    `says` the pattern whose first group is the version; `env` is added to the environment of that question.
    A program that does not tell its version has no `asks`: it is never taken from PATH, only from a pinned source.
    """

    version: str
    accepts: str = ""
    command: str
    asks: Sequence[str] = ()
    says: str = "()"
    env: Mapping[str, str] = {}
    alternatives: Sequence[str] = ()
    sources: Sequence[Source]

    @field_validator("accepts")
    @classmethod
    def _is_a_range(cls, text: str) -> str:
        try:
            SpecifierSet(text)
        except InvalidSpecifier as error:
            message = f"{text!r} is not a version range such as >=1.11,<2"
            raise ValueError(message) from error
        return text

    @field_validator("says")
    @classmethod
    def _has_one_group(cls, text: str) -> str:
        try:
            groups = re.compile(text).groups
        except re.error as error:
            message = f"{text!r} is not a regular expression: {error}"
            raise ValueError(message) from error
        if groups != 1:
            message = f"{text!r} needs exactly one group, the version"
            raise ValueError(message)
        return text


class BundleLock(_Model):
    """A set of files, the same on every platform; `about` says what they are."""

    version: str
    about: str
    sources: Sequence[FileSource]


class Lock(_Model):
    """The whole file."""

    format: Literal[1]
    programs: Mapping[Name, ProgramLock]
    bundles: Mapping[Name, BundleLock] = {}

    def program(self, name: str) -> ProgramLock:
        """One program's entry. Raises UsageError naming those that there are."""
        if name not in self.programs:
            message = f"there is no program {name!r} in the lock file; it knows {', '.join(sorted(self.programs))}"
            raise UsageError(message)
        return self.programs[name]

    def bundle(self, name: str) -> BundleLock:
        """One bundle's entry. Raises UsageError naming those that there are."""
        if name not in self.bundles:
            known = ", ".join(sorted(self.bundles)) or "none"
            message = f"there is no bundle {name!r} in the lock file; it knows {known}"
            raise UsageError(message)
        return self.bundles[name]


def read_lock(file: Path = LOCK_FILE) -> Lock:
    """The lock file, checked. Raises UsageError with file, line and what to do."""
    text = _text(file)
    try:
        return Lock.model_validate(json.loads(text, object_pairs_hook=_unique))
    except json.JSONDecodeError as error:
        problem = f"{file}:{error.lineno}: not valid JSON: {error.msg}; correct it"
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        reason = first["msg"].removeprefix("Value error, ")
        problem = f"{file}:{_line(text, first['loc'])}: {place}: {reason[:1].lower()}{reason[1:]}; correct it"
    except KeyTwiceError as error:
        lines = [number for number, line in enumerate(text.splitlines(), 1) if json.dumps(error.key) in line]
        problem = f"{file}:{lines[-1] if lines else 1}: {error}; keep one of them"
    except (RecursionError, ValueError) as error:
        problem = f"{file}: cannot be read: {error}; correct it"
    raise UsageError(problem)


def _digest_of_all(files: Mapping[str, str]) -> str:
    """One digest over files and theirs; none as long as one of them has none."""
    lines = [f"{digest} {name}\n" for name, digest in sorted(files.items()) if digest]
    return hashlib.sha256("".join(lines).encode()).hexdigest() if files and len(lines) == len(files) else ""


def pin(source: Source | FileSource, platform: str, *, beside: Path) -> str:  # noqa: PLR0911  one line per kind
    """What fixes the content of a source on a platform, "" when nobody has computed it yet.

    The requirements of a Package lie in the directory `beside`. Raises UsageError when they cannot be read.
    """
    match source:
        case Release() | Image() | Wheel() | NodePackage():
            return {str(name): digest for name, digest in source.sha256.items()}.get(platform, "")
        case GoModule():
            return source.sum
        case ModuleFiles():
            return source.sum and " ".join([source.sum, *source.files])
        case Document():
            return source.sha256
        case Maven():
            return _digest_of_all(source.jars)
        case Debian():
            return _digest_of_all({str(name): one for name, one in source.packages.items()}.get(platform, {}))
        case Package():
            return hashlib.sha256(_text(beside / source.requirements).encode()).hexdigest()


class KeyTwiceError(ValueError):
    """A key stands twice in one object: JSON would silently take the last one."""

    def __init__(self, key: str) -> None:
        """Name the key."""
        super().__init__(f"the key {key!r} appears twice in one object")
        self.key = key


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    seen: dict[str, object] = {}
    for key, value in pairs:
        if key in seen:
            raise KeyTwiceError(key)
        seen[key] = value
    return seen


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        problem = f"{file}: cannot be read: {error.strerror}; restore it"
    except UnicodeDecodeError:
        problem = f"{file}: not UTF-8; save it as UTF-8"
    raise UsageError(problem)


def _line(text: str, place: Sequence[int | str]) -> int:
    """The line of a place in the file; JSON is YAML, whose parser tells lines."""
    node = YAML(typ="safe", pure=True).compose(text)
    line = 1
    for part in place:
        if isinstance(node, MappingNode):
            found = next(((key, value) for key, value in node.value if key.value == str(part)), None)
            if found is None:
                continue
            line, node = found[0].start_mark.line + 1, found[1]
        elif isinstance(node, SequenceNode) and isinstance(part, int):
            node = node.value[part]
            line = node.start_mark.line + 1
    return line

"""Programs that the user has on PATH: taken only if their version is in the accepted range."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from packaging.specifiers import SpecifierSet
from packaging.version import InvalidVersion, Version

from meshproof.errors import TargetError
from meshproof.process import run
from meshproof.toolchain.digest import file_digest
from meshproof.toolchain.lock import ProgramLock
from meshproof.toolchain.program import Program

#: Checkov, just installed, was seen to need over 30 s for it on a machine with seven times more work than cores.
_ANSWER_WITHIN_S = 120.0


def on_path(name: str, entry: ProgramLock) -> Program:
    """The program on PATH. Raises TargetError when there is none, it does not say its version, or that is refused."""
    if not entry.asks:
        message = f"{name} does not tell its version, so that none on PATH is taken"
        raise TargetError(message)
    found = shutil.which(entry.command)
    if found is None:
        message = f"{entry.command} is not on PATH"
        raise TargetError(message)
    path = Path(found).resolve()
    version = version_of(path, entry)
    if not accepts(entry.accepts, version):
        message = f"{entry.command} {version} on PATH ({found}) was refused, because {entry.accepts} is needed"
        raise TargetError(message)
    return Program(name=name, version=version, path=path, source="PATH", sha256=file_digest(path))


def accepts(specifier: str, version: str) -> bool:
    """Whether a version is in a range; one that cannot be read is not. A pre-release is outside."""
    try:
        return SpecifierSet(specifier).contains(Version(version), prereleases=False)
    except InvalidVersion:
        return False


def version_of(path: Path, entry: ProgramLock) -> str:
    """The version that the program itself states. Raises TargetError when it does not.

    One that is never asked has the locked version: its source is pinned.
    """
    if not entry.asks:
        return entry.version
    status = path.stat()
    environment = tuple(entry.env.items())
    return _asked(path, tuple(entry.asks), entry.says, environment, status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=64)
def _asked(
    path: Path,
    asks: Sequence[str],
    says: str,
    environment: tuple[tuple[str, str], ...],
    _size: int,
    _changed_ns: int,
) -> str:
    done = run([path, *asks], within_s=_ANSWER_WITHIN_S, env={**os.environ, **dict(environment)})
    if match := re.search(says, done.stdout + done.stderr):
        return match.group(1)
    question = " ".join([path.name, *asks])
    message = f"`{question}` ({path}) does not say its version: {done.last_words(2) or 'it printed nothing'}"
    raise TargetError(message)

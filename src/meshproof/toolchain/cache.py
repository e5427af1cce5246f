"""The user's cache of programs, in the platform's cache directory (`$XDG_CACHE_HOME/meshproof` on Linux).

programs/NAME/VERSION-PLATFORM/   `bin/NAME` and `entry.json` of one program; it appears whole, by one rename
programs/NAME/VERSION-any/        the same of a bundle: there `bin/NAME` is the directory of its files
downloads/                        interrupted downloads, resumed by the next fetch
staging/                          what is being made now
locks/                            one per program: two runs never make the same program at the same time
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from platformdirs import user_cache_path
from pydantic import BaseModel, ConfigDict, ValidationError

from meshproof.errors import NotYet, TargetError
from meshproof.toolchain.digest import file_digest, tree_digest, tree_stamp
from meshproof.toolchain.program import Program
from meshproof.waiting import until

#: Longer than any build may take: another run that needs more is stuck.
_OTHER_RUN_WITHIN_S = 3000.0
_OWNER_ONLY = 0o700


class Entry(BaseModel):
    """What is known of a stored program.

    `pin` is what the lock file said of the source; `sha256` is that of the executable, or of `bin/` with all below it,
    whose `stamp` saves computing it again as long as no file was touched.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal[1] = 1
    name: str
    version: str
    source: str
    pin: str
    whole_tree: bool
    sha256: str = ""
    stamp: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cache:
    """The cache at `root`."""

    root: Path

    @classmethod
    def of_user(cls) -> Cache:
        """The cache of the user who runs this."""
        return cls(root=user_cache_path("meshproof", appauthor=False))

    @property
    def downloads(self) -> Path:
        """Where interrupted downloads lie, readable by the owner only."""
        return self._private("downloads")

    def look_up(self, name: str, version: str, platform: str, pins: frozenset[str]) -> Program:
        """The stored program, if it was made from one of these pins and is still what was stored.

        Raises TargetError saying what is wrong with it, or that there is none.
        """
        home = self._home(name, version, platform)
        entry = _read(home / "entry.json")
        if entry is None or entry.pin not in pins or (entry.name, entry.version) != (name, version):
            message = f"{name} {version} is not in the cache"
            raise TargetError(message)
        path = home / "bin" / name
        if (now := _digest_now(path, entry)) != entry.sha256:
            digests = f"{now[:12]}, not {entry.sha256[:12]}"
            message = f"{name} in the cache ({path}) is not what was stored there: {digests}"
            raise TargetError(message)
        return _program(home, entry)

    def keep(self, staged: Path, entry: Entry, platform: str) -> Program:
        """Move a finished program from its staging directory to its place, replacing what was there."""
        made = staged / "bin" / entry.name
        stamp = tree_stamp(made.parent) if entry.whole_tree else ""
        complete = entry.model_copy(update={"sha256": _digest_now(made, entry), "stamp": stamp})
        (staged / "entry.json").write_text(complete.model_dump_json(indent=2) + "\n", encoding="utf-8")
        home = self._home(entry.name, entry.version, platform)
        self._private("programs", entry.name)
        if home.exists():
            home.rename(staged.with_name("replaced"))
        staged.rename(home)
        return _program(home, complete)

    @contextlib.contextmanager
    def staging(self, name: str) -> Iterator[Path]:
        """A private directory to make a program in; it is gone at the end. Hold the program's lock meanwhile."""
        staging = self._private("staging")
        shutil.rmtree(staging / name, ignore_errors=True)  # left by a run that was killed
        above = self._private("staging", name)
        try:
            made = Path(tempfile.mkdtemp(dir=above))
            (made / "bin").mkdir()
            yield made
        finally:
            shutil.rmtree(above, ignore_errors=True)

    @contextlib.contextmanager
    def locked(
        self, name: str, *, meanwhile: Callable[[], None], within_s: float = _OTHER_RUN_WITHIN_S
    ) -> Iterator[None]:
        """Hold the program's lock; `meanwhile` is called once when another run holds it.

        The kernel releases it when its holder dies. Raises TargetError after `within_s` seconds.
        """
        with (self._private("locks") / f"{name}.lock").open("w", encoding="utf-8") as file:
            if not _try_lock(file.fileno()):
                meanwhile()
                try:
                    until(lambda: _try_lock(file.fileno()), bool, within_s=within_s, every_s=0.1)
                except NotYet as error:
                    message = f"another run has been fetching {name} for {within_s:g} s; end it or wait"
                    raise TargetError(message) from error
            yield

    def _home(self, name: str, version: str, platform: str) -> Path:
        return self.root / "programs" / name / f"{version}-{platform}"

    def _private(self, *parts: str) -> Path:
        path = self.root
        try:
            for part in ("", *parts):
                path = path / part
                path.mkdir(mode=_OWNER_ONLY, parents=True, exist_ok=True)
            self.root.chmod(_OWNER_ONLY)
        except OSError as error:
            message = f"{path}: cannot be written: {error.strerror}; make it writable or set XDG_CACHE_HOME"
            raise TargetError(message) from error
        return path


def _program(home: Path, entry: Entry) -> Program:
    path = home / "bin" / entry.name
    return Program(name=entry.name, version=entry.version, path=path, source=entry.source, sha256=entry.sha256)


def _digest_now(executable: Path, entry: Entry) -> str:
    """The digest of what is stored now, "nothing" when it cannot be executed."""
    try:
        if not os.access(executable, os.X_OK):
            return "nothing"
        if not entry.whole_tree:
            return file_digest(executable)
        untouched = entry.stamp and tree_stamp(executable.parent) == entry.stamp
        return entry.sha256 if untouched else tree_digest(executable.parent)
    except OSError:
        return "nothing"


def _read(file: Path) -> Entry | None:
    try:
        return Entry.model_validate_json(file.read_bytes())
    except (OSError, ValidationError):
        return None


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True

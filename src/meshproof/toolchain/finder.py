"""Finds a program: PATH if its version fits, else the cache, else (when told to fetch) the sources in their order."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from meshproof.errors import TargetError
from meshproof.toolchain.cache import Cache, Entry
from meshproof.toolchain.gomodule import fetch_go_module
from meshproof.toolchain.lock import LOCK_FILE, GoModule, Lock, Package, ProgramLock, Release, pin, read_lock
from meshproof.toolchain.order import Order
from meshproof.toolchain.path import on_path, version_of
from meshproof.toolchain.platform import this_platform
from meshproof.toolchain.program import Program, Progress, Step, silent
from meshproof.toolchain.registry import fetch_package
from meshproof.toolchain.release import fetch_release


def find(
    name: str,
    *,
    fetch: bool = False,
    progress: Progress = silent,
    lock_file: Path = LOCK_FILE,
    cache: Cache | None = None,
) -> Program:
    """The program, or an alternative that the lock file names; a stored one is checked against its digest each time.

    Only `fetch=True` uses the network. Raises TargetError saying where it was looked for, why it was refused there,
    and the command that fixes it; UsageError when the lock file is wrong or has no such program.
    """
    lock, platform = read_lock(lock_file), this_platform()
    home = cache or Cache.of_user()
    search = _Search(lock=lock, beside=lock_file.parent, cache=home, platform=platform, progress=progress)
    names = [name, *lock.program(name).alternatives]
    reasons: list[str] = []
    for look in (search.present, search.fetched) if fetch else (search.present,):
        for candidate in names:
            try:
                return look(candidate)
            except TargetError as error:
                reasons.append(str(error))
    fix = "" if fetch else f"; run `meshproof fetch {name}`"
    message = f"{name} cannot be had: {'; '.join(dict.fromkeys(reasons))}{fix}"
    raise TargetError(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Search:
    lock: Lock
    beside: Path
    cache: Cache
    platform: str
    progress: Progress

    def present(self, name: str) -> Program:
        """From PATH or the cache. Raises TargetError with both reasons."""
        entry = self.lock.program(name)
        try:
            return on_path(name, entry)
        except TargetError as on_path_error:
            try:
                return self._stored(name, entry)
            except TargetError as error:
                message = f"{on_path_error}; {error}"
                raise TargetError(message) from error

    def fetched(self, name: str) -> Program:
        """From the first source that gives it. Raises TargetError with the reason of every source."""
        entry = self.lock.program(name)
        waiting = Step(program=name, doing=f"waiting for another run that is fetching {name}")
        reasons = []
        with self.cache.locked(name, meanwhile=lambda: self.progress(waiting)):
            try:
                return self._stored(name, entry)
            except TargetError:
                pass  # present() has told why
            for source in entry.sources:
                try:
                    return self._made(name, entry, source)
                except TargetError as error:
                    reasons.append(str(error))
                except OSError as error:
                    reasons.append(f"{self.cache.root}: cannot be written: {error.strerror}; free some space")
        raise TargetError("; ".join(reasons))

    def _stored(self, name: str, entry: ProgramLock) -> Program:
        pins = frozenset(pin(source, self.platform, beside=self.beside) for source in entry.sources) - {""}
        return self.cache.look_up(name, entry.version, self.platform, pins)

    def _made(self, name: str, entry: ProgramLock, source: Release | Package | GoModule) -> Program:
        with self.cache.staging(name) as staging:
            order = Order(
                name=name,
                entry=entry,
                platform=self.platform,
                staging=staging,
                downloads=self.cache.downloads,
                beside=self.beside,
                progress=self.progress,
            )
            origin = _deliver(source, order)
            stated = version_of(order.executable, entry)
            if stated != entry.version:
                message = f"{origin}: says that it is {stated}, not {entry.version} as locked; correct the lock file"
                raise TargetError(message)
            entered = Entry(
                name=name,
                version=entry.version,
                source=origin,
                pin=pin(source, self.platform, beside=self.beside),
                whole_tree=isinstance(source, Package),
            )
            return self.cache.keep(staging, entered, self.platform)


def _deliver(source: Release | Package | GoModule, order: Order) -> str:
    """One line per kind of source. Returns where the program came from."""
    match source:
        case Release():
            return fetch_release(source, order)
        case Package():
            return fetch_package(source, order)
        case GoModule():
            return fetch_go_module(source, order)

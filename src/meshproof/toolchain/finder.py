"""Finds a program: PATH if its version fits, else the cache, else (when told to fetch) the sources in their order."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from meshproof.errors import TargetError
from meshproof.toolchain.cache import Cache, Entry
from meshproof.toolchain.debian import fetch_debian
from meshproof.toolchain.document import fetch_document
from meshproof.toolchain.gomodule import fetch_go_module
from meshproof.toolchain.image import fetch_image
from meshproof.toolchain.lock import LOCK_FILE, BundleLock, FileSource, Lock, ProgramLock, Source, pin, read_lock
from meshproof.toolchain.maven import fetch_maven
from meshproof.toolchain.modulefiles import fetch_module_files
from meshproof.toolchain.nodepackage import fetch_node_package
from meshproof.toolchain.order import Order
from meshproof.toolchain.path import on_path, version_of
from meshproof.toolchain.platform import this_platform
from meshproof.toolchain.program import Bundle, Program, Progress, Step, silent
from meshproof.toolchain.registry import fetch_package
from meshproof.toolchain.release import fetch_release
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
from meshproof.toolchain.wheel import fetch_wheel

#: Bundles are the same everywhere.
_ANY_PLATFORM = "any"


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
    for candidate in names:
        try:
            return search.present(candidate)
        except TargetError as error:
            reasons.append(str(error))
    for candidate in [name for name in names if fetch and lock.program(name).sources]:
        try:
            return search.fetched(candidate, lock.program(candidate))
        except TargetError as error:
            reasons.append(str(error))
    fetchable = any(lock.program(candidate).sources for candidate in names)
    fix = "" if fetch else f"; run `meshproof fetch {name}`" if fetchable else "; install it"
    message = f"{name} cannot be had: {'; '.join(dict.fromkeys(reasons))}{fix}"
    raise TargetError(message)


def find_bundle(
    name: str,
    *,
    fetch: bool = False,
    progress: Progress = silent,
    lock_file: Path = LOCK_FILE,
    cache: Cache | None = None,
) -> Bundle:
    """A set of files that the lock file names, checked against its digest each time.

    Only `fetch=True` uses the network. Raises TargetError saying why it cannot be had and the command that fixes it;
    UsageError when the lock file is wrong or has no such bundle.
    """
    lock, home = read_lock(lock_file), cache or Cache.of_user()
    search = _Search(lock=lock, beside=lock_file.parent, cache=home, platform=_ANY_PLATFORM, progress=progress)
    entry = lock.bundle(name)
    try:
        found = search.fetched(name, entry) if fetch else search.stored(name, entry)
    except TargetError as error:
        fix = "" if fetch else f"; run `meshproof fetch {name}`"
        message = f"{name} cannot be had: {error}{fix}"
        raise TargetError(message) from error
    files = tuple(sorted(path for path in found.path.rglob("*") if path.is_file()))
    return Bundle(
        name=name, version=found.version, root=found.path, files=files, source=found.source, sha256=found.sha256
    )


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
            if not entry.sources:
                raise
            try:
                return self.stored(name, entry)
            except TargetError as error:
                message = f"{on_path_error}; {error}"
                raise TargetError(message) from error

    def fetched(self, name: str, entry: ProgramLock | BundleLock) -> Program:
        """From the first source that gives it. Raises TargetError with the reason of every source."""
        waiting = Step(program=name, doing=f"waiting for another run that is fetching {name}")
        reasons = []
        with self.cache.locked(name, meanwhile=lambda: self.progress(waiting)):
            try:
                return self.stored(name, entry)
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

    def stored(self, name: str, entry: ProgramLock | BundleLock) -> Program:
        """From the cache. Raises TargetError."""
        pins = frozenset(pin(source, self.platform, beside=self.beside) for source in entry.sources) - {""}
        return self.cache.look_up(name, entry.version, self.platform, pins)

    def _made(self, name: str, entry: ProgramLock | BundleLock, source: Source | FileSource) -> Program:
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
            if isinstance(entry, ProgramLock):
                _demand_version(origin, order.executable, entry)
            entered = Entry(
                name=name,
                version=entry.version,
                source=origin,
                pin=pin(source, self.platform, beside=self.beside),
                whole_tree=isinstance(source, Package | NodePackage | ModuleFiles | Document | Maven | Debian),
            )
            return self.cache.keep(staging, entered, self.platform)


def _demand_version(origin: str, executable: Path, entry: ProgramLock) -> None:
    stated = version_of(executable, entry)
    if stated != entry.version:
        message = f"{origin}: says that it is {stated}, not {entry.version} as locked; correct the lock file"
        raise TargetError(message)


def _deliver(source: Source | FileSource, order: Order) -> str:  # noqa: C901, PLR0911  one line per kind
    """Returns where the program came from."""
    match source:
        case Release():
            return fetch_release(source, order)
        case Image():
            return fetch_image(source, order)
        case Package():
            return fetch_package(source, order)
        case Wheel():
            return fetch_wheel(source, order)
        case NodePackage():
            return fetch_node_package(source, order)
        case GoModule():
            return fetch_go_module(source, order)
        case ModuleFiles():
            return fetch_module_files(source, order)
        case Document():
            return fetch_document(source, order)
        case Maven():
            return fetch_maven(source, order)
        case Debian():
            return fetch_debian(source, order)

"""Where the test bed's parts are kept: each appears whole, and is made anew when what it is made of differs."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import shutil
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from platformdirs import user_cache_path


@dataclass(frozen=True, slots=True)
class Store:
    """The parts below `root`, each in a directory `NAME-KEY`."""

    root: Path

    @classmethod
    def of_user(cls) -> Store:
        """The store of the user who runs this."""
        return cls(user_cache_path("meshproof", appauthor=False) / "kind-testbed")

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Have the store alone: Docker's own store bears one daemon. The kernel lets go with its holder."""
        self.root.mkdir(parents=True, exist_ok=True)
        with (self.root / "lock").open("w", encoding="utf-8") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                say("waiting for another run that has the test bed")
                fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def part(self, name: str, made_of: Iterable[str], make: Callable[[Path], None]) -> Path:
        """The directory of a part; one that was cut off is begun again, older ones go once it is there."""
        key = hashlib.sha256("\0".join(made_of).encode()).hexdigest()[:16]
        place = self.root / f"{name}-{key}"
        if not place.exists():
            self._make(name, place, make)
        return place

    def _make(self, name: str, place: Path, make: Callable[[Path], None]) -> None:
        say(f"making {name}")
        began = time.monotonic()
        partial = self.root / f"{name}.partial"
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        make(partial)
        partial.rename(place)
        for older in self.root.glob(f"{name}-*"):
            if older != place:
                shutil.rmtree(older, ignore_errors=True)
        say(f"made {name} in {time.monotonic() - began:.0f} s")


def own_text(*names: str) -> list[str]:
    """The text of modules of this package: a part is made anew when what makes it was changed."""
    return [Path(__file__).with_name(name).read_text(encoding="utf-8") for name in names]


def say(text: str) -> None:
    """One line of progress."""
    sys.stdout.write(f"kind test bed: {text}\n")
    sys.stdout.flush()

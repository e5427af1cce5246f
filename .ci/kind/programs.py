"""The programs of the test bed: the project's own where it has them, else those of the lock files beside this."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from kind.store import say
from meshproof.toolchain import Bundle, Program, find, find_bundle
from meshproof.toolchain.lock import LOCK_FILE, read_lock
from meshproof.toolchain.program import Step

OWN: Final = Path(__file__).with_name("programs.lock.json")
#: Of a mesh only: what it is made of is not built where none is wanted.
OF_MESH: Final = Path(__file__).with_name("mesh.lock.json")


def program(name: str) -> Program:
    """The program, built now where it is not in the cache. Raises TargetError."""
    return find(name, fetch=True, progress=_tell, lock_file=_lock_of(name))


def bundle(name: str) -> Bundle:
    """The bundle, brought now where it is not in the cache. Raises TargetError."""
    return find_bundle(name, fetch=True, progress=_tell, lock_file=OWN)


def all_programs() -> tuple[str, ...]:
    """The names that every test bed needs beside the project's own."""
    return tuple(read_lock(OWN).programs)


def _lock_of(name: str) -> Path:
    return next((one for one in (OWN, OF_MESH) if name in read_lock(one).programs), LOCK_FILE)


def _tell(step: Step) -> None:
    say(step.doing)

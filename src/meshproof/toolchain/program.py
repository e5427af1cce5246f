"""A program that can be run, and what is shown of the way to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A program found. `name` may be an alternative of the one asked for (tofu for terraform).

    `source` says where it came from: `PATH`, a release's URL, a package or a Go module with its version;
    `sha256` is that of the executable file, or of the whole tree of an installed package.
    """

    name: str
    version: str
    path: Path
    source: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """A set of files found: `root` is the directory, `files` all files below it, sorted; `sha256` is of the tree."""

    name: str
    version: str
    root: Path
    files: tuple[Path, ...]
    source: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Something under way for `program`; `total_bytes` is 0 where the end cannot be known."""

    program: str
    doing: str
    done_bytes: int = 0
    total_bytes: int = 0


#: Called at every step, from the thread that fetches.
Progress = Callable[[Step], None]


def silent(_: Step) -> None:
    """Progress that nobody wants to see."""

"""Programs of one file beside this, for images that hold nothing else."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

from meshproof.errors import TargetError
from meshproof.process import require, run

_BUILD_WITHIN_S: Final = 120.0


def build(name: str, to: Path) -> None:
    """Build `name`.go as a program that needs no library. Raises TargetError."""
    go = shutil.which("go")
    if go is None:
        message = "go is not on PATH, and the test bed builds with it; install Go from https://go.dev/dl/"
        raise TargetError(message)
    source = Path(__file__).with_name(f"{name}.go")
    to.parent.mkdir(parents=True, exist_ok=True)
    words: list[str | Path] = [
        "/usr/bin/env",
        "CGO_ENABLED=0",
        go,
        "build",
        "-trimpath",
        "-ldflags=-s -w",
        "-o",
        to,
        source,
    ]
    require(run(words, within_s=_BUILD_WITHIN_S), doing=f"building {name}")

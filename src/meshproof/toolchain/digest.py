"""SHA-256 of files and of trees."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path


def file_digest(path: Path) -> str:
    """The SHA-256 of a file's content, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def tree_digest(root: Path) -> str:
    """The SHA-256 over names, link targets and contents of everything below `root`, in hex.

    Compiled Python files are left out: running a program may write them.
    """
    total = hashlib.sha256()
    for directory, below, names in os.walk(root):
        below[:] = sorted(name for name in below if name != "__pycache__")
        for name in sorted([*names, *(name for name in below if Path(directory, name).is_symlink())]):
            path = Path(directory, name)
            content = f"-> {path.readlink()}" if path.is_symlink() else file_digest(path)
            total.update(f"{path.relative_to(root)}\0{content}\n".encode())
    return total.hexdigest()

"""The plan target: the declaration as the real tools resolve it; no program of the platform runs."""

from __future__ import annotations

import gzip
from functools import lru_cache
from pathlib import Path

from meshproof.declaration.model import Declaration
from meshproof.declaration.reading import read
from meshproof.declaration.snapshot import from_text
from meshproof.errors import UsageError
from meshproof.settings import Settings


def declaration_of(settings: Settings) -> Declaration:
    """The declaration that a run judges; read once per process, and once per run through the cache."""
    if settings.replay is not None:
        return _replayed(settings.replay)
    return _read(settings.infra_dir, settings.environment, settings.plan)


@lru_cache(maxsize=8)
def _read(infra: Path, environment: str, plan: Path | None) -> Declaration:
    return read(infra, environment, plan_file=plan)


@lru_cache(maxsize=2)
def _replayed(report: Path) -> Declaration:
    path = report / "evidence" / "declaration.json.gz"
    try:
        text = gzip.decompress(path.read_bytes()).decode()
    except (OSError, EOFError, UnicodeDecodeError) as error:
        message = f"{path}: the evidence cannot be read: {error}; verify a complete report"
        raise UsageError(message) from error
    return from_text(text)

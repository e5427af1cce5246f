"""The plan target: the declaration as the real tools resolve it; no program of the platform runs."""

from __future__ import annotations

import gzip
from functools import lru_cache
from pathlib import Path

from meshproof.declaration.model import Declaration
from meshproof.declaration.reading import read
from meshproof.declaration.snapshot import from_text
from meshproof.declaration.terragrunt import environments
from meshproof.errors import UsageError
from meshproof.settings import Settings

#: Where a report keeps the declaration of an environment.
SNAPSHOT = "evidence/declaration-{}.json.gz"


def environments_of(settings: Settings) -> tuple[str, ...]:
    """The environment that was asked for; nightly, every other one that the declaration holds as well."""
    if settings.tier != "nightly" or settings.plan is not None:
        return (settings.environment,)
    kept = None if settings.replay is None else settings.replay.glob(SNAPSHOT.format("*"))
    names = environments(settings.infra_dir) if kept is None else sorted(_environment(path) for path in kept)
    return tuple(dict.fromkeys((settings.environment, *names)))


def declaration_of(settings: Settings, environment: str = "") -> Declaration:
    """The declaration that a run judges; read once per process, and once per run through the cache."""
    environment = environment or settings.environment
    if settings.replay is not None:
        return _replayed(settings.replay / SNAPSHOT.format(environment))
    return _read(settings.infra_dir, environment, settings.plan)


def _environment(snapshot: Path) -> str:
    return snapshot.name.removeprefix("declaration-").removesuffix(".json.gz")


@lru_cache(maxsize=8)
def _read(infra: Path, environment: str, plan: Path | None) -> Declaration:
    return read(infra, environment, plan_file=plan)


@lru_cache(maxsize=8)
def _replayed(path: Path) -> Declaration:
    try:
        text = gzip.decompress(path.read_bytes()).decode()
    except (OSError, EOFError, UnicodeDecodeError) as error:
        message = f"{path}: the evidence cannot be read: {error}; verify a complete report"
        raise UsageError(message) from error
    return from_text(text)

"""Where a run's statements come from: the engine, the suite, the declaration and the programs, each by digest."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

from meshproof.declaration.model import Declaration, canonical
from meshproof.declaration.snapshot import to_text
from meshproof.errors import CannotSee, MeshproofError
from meshproof.process import run
from meshproof.report import model
from meshproof.report.facts import RunFacts
from meshproof.settings import Settings
from meshproof.targets import target_named
from meshproof.targets.plan import SNAPSHOT, declaration_of, environments_of

_ISTIO = ("pilot-discovery", "pilot-agent", "istioctl")


def facts_of(
    settings: Settings,
    catalogue: Iterable[Mapping[str, object]],
    *,
    target: str = "plan",
    notes: Sequence[Mapping[str, str]] = (),
) -> RunFacts:
    """Everything that a run states about itself; `notes` are what its target could not have as declared.

    A declaration that could not be read on this machine is told as a note. Raises UsageError for one that is broken.
    """
    declaration, unread = _declaration(settings)
    return RunFacts(
        tool=model.Tool(
            version=version("meshproof"),
            commit=commit_of(settings.root),
            suite_digest=suite_digest(settings.root / settings.suites),
            catalogue_digest=hashlib.sha256(canonical(list(catalogue)).encode()).hexdigest(),
        ),
        infra_digest=declaration.digest,
        platform_version=declaration.version,
        programs=list(_programs(settings, target, declaration)),
        notes=[model.NoteRun.model_validate(row) for row in _different([*_notes(declaration), *unread, *notes])],
        files={
            SNAPSHOT.format(name): snapshot_of(_declaration(settings, name)[0]) for name in environments_of(settings)
        },
    )


def snapshot_of(declaration: Declaration) -> bytes:
    """The declaration as evidence; the same bytes for the same declaration."""
    return gzip.compress(to_text(declaration).encode(), compresslevel=6, mtime=0)


def suite_digest(suites: Path) -> str:
    """SHA-256 over the names and bytes of every Python and TOML file of the suites."""
    total = hashlib.sha256()
    for path in sorted([*suites.rglob("*.py"), *suites.rglob("*.toml")]):
        if "__pycache__" not in path.parts:
            total.update(path.relative_to(suites).as_posix().encode() + b"\0")
            total.update(path.read_bytes())
    return total.hexdigest()


def commit_of(root: Path) -> str:
    """The commit of the working tree, empty where there is none to read."""
    try:
        done = run(["git", "-C", str(root), "rev-parse", "HEAD"], within_s=10)
    except MeshproofError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def declared_versions(declaration: Declaration) -> Mapping[str, str]:
    """The versions that the declaration names of programs that a target runs, by the program's name."""
    found: dict[str, str] = {}
    for release in declaration.by_kind.get("HelmRelease", ()):
        spec = release.values.get("spec")
        chart = spec.get("chart", {}).get("spec", {}) if isinstance(spec, Mapping) else {}
        if chart.get("chart") == "istiod":
            found |= dict.fromkeys(_ISTIO, str(chart.get("version", "")))
    for cluster in declaration.by_kind.get("aws_eks_cluster", ()):
        if isinstance(version := cluster.values.get("version"), str):
            found["kube-apiserver"] = version
    for cluster in declaration.by_kind.get("aws_rds_global_cluster", ()):
        if isinstance(version := cluster.values.get("engine_version"), str):
            found["postgres"] = version
    return found


def _declaration(settings: Settings, environment: str = "") -> tuple[Declaration, list[Mapping[str, str]]]:
    """What is declared; nothing, and why, where this machine lacks the program that reads it."""
    name = environment or settings.environment
    try:
        return declaration_of(settings, name), []
    except CannotSee as error:
        empty = Declaration(environment=name, version="", records=())
        return empty, [{"subject": "declaration", "where": str(settings.infra), "says": str(error)}]


def _notes(declaration: Declaration) -> Iterable[Mapping[str, str]]:
    return ({"subject": one.subject, "where": str(one.place or ""), "says": one.says} for one in declaration.notes)


def _different(rows: Iterable[Mapping[str, str]]) -> list[dict[str, str]]:
    return [dict(one) for one in dict.fromkeys(tuple(sorted(row.items())) for row in rows)]


def _programs(settings: Settings, target: str, declaration: Declaration) -> Iterator[model.Program]:
    declared = declared_versions(declaration)
    for one in target_named(target).programs(settings):
        yield model.Program(
            name=one.name,
            version=one.version,
            declared_version=declared.get(one.name, ""),
            source=one.source,
            sha256=one.sha256,
        )

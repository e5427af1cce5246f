"""Where a run's statements come from: the engine, the suite, the declaration and the programs, each by digest."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from pathlib import Path

from meshproof.declaration.model import Declaration, canonical
from meshproof.declaration.snapshot import to_text
from meshproof.errors import MeshproofError
from meshproof.process import run
from meshproof.report import model
from meshproof.report.facts import RunFacts
from meshproof.settings import Settings
from meshproof.targets.plan import declaration_of
from meshproof.toolchain import find

#: Programs that resolve the declaration on the plan target.
PROGRAMS = ("terraform", "kustomize", "helm", "opa", "checkov")


def facts_of(settings: Settings, catalogue: Iterable[Mapping[str, object]]) -> RunFacts:
    """Everything that a run states about itself; raises what reading the declaration raises."""
    declaration = declaration_of(settings)
    return RunFacts(
        tool=model.Tool(
            version=version("meshproof"),
            commit=commit_of(settings.root),
            suite_digest=suite_digest(settings.root / settings.suites),
            catalogue_digest=hashlib.sha256(canonical(list(catalogue)).encode()).hexdigest(),
        ),
        infra_digest=declaration.digest,
        platform_version=declaration.version,
        programs=list(_programs()),
        notes=[
            model.NoteRun(subject=one.subject, where=str(one.place or ""), says=one.says) for one in declaration.notes
        ],
        files={"evidence/declaration.json.gz": snapshot_of(declaration)},
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


def _programs() -> Iterable[model.Program]:
    for name in PROGRAMS:
        try:
            program = find(name)
        except MeshproofError:
            continue
        yield model.Program(
            name=name, version=program.version, declared_version="", source=program.source, sha256=program.sha256
        )

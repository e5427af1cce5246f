"""Reading a declaration whole: Terraform, Kubernetes and files, once per run, shared between processes by digest."""

from __future__ import annotations

import fcntl
import gzip
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from platformdirs import user_cache_path

from meshproof.declaration.files import read_files
from meshproof.declaration.kubernetes import read_cluster, read_tree
from meshproof.declaration.model import Declaration, Note, Record
from meshproof.declaration.origins import Origins
from meshproof.declaration.snapshot import from_text, to_text
from meshproof.declaration.terraform_records import read_terraform
from meshproof.errors import UsageError

SITES = ("primary", "standby")


def read(infra: Path, environment: str, *, plan_file: Path | None = None) -> Declaration:
    """The declaration of one environment; from the cache where nothing that it was made from has changed.

    Raises UsageError for a declaration that is not usable, TargetError where a program that reads it is missing.
    """
    if not infra.is_dir():
        message = f"{infra}: there is no such directory; name the declaration with --infra DIR"
        raise UsageError(message)
    key = _digest_of_inputs(infra, environment, plan_file)
    path = user_cache_path("meshproof") / "declarations" / f"{key}.json.gz"
    with _alone(path):
        if path.exists():
            return from_text(gzip.decompress(path.read_bytes()).decode())
        declaration = _read(infra, environment, plan_file)
        _store(path, gzip.compress(to_text(declaration).encode(), compresslevel=1, mtime=0))
    return declaration


def _read(infra: Path, environment: str, plan_file: Path | None) -> Declaration:
    records, notes, facts = read_terraform(infra, environment, plan_file)
    origins = Origins(infra)
    if (infra / "kubernetes" / "clusters").is_dir():
        for site in SITES:
            if (infra / "kubernetes" / "clusters" / site).is_dir():
                _extend(records, notes, read_cluster(infra, site, facts[site], origins))
    else:
        _extend(records, notes, read_tree(infra, origins))
    _extend(records, notes, read_files(infra))
    if not records:
        message = f"{infra}: nothing is declared there: no Terraform, no Kubernetes object, no document; check --infra"
        raise UsageError(message)
    version = infra / "VERSION"
    return Declaration(
        environment=environment,
        version=version.read_text(encoding="utf-8").strip() if version.exists() else "",
        records=tuple(records),
        notes=tuple(notes),
    )


def _extend(records: list[Record], notes: list[Note], more: tuple[list[Record], list[Note]]) -> None:
    records += more[0]
    notes += more[1]


def _digest_of_inputs(infra: Path, environment: str, plan_file: Path | None) -> str:
    total = hashlib.sha256(f"{environment}\0".encode())
    for path in sorted(_inputs(infra)):
        total.update(path.relative_to(infra.parent).as_posix().encode() + b"\0")
        total.update(hashlib.sha256(path.read_bytes()).digest())
    for path in sorted(Path(__file__).parent.glob("*")):
        if path.is_file():
            total.update(path.read_bytes())
    if plan_file is not None:
        total.update(plan_file.read_bytes() if plan_file.exists() else b"")
    return total.hexdigest()


def _inputs(infra: Path) -> Iterator[Path]:
    for base in (infra, infra.parent / ".github" / "workflows"):
        for directory, names, files in os.walk(base):
            names[:] = [
                name for name in names if name not in (".terraform", ".terragrunt-cache", "node_modules", ".git")
            ]
            yield from (Path(directory) / name for name in files if (Path(directory) / name).is_file())


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Only one process reads the same declaration at a time; the kernel frees the lock when its holder dies."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (path.parent / f"{path.stem}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _store(path: Path, body: bytes) -> None:
    partial = path.with_suffix(f".{os.getpid()}")
    try:
        partial.write_bytes(body)
        partial.chmod(0o600)
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        message = f"{path.parent}: the cache cannot be written: {error.strerror}; free space or set XDG_CACHE_HOME"
        raise UsageError(message) from error

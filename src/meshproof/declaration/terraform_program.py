"""Terraform and its providers on this machine, as a tree needs them."""

from __future__ import annotations

import hashlib
import json
import os
import re
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from meshproof.declaration.hcl_cache import store
from meshproof.declaration.module import Modules
from meshproof.declaration.terraform_run import Terraform
from meshproof.errors import CannotSee
from meshproof.process import run
from meshproof.toolchain import find, install_providers, providers

#: How long a registry that did not answer is left alone, and how long one is waited for. Chosen so that a run
#: without network loses seconds once an hour, and a fresh machine has time for 160 MB.
_FORGET_S: Final = 3600.0
_FETCH_S: Final = 900.0
_EXACT: Final = re.compile(r"^=?\s*(\d[\w.+-]*)$")
_PESSIMISTIC: Final = re.compile(r"~>\s*(\d+(?:\.\d+)*)")


def locate(infra: Path, *, cache: Path) -> Terraform:
    """Terraform with the providers that the tree requires, as far as they can be had.

    A provider that is on no disk is asked of its registry once; one that cannot be had is left out of `offered`.
    Raises TargetError where Terraform itself is missing or too old.
    """
    program = find("terraform")
    wanted = {source: _version(source, constraint) for source, constraint in required(infra, cache).items()}
    private = cache / "terraform"
    private.mkdir(parents=True, exist_ok=True, mode=0o700)
    installation = install_providers(wanted, private)
    environment = dict(installation.environment)
    offered = {source: wanted[source] for source in installation.found}
    if installation.missing:
        plugins = private / "plugins"
        plugins.mkdir(exist_ok=True, mode=0o700)
        environment["TF_PLUGIN_CACHE_DIR"] = os.environ.get("TF_PLUGIN_CACHE_DIR") or str(plugins)
    bare = Terraform(path=program.path, version=program.version, environment=environment, offered=offered)
    for source in installation.missing:
        if _registry_has(bare, source, wanted[source], private):
            offered[source] = wanted[source]
    return Terraform(path=program.path, version=program.version, environment=environment, offered=offered)


def required(infra: Path, cache: Path | None) -> Mapping[str, str]:
    """The provider sources that the tree's modules require, each with its version constraint."""
    modules = Modules(infra.parent, cache)
    found: dict[str, str] = {}
    for directory in sorted({path.parent for path in _stating(infra)}):
        for one in modules.module(directory).requirements.values():
            found[one.source] = found.get(one.source) or one.version
    return found


def _stating(infra: Path) -> Iterator[Path]:
    for path in infra.rglob("*.tf"):
        if ".terraform" not in path.parts and b"required_providers" in path.read_bytes():
            yield path


def specifiers(constraint: str) -> SpecifierSet:
    """A Terraform version constraint as Python's; one that cannot be read accepts anything."""
    parts = []
    for part in constraint.split(","):
        text = part.strip()
        if found := _PESSIMISTIC.fullmatch(text):
            text = f"~={found[1]}" if "." in found[1] else f">={found[1]}"
        elif found := _EXACT.fullmatch(text):
            text = f"=={found[1]}"
        parts.append(text)
    try:
        return SpecifierSet(",".join(part for part in parts if part))
    except InvalidSpecifier:
        return SpecifierSet()


def _version(source: str, constraint: str) -> str:
    """The version to install: the one that is pinned, else the newest on disk that fits, else the constraint."""
    exact = _EXACT.fullmatch(constraint.strip())
    if exact:
        return exact[1]
    fitting = specifiers(constraint)
    on_disk = sorted(_on_disk(source), reverse=True)
    return next((str(one) for one in on_disk if one in fitting), constraint)


def _on_disk(source: str) -> Iterator[Version]:
    for place in providers._places(Path("/")):  # noqa: SLF001 - the toolchain's own list of places
        for host in providers._HOSTS:  # noqa: SLF001
            for path in (place / host / source).glob("*"):
                try:
                    yield Version(path.name)
                except InvalidVersion:
                    continue


def _registry_has(terraform: Terraform, source: str, version: str, private: Path) -> bool:
    """Whether `terraform init` gets the provider from its registry; a refusal is remembered for an hour."""
    key = hashlib.sha256(f"{source} {version}".encode()).hexdigest()[:16]
    directory = private / "asked" / key
    answer = directory / "answer"
    try:
        if answer.read_text() == "yes" or time.time() - answer.stat().st_mtime < _FORGET_S:
            return answer.read_text() == "yes"
    except OSError:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    need = {"source": source, **({"version": version} if version else {})}
    root = {"terraform": {"required_providers": {source.rpartition("/")[2]: need}}}
    (directory / "main.tf.json").write_text(json.dumps(root), encoding="utf-8")
    try:
        words: list[str | Path] = [terraform.path, "init", "-input=false", "-backend=false"]
        completed = run(words, cwd=directory, env={**os.environ, **terraform.environment}, within_s=_FETCH_S)
        had = completed.returncode == 0
    except CannotSee:
        had = False
    store(answer, b"yes" if had else b"no")
    return had

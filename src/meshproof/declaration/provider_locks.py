"""Terraform's dependency lock files: which package of a provider a unit may run, by digest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from meshproof.declaration import hcl
from meshproof.declaration.expression import ListOf, Literal
from meshproof.declaration.module import Module, Modules
from meshproof.declaration.terraform_program import specifiers

LOCK_FILE: Final = ".terraform.lock.hcl"

#: Terraform writes providers with the host that serves those whose source names none.
_DEFAULT_HOST: Final = "registry.terraform.io/"


def provider_locks(modules: Modules, module: Module, beside: Path) -> Iterator[Mapping[str, object]]:
    """What a unit locks, for each provider that its module requires.

    `beside` is the unit's own directory: its lock file goes before the module's, as in Terragrunt. Keys source,
    required (the module's constraint), locked (a version, empty where nothing is locked), admitted, digests, file.
    """
    path = next((one / LOCK_FILE for one in (beside, module.directory) if (one / LOCK_FILE).is_file()), None)
    blocks = modules.file(path).body.of("provider") if path else ()
    locked = {block.labels[0].removeprefix(_DEFAULT_HOST): block.body for block in blocks if block.labels}
    for one in sorted(module.requirements.values(), key=lambda one: one.source):
        body = locked.get(one.source)
        version = (body.text("version") if body else None) or ""
        yield {
            "source": one.source,
            "required": one.version,
            "locked": version,
            "admitted": bool(version) and version in specifiers(one.version),
            "digests": [*_digests(body)] if body else [],
            "file": modules.shown(path) if path else "",
        }


def _digests(body: hcl.Body) -> Iterator[str]:
    value = body.value("hashes")
    for one in value.items if isinstance(value, ListOf) else ():
        if isinstance(one, Literal):
            yield str(one.value)

"""Terraform that stands in no live tree: plain roots, planned where that is possible, else read as it stands."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from meshproof.declaration import plan_json
from meshproof.declaration.composition import OFFLINE
from meshproof.declaration.model import Place
from meshproof.declaration.module import Module, Modules, is_module
from meshproof.declaration.plan import Finding, Plan, Resource
from meshproof.declaration.plan_json import Planned
from meshproof.declaration.plan_scope import scopes as plan_scopes
from meshproof.declaration.resolving import resources
from meshproof.declaration.scope import HclScope
from meshproof.declaration.static import static_rows
from meshproof.declaration.terraform_run import Terraform, planned_json, workspace
from meshproof.errors import CannotSee, UsageError

_SKIPPED: Final = frozenset({".terraform", ".terragrunt-cache", ".terragrunt-stack", ".git", "node_modules"})
_OVERRIDE: Final = "meshproof_override.tf.json"


def read_plan_file(path: Path) -> Plan:
    """A plan made elsewhere, from the output of `terraform show -json`. Raises UsageError for anything else."""
    place = Place(file=path.name)
    with plan_json.uncollected():
        data = plan_json.read(path)
        rows = list(plan_json.planned(data, path.name))
        found, refused = resources(rows, plan_scopes(data, place), units={}, elsewhere=place)
    return Plan(
        environment="",
        resources=found,
        refused=refused,
        programs={"terraform": str(data.get("terraform_version", ""))},
        digest=hashlib.sha256(path.read_bytes()).hexdigest(),
    )


def read_tree(infra: Path, *, terraform: Callable[[], Terraform] | None, cache: Path) -> Plan:
    """Every plain Terraform root below `infra`, as one plan; addresses of a root carry its folder (`app/aws_vpc.x`).

    A root is planned where Terraform, its providers and all its variables are there; else it is read statically and
    `undecided` says why. `terraform=None` reads everything statically. Raises UsageError for what is broken.
    """
    infra = infra.resolve()
    modules = Modules(infra.parent, cache)
    found: list[Resource] = []
    undecided: list[Finding] = []
    refused: list[Finding] = []
    program = _program(terraform, undecided, infra)
    for directory in roots(infra, modules):
        rows, reason = _rows(directory, modules, program, cache)
        if reason is not None:
            undecided.append(reason)
        placed, bad = _placed(rows, HclScope(modules.module(directory), modules), infra, directory)
        found += placed
        refused += bad
    return Plan(
        environment="",
        resources=tuple(sorted(found, key=lambda one: one.address)),
        undecided=tuple(undecided),
        refused=tuple(refused),
        programs={"terraform": program.version} if program else {},
        digest=_digest(infra),
    )


def _program(terraform: Callable[[], Terraform] | None, undecided: list[Finding], infra: Path) -> Terraform | None:
    if terraform is None:
        return None
    try:
        return terraform()
    except CannotSee as error:
        undecided.append(Finding(address="terraform", place=Place(file=infra.name), says=str(error)))
        return None


def roots(infra: Path, modules: Modules) -> list[Path]:
    """The directories with Terraform that no other directory calls, or that configure a provider or a backend."""
    found = [directory for directory in _directories(infra) if is_module(directory)]
    called = {
        target
        for directory in found
        for name in modules.module(directory).calls
        if (target := modules.module(directory).called(name)) is not None
    }
    return [one for one in found if one not in called or _configures(modules.module(one))]


def _directories(infra: Path) -> Iterator[Path]:
    for root, folders, _ in os.walk(infra):
        folders[:] = sorted(set(folders) - _SKIPPED)
        yield Path(root)


def _configures(module: Module) -> bool:
    blocks = (block for _, block in module.blocks("terraform"))
    return any(module.blocks("provider")) or any(next(block.body.of("backend", "cloud"), None) for block in blocks)


def _rows(
    directory: Path, modules: Modules, program: Terraform | None, cache: Path
) -> tuple[list[Planned], Finding | None]:
    module = modules.module(directory)
    reason = _cannot_plan(module, modules, program)
    if program is not None and not reason:
        try:
            return list(plan_json.planned(_plan(directory, module, program, cache), modules.shown(directory))), None
        except (UsageError, CannotSee) as error:
            reason = f"cannot be planned: {error}"
    place = Place(file=modules.shown(directory))
    scope = HclScope(module, modules)
    return list(static_rows(scope)), Finding(
        address=modules.shown(directory), place=place, says=f"read as it stands: {reason}"
    )


def _cannot_plan(module: Module, modules: Modules, program: Terraform | None) -> str:
    """Why a root cannot be planned; empty where it can be tried."""
    if program is None:
        return "terraform is not used"
    missing = [name for name, one in module.variables.items() if one.required]
    if (
        missing
        and not list(module.directory.glob("*.auto.tfvars"))
        and not (module.directory / "terraform.tfvars").exists()
    ):
        return f"variable {missing[0]} has no value"
    scope = HclScope(module, modules)
    sources = {one.source: one.name for inner in scope.below() for one in inner.module.requirements.values()}
    lacking = sorted(set(sources) - set(program.offered) - {"terraform.io/builtin/terraform"})
    return f"provider {lacking[0]} cannot be had here" if lacking else ""


def _plan(directory: Path, module: Module, program: Terraform, cache: Path) -> plan_json.Json:
    """The plan of a copy of the root, with what the AWS provider needs to plan without an account."""
    above = _above(directory, module)
    key = hashlib.sha256(f"{_digest(above)}{program.fingerprint}{directory}".encode()).hexdigest()[:20]
    with workspace(cache, f"tree-{key}") as work:
        copy = work / "tree"
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(above, copy, ignore=shutil.ignore_patterns(*_SKIPPED, "*.tfstate*", ".terraform.lock.hcl"))
        root = copy / directory.relative_to(above)
        aliases = [block.body.text("alias") for _, block in module.blocks("provider") if block.labels[:1] == ("aws",)]
        blocks = [
            {**OFFLINE, **({"alias": one} if one else {})} for one in aliases or ([None] if _needs_aws(module) else [])
        ]
        override = {"provider": {"aws": blocks}} if blocks else {}
        (root / _OVERRIDE).write_text(
            json.dumps({**override, "terraform": {"backend": {"local": {}}}}), encoding="utf-8"
        )
        text = planned_json(program, root, lambda one: one)
        shutil.rmtree(work, ignore_errors=True)
    return plan_json.loaded(text, directory.name)


def _needs_aws(module: Module) -> bool:
    return any(one.source == "hashicorp/aws" for one in module.requirements.values())


def _above(directory: Path, module: Module) -> Path:
    """The lowest directory that holds a root and every module it calls."""
    called = [target for name in module.calls if (target := module.called(name)) is not None]
    return Path(os.path.commonpath([directory, *called]))


def _placed(
    rows: list[Planned], scope: HclScope, infra: Path, directory: Path
) -> tuple[list[Resource], tuple[Finding, ...]]:
    scopes = {one.path: one for one in scope.below()}
    prefix = directory.relative_to(infra).as_posix()
    elsewhere = Place(file=directory.name)
    found, refused = resources(rows, scopes, units={}, elsewhere=elsewhere)
    return [one if prefix == "." else _prefixed(one, f"{prefix}/") for one in found], refused


def _prefixed(one: Resource, prefix: str) -> Resource:
    references = {path: tuple(f"{prefix}{target}" for target in targets) for path, targets in one.references.items()}
    return replace(one, address=f"{prefix}{one.address}", references=references)


def _digest(directory: Path) -> str:
    total = hashlib.sha256()
    for inner in _directories(directory):
        for path in sorted(inner.glob("*")):
            if path.is_file():
                total.update(path.relative_to(directory).as_posix().encode() + b"\0" + path.read_bytes())
    return total.hexdigest()

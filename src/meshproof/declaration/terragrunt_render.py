"""Terragrunt's own rendering of an environment, held against the engine's: only where `terragrunt` is on PATH."""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from meshproof.declaration.model import UNKNOWN, Place
from meshproof.declaration.plan import Finding
from meshproof.declaration.terragrunt import Live, LiveUnit
from meshproof.errors import CannotSee, ProbeError
from meshproof.process import Completed, require, run

_STACKS_S: Final = 300.0
_UNIT_S: Final = 60.0
#: Rendering has no state to read: in the copy that is rendered, mock outputs stand in for every command.
_MOCKS_ONLY_FOR: Final = re.compile(r"^\s*mock_outputs_allowed_terraform_commands\s*=\s*\[[^\]]*\]", re.MULTILINE)


def rendering_findings(live: Live, *, program: str | None = None) -> list[Finding]:
    """Units whose inputs Terragrunt renders otherwise than the engine, as far as the engine can know them.

    Raises ProbeError where there is no terragrunt to ask, or where it does not accept the tree.
    """
    path = program or shutil.which("terragrunt")
    if path is None:
        message = "that Terragrunt accepts the tree is unknown: terragrunt is not on PATH"
        raise ProbeError(message)
    with tempfile.TemporaryDirectory(prefix="meshproof-render-") as directory:
        copy = _copied(live, Path(directory))
        _terragrunt(path, copy / "live" / live.environment, ["stack", "generate"], _STACKS_S)
        return [one for unit in live.units for one in _compared(path, live, unit, copy)]


def _copied(live: Live, directory: Path) -> Path:
    copy = directory / live.infra.name
    shutil.copytree(live.infra, copy, ignore=shutil.ignore_patterns(".terraform*", ".terragrunt-*"))
    for file in copy.rglob("terragrunt.hcl"):
        file.write_text(_MOCKS_ONLY_FOR.sub("", file.read_text(encoding="utf-8")), encoding="utf-8")
    return copy


def _compared(path: str, live: Live, unit: LiveUnit, copy: Path) -> Iterator[Finding]:
    directory = copy / unit.directory.relative_to(live.infra)
    shown = _terragrunt(path, directory, ["render", "--format", "json"], _UNIT_S).stdout
    try:
        rendered = json.loads(shown).get("inputs")
    except (ValueError, AttributeError):
        message = f"{unit.file.shown}: terragrunt render printed no JSON: {shown[:80]!r}"
        raise ProbeError(message) from None
    inputs: Mapping[str, object] = rendered if isinstance(rendered, Mapping) else {}
    for name, value in unit.input_expressions.items():
        ours = unit.scope.value(value)
        if not agrees(ours, inputs.get(name)):
            says = f"input {name}: terragrunt renders {inputs.get(name)!r}, the engine {ours!r}"
            yield Finding(address=unit.id, place=unit.file.place(value.start), says=says)
    for name in inputs.keys() - unit.input_expressions.keys() - {key for one in unit.includes for key in one.inputs}:
        place = Place(file=unit.file.shown, line=1)
        yield Finding(address=unit.id, place=place, says=f"input {name} is rendered by terragrunt, not by the engine")


def agrees(ours: object, rendered: object) -> bool:
    """Whether a rendered value is what the engine has, where the engine knows it."""
    if ours is UNKNOWN:
        return True
    if isinstance(ours, Mapping):
        return (
            isinstance(rendered, Mapping)
            and ours.keys() == rendered.keys()
            and all(agrees(value, rendered[key]) for key, value in ours.items())
        )
    if isinstance(ours, list):
        same_length = isinstance(rendered, list) and len(ours) == len(rendered)
        return same_length and all(agrees(one, other) for one, other in zip(ours, list(rendered), strict=True))  # type: ignore[call-overload]  # a list by then
    return ours == rendered


def _terragrunt(path: str, directory: Path, words: list[str], within_s: float) -> Completed:
    env = {**os.environ, "TG_NON_INTERACTIVE": "true", "TG_NO_COLOR": "true"}
    try:
        completed = run([path, *words], cwd=directory, env=env, within_s=within_s, name="terragrunt")
        return require(completed, doing=f"terragrunt {' '.join(words)} in {directory.name}")
    except CannotSee as error:
        message = f"Terragrunt does not accept the tree: {error}"
        raise ProbeError(message) from error

"""Terragrunt's own rendering of an environment, to hold the engine's against: only where `terragrunt` is on PATH."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from meshproof.declaration.model import UNKNOWN
from meshproof.declaration.terragrunt import Live, LiveUnit, read_live
from meshproof.errors import ProbeError, TargetError
from meshproof.process import Completed, ProgramFailed, require, run, scratch

_STACKS_S: Final = 300.0
_UNIT_S: Final = 60.0
#: Rendering has no state to read: in the copy that is rendered, mock outputs stand in for every command.
_MOCKS_ONLY_FOR: Final = re.compile(r"^\s*mock_outputs_allowed_terraform_commands\s*=\s*\[[^\]]*\]", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Rendering:
    """What Terragrunt makes of an environment: inputs by unit, and its own words where it does not take the tree."""

    inputs: Mapping[str, Mapping[str, object]]
    refused: str = ""


def rendered(infra: Path, environment: str, *, cache: Path | None = None, program: str | None = None) -> Rendering:
    """The inputs of every unit as Terragrunt itself renders them, mock outputs standing in for state.

    Raises TargetError where there is no terragrunt to ask.
    """
    path = program or shutil.which("terragrunt")
    if path is None:
        message = "that Terragrunt accepts the tree is unknown: terragrunt is not on PATH; install it to know"
        raise TargetError(message)
    live = read_live(infra, environment, cache=cache)
    with scratch("render") as directory:
        copy = _copied(live, directory)
        try:
            _terragrunt(path, copy / "live" / live.environment, ["stack", "generate"], _STACKS_S)
            return Rendering(inputs={unit.id: _inputs(path, live, unit, copy) for unit in live.units})
        except ProgramFailed as error:
            return Rendering(inputs={}, refused=str(error))


def _copied(live: Live, directory: Path) -> Path:
    copy = directory / live.infra.name
    shutil.copytree(live.infra, copy, ignore=shutil.ignore_patterns(".terraform*", ".terragrunt-*"))
    for file in copy.rglob("terragrunt.hcl"):
        file.write_text(_MOCKS_ONLY_FOR.sub("", file.read_text(encoding="utf-8")), encoding="utf-8")
    return copy


def _inputs(path: str, live: Live, unit: LiveUnit, copy: Path) -> Mapping[str, object]:
    directory = copy / unit.directory.relative_to(live.infra)
    shown = _terragrunt(path, directory, ["render", "--format", "json"], _UNIT_S).stdout
    try:
        inputs = json.loads(shown).get("inputs")
    except (ValueError, AttributeError):
        message = f"{unit.file.shown}: terragrunt render printed no JSON: {shown[:80]!r}"
        raise ProbeError(message) from None
    return inputs if isinstance(inputs, Mapping) else {}


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
    completed = run([path, *words], cwd=directory, env=env, within_s=within_s, name="terragrunt")
    return require(completed, doing=f"terragrunt {' '.join(words)} in {directory.name}")

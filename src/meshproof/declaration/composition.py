"""One root module out of all the units of an environment, in Terraform's JSON syntax.

A unit becomes a module call, `dependency.x.outputs.y` becomes `module.<location>_<unit>.y`: what crosses units is
resolved by Terraform itself and never mocked. A unit that cannot be planned is left out, and its outputs are unknown.
The modules are copied beside the root, so that `path.module` and every diagnostic name the same
`infra/modules/…` whatever checkout they come from, and equal trees give equal plans.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from meshproof.declaration import encoded, google, hcl
from meshproof.declaration.diagnostics import Diagnostic
from meshproof.declaration.expression import Expression, Literal
from meshproof.declaration.module import Module, Modules, Requirement
from meshproof.declaration.plan import Finding
from meshproof.declaration.terragrunt import Live, LiveUnit
from meshproof.declaration.unit_expressions import UnitWriter, as_json, block_values
from meshproof.errors import UsageError
from meshproof.judgement import Place

#: Part of every plan's digest: raise it when the composed root changes for the same input.
COMPOSITION: Final = 3

#: Lets the AWS provider plan without an account, a network or an emulator.
OFFLINE: Final[Mapping[str, object]] = {
    "access_key": "dummy",
    "secret_key": "dummy",
    "skip_credentials_validation": True,
    "skip_metadata_api_check": True,
    "skip_region_validation": True,
    "skip_requesting_account_id": True,
}
#: They would force the provider to ask the cloud who it is; kept as facts in `Plan.providers`.
_DROPPED: Final = ("allowed_account_ids", "forbidden_account_ids", "assume_role", "profile")
#: Who applies; the account that is applied to is still held to `allowed_account_ids`.
_OF_THE_CALLER: Final = ("assume_role", "profile")
AWS: Final = "hashicorp/aws"
ROOT_FILE: Final = "main.tf.json"
_CALL_LINE: Final = re.compile(r' {4}"(\w+)": \{$')
_INPUT_LINE: Final = re.compile(r' {6}"(\w+)": ')


@dataclass(frozen=True, slots=True, kw_only=True)
class Composition:
    """What the root holds: the units in it, what was left out and why, and the provider blocks as declared."""

    root: Mapping[str, object]
    units: tuple[LiveUnit, ...]
    providers: Mapping[str, Mapping[str, object]]
    left_out: tuple[Finding, ...]


#: Makes the AWS provider give up where an emulator does not know a call, instead of asking for minutes; an answer that
#: is cut off on the way is asked for again, as every AWS client does.
APPLIED: Final[Mapping[str, object]] = {"max_retries": 3}


class Composer:
    """Builds the composed root of one environment; `available` are the providers that can be had."""

    def __init__(self, live: Live, available: frozenset[str], only: frozenset[str] | None = None) -> None:
        """`available` holds sources such as `hashicorp/aws`.

        With `only` the root holds these units and can be applied: what others give is what their `mock_outputs` say,
        and the provider asks the account who it is.
        """
        self._live = live
        self._available = available
        self._only = only
        self._left_out: list[Finding] = [replace(one, hides=True) for one in live.missing]
        self._locals: dict[str, object] = {}
        self._providers: dict[str, dict[str, object]] = {}

    def compose(self) -> Composition:
        """The root as data. Raises UsageError where a unit names a module that is not there."""
        asked = [unit for unit in self._live.units if self._only is None or unit.id in self._only]
        units = tuple(unit for unit in asked if self._can_be_planned(unit))
        kept = {unit.id for unit in units}
        calls = {unit.label: self._call(unit, kept) for unit in units}
        outputs = {unit.label: self._output(unit) for unit in units} if self._only is None else {}
        root: dict[str, object] = {
            "terraform": {"required_providers": self._required(units)},
            "provider": self._provider_blocks(units),
            "resource": {"terraform_data": {"unknown": {}}},
            "locals": self._locals,
            "module": calls,
            "output": outputs,
        }
        return Composition(
            root={key: value for key, value in root.items() if value},
            units=units,
            providers=self._providers,
            left_out=tuple(self._left_out),
        )

    def _module(self, unit: LiveUnit) -> Module:
        if isinstance(unit.source, Path):
            return self._live.modules.module(unit.source)
        message = f"{unit.source_place}: unit {unit.id} names no local module; give terraform.source a path"
        raise UsageError(message)

    def _can_be_planned(self, unit: LiveUnit) -> bool:
        if not isinstance(unit.source, Path) or not unit.source.is_relative_to(self._live.infra):
            self._leave_out(unit, f"module source {unit.source or '(unknown)'} lies outside the tree", hides=True)
            return False
        for need in self._needs(self._module(unit)):
            stands_in = need.source == google.SOURCE and self._only is None
            if need.source not in self._available and not stands_in:
                self._leave_out(unit, f"provider {need.source} cannot be had here")
                return False
        return True

    def _leave_out(self, unit: LiveUnit, says: str, *, hides: bool = False) -> None:
        self._left_out.append(Finding(address=unit.id, place=unit.source_place, says=says, hides=hides))

    def _needs(self, module: Module) -> list[Requirement]:
        return needs(module, self._live.modules)

    def _required(self, units: tuple[LiveUnit, ...]) -> dict[str, object]:
        found = {one.name: {"source": one.source} for unit in units for one in self._needs(self._module(unit))}
        return {name: need for name, need in sorted(found.items()) if need["source"] in self._available}

    def _output(self, unit: LiveUnit) -> dict[str, object]:
        plain = [
            name
            for name, (_, block) in self._module(unit).outputs.items()
            if not _is_true(block.body.value("sensitive"))
        ]
        return {"value": {name: f"${{module.{unit.label}.{name}}}" for name in sorted(plain)}}

    def _call(self, unit: LiveUnit, kept: set[str]) -> dict[str, object]:
        module = self._module(unit)
        source = module.directory.relative_to(self._live.infra).as_posix()
        call: dict[str, object] = {"source": f"./{self._live.infra.name}/{source}"}
        scope = UnitWriter(unit, kept, self._locals, mocks_others=self._only is not None)
        for included in unit.includes:
            call |= {name: as_json(value) for name, value in included.inputs.items()}
        for name, value in unit.input_expressions.items():
            call[name] = scope.rendered(value)
        if aliases := self._passed(unit, module):
            call["providers"] = aliases
        return call

    def _passed(self, unit: LiveUnit, module: Module) -> dict[str, str]:
        passed = {}
        for need in self._needs(module):
            if need.source not in self._available:
                continue
            prefix = f"{need.name}.{unit.location}"
            passed[need.name] = prefix
            passed |= {f"{need.name}.{alias}": f"{prefix}_{alias}" for alias in need.aliases}
        return passed

    def _provider_blocks(self, units: tuple[LiveUnit, ...]) -> dict[str, list[dict[str, object]]]:
        blocks: dict[str, list[dict[str, object]]] = {}
        for location in dict.fromkeys(unit.location for unit in units):
            unit = next(one for one in units if one.location == location)
            for name, block in self._declared_providers(unit):
                alias = block.get("alias")
                suffix = f".{alias}" if alias else ""
                self._providers[f"{location}.{name}{suffix}"] = block
                if f"hashicorp/{name}" in self._available:
                    own = f"{location}_{alias}" if alias else location
                    reach = _offline(name, block) if self._only is None else _applied(name, block)
                    blocks.setdefault(name, []).append(reach | {"alias": own})
        return blocks

    def _declared_providers(self, unit: LiveUnit) -> list[tuple[str, dict[str, object]]]:
        found = []
        for included in unit.includes:
            for content in included.generated.values():
                file = hcl.parse(content, included.place.file)
                found += [
                    (block.labels[0], block_values(block.body)) for block in file.body.of("provider") if block.labels
                ]
        return found


def needs(module: Module, modules: Modules) -> list[Requirement]:
    """The providers that a module requires, with those of the modules it calls."""
    found = dict(module.requirements)
    for name in module.calls:
        directory = module.called(name)
        if directory is not None and directory != module.directory:
            for one in needs(modules.module(directory), modules):
                found.setdefault(one.name, one)
    return list(found.values())


def _is_true(node: Expression | None) -> bool:
    return isinstance(node, Literal) and node.value is True


def _offline(name: str, block: Mapping[str, object]) -> dict[str, object]:
    kept = {key: as_json(value) for key, value in block.items() if key not in _DROPPED}
    return {**kept, **(OFFLINE if name == "aws" else {})}


def _applied(name: str, block: Mapping[str, object]) -> dict[str, object]:
    kept = {key: as_json(value) for key, value in block.items() if key not in _OF_THE_CALLER}
    return {**kept, **(APPLIED if name == "aws" else {})}


def lay(composition: Composition, live: Live, directory: Path) -> None:
    """Lay the composed root and a copy of the modules it calls, as they are, into `directory`."""
    target = directory / live.infra.name
    shutil.rmtree(target, ignore_errors=True)
    folders = {one.source.relative_to(live.infra).parts[0] for one in composition.units if isinstance(one.source, Path)}
    for folder in sorted(folders):
        shutil.copytree(live.infra / folder, target / folder, ignore=shutil.ignore_patterns(".terraform*"))
    content = json.dumps(composition.root, indent=2, ensure_ascii=False)
    (directory / ROOT_FILE).write_text(content, encoding="utf-8")


def write(composition: Composition, live: Live, directory: Path, available: frozenset[str]) -> None:
    """Lay the composed root for planning: with stand-ins for what cannot be had, and texts opened."""
    lay(composition, live, directory)
    target = directory / live.infra.name
    for copy in sorted({path.parent for path in target.rglob("*.tf")}):
        module = live.modules.module(live.infra / copy.relative_to(target))
        stand_ins = google.SOURCE not in available and google.uses_google(module)
        if stand_ins:
            google.rewrite_module(module, copy)
        encoded.write(module, copy, stand_ins=stand_ins)


def declared(diagnostic: Diagnostic, composition: Composition, directory: Path) -> Diagnostic:
    """A diagnostic of the composed root, placed where the cause is declared."""
    place = diagnostic.place
    if place is None or place.line is None:
        return diagnostic
    try:
        text = (directory / place.file).read_text(encoding="utf-8")
    except OSError:
        return diagnostic
    if place.file == ROOT_FILE:
        found = _unit_place(text, place.line, composition)
        return replace(diagnostic, place=found) if found else diagnostic
    line = google.original_line(text, place.line)
    context = google.original(diagnostic.context) or diagnostic.context
    return replace(diagnostic, place=replace(place, line=line), context=context) if line else diagnostic


def _unit_place(text: str, line: int, composition: Composition) -> Place | None:
    """The unit and the input behind a line of the composed root."""
    above = text.split("\n")[:line]
    labels = (found[1] for row in reversed(above) if (found := _CALL_LINE.match(row)) is not None)
    names = (found[1] for row in reversed(above) if (found := _INPUT_LINE.match(row)) is not None)
    label, name = next(labels, ""), next(names, "")
    unit = next((one for one in composition.units if one.label == label), None)
    if unit is None:
        return None
    value = unit.input_expressions.get(name)
    return unit.file.place(value.start if value else 0)

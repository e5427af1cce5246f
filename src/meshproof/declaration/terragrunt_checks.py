"""What is wrong between the units of one environment, before Terraform sees them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from meshproof.declaration.expression import Reference, references
from meshproof.declaration.module import Module, is_module
from meshproof.declaration.plan import Finding
from meshproof.declaration.terragrunt import Dependency, Live, LiveUnit

_OUTPUT_PARTS = 4


def unit_findings(live: Live) -> list[Finding]:
    """Sources and paths that lead nowhere, circles, outputs and inputs that modules do not have."""
    found = list(live.missing)
    for unit in live.units:
        found += _source(live, unit)
        found += _dependencies(live, unit)
        found += _inputs(live, unit)
    found += cycles(live)
    return found


def _source(live: Live, unit: LiveUnit) -> Iterator[Finding]:
    if unit.source is None:
        yield _finding(unit, "names no module that can be told: set terraform.source", unit)
    elif isinstance(unit.source, Path) and not is_module(unit.source):
        shown = live.modules.shown(unit.source)
        yield Finding(address=unit.id, place=unit.source_place, says=f"source {shown} holds no Terraform module")


def _dependencies(live: Live, unit: LiveUnit) -> Iterator[Finding]:
    declared = {one.label: one for one in unit.dependencies}
    for one in unit.dependencies:
        if one.unit is None:
            says = f"dependency {one.label}: config_path {one.path or '(unknown)'} leads to no unit"
            yield Finding(address=unit.id, place=one.place, says=says)
    for label, output, reference in outputs_used(unit):
        says = _wrong_output(live, declared.get(label), label, output)
        if says:
            yield Finding(address=unit.id, place=unit.file.place(reference.start), says=says)


def outputs_used(unit: LiveUnit) -> Iterator[tuple[str, str, Reference]]:
    """Each `dependency.LABEL.outputs.NAME` of a unit's inputs: label, name, reference."""
    for value in unit.input_expressions.values():
        for reference in references(value):
            names = reference.names(_OUTPUT_PARTS)
            if reference.root == "dependency" and len(names) == _OUTPUT_PARTS:
                yield names[1], names[3], reference


def _wrong_output(live: Live, dependency: Dependency | None, label: str, output: str) -> str:
    if dependency is None:
        return f"dependency {label} is not declared"
    if output not in dependency.mock_outputs:
        return f"output {output} of {label} is not in mock_outputs: `terragrunt validate` could not see it"
    target = live.by_id.get(dependency.unit or "")
    module = module_of(live, target) if target else None
    if module is not None and output not in module.outputs:
        return f"module {live.modules.shown(module.directory)} has no output {output}"
    return ""


def module_of(live: Live, unit: LiveUnit) -> Module | None:
    """The module of a unit, None where its source leads to none."""
    return live.modules.module(unit.source) if isinstance(unit.source, Path) and is_module(unit.source) else None


def _inputs(live: Live, unit: LiveUnit) -> Iterator[Finding]:
    module = module_of(live, unit)
    if module is None:
        return
    given = {name for included in unit.includes for name in included.inputs}
    for name, value in unit.input_expressions.items():
        if name not in module.variables:
            shown = live.modules.shown(module.directory)
            says = f"input {name} is no variable of {shown}"
            yield Finding(address=unit.id, place=unit.file.place(value.start), says=says)
    for name, variable in module.variables.items():
        if variable.required and name not in unit.input_expressions and name not in given:
            yield _finding(unit, f"input {name} is missing ({variable.place} has no default)", unit)


def _finding(unit: LiveUnit, says: str, at: LiveUnit) -> Finding:
    start = at.inputs.start if at.inputs else 0
    return Finding(address=unit.id, place=unit.file.place(start), says=says)


def cycles(live: Live) -> list[Finding]:
    """Every circle of dependencies, named once from its first unit."""
    graph = {unit.id: [one for one in unit.dependencies if one.unit] for unit in live.units}
    found: dict[frozenset[str], Finding] = {}
    done: set[str] = set()
    for start in graph:
        for circle in _circles(graph, start, done):
            key = frozenset(circle)
            if key not in found:
                ring = " -> ".join((*circle, circle[0]))
                place = next(one.place for one in graph[circle[0]] if one.unit == circle[1 % len(circle)])
                found[key] = Finding(address=circle[0], place=place, says=f"units depend on one another: {ring}")
    return list(found.values())


def _circles(graph: Mapping[str, list[Dependency]], start: str, done: set[str]) -> Iterator[list[str]]:
    """Depth first without recursion: each way back to a unit that is still open closes a circle."""
    trail = [start] if start not in done else []
    pending = [iter(graph[start])] if trail else []
    while pending:
        step = next(pending[-1], None)
        if step is None:
            done.add(trail.pop())
            pending.pop()
            continue
        target = step.unit or ""
        if target in trail:
            yield trail[trail.index(target) :]
        elif target in graph and target not in done:
            trail.append(target)
            pending.append(iter(graph[target]))

"""Edited modules planned beside the real ones: what an edit in HCL makes of a plan.

All variants of an environment are calls in one composed root, so a hundred edits cost one run of Terraform.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from meshproof.declaration import composition, encoded, google, plan_json, terragrunt
from meshproof.declaration.module import Modules
from meshproof.declaration.plan_json import Planned
from meshproof.declaration.scope import HclScope
from meshproof.declaration.terraform import restored
from meshproof.declaration.terraform_run import Terraform, init_key, planned_json, workspace
from meshproof.errors import UsageError

Values = Mapping[str, Mapping[str, object]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """A unit's module with some of its files replaced; `name` is a word, unique among the variants of one call."""

    name: str
    unit: str
    changes: Mapping[str, str]

    @property
    def label(self) -> str:
        """Its module call in the composed root."""
        return f"variant_{self.name}"


def plan_variants(
    infra: Path, environment: str, variants: Sequence[Variant], *, terraform: Callable[[], Terraform], cache: Path
) -> Mapping[str, Values]:
    """For each variant, the values of its unit's resources by the addresses that they have in the real plan.

    Raises UsageError, naming the variant's file, where an edit is not valid.
    """
    live = terragrunt.read_live(infra.resolve(), environment, cache=cache)
    program = terraform()
    available = frozenset(program.offered)
    composed = composition.Composer(live, available).compose()
    units = {unit.id: unit for unit in composed.units}
    for one in variants:
        if one.unit not in units:
            message = f"variant {one.name}: {environment} plans no unit {one.unit}; planned: {', '.join(sorted(units))}"
            raise UsageError(message)
    root = {**composed.root, "module": _calls(composed.root, variants, units)}
    composed = replace(composed, root=root)
    with workspace(cache, init_key(root, program)) as directory:
        composition.write(composed, live, directory, available)
        modules = Modules(directory, cache)
        scopes = {
            one.name: _written(one, units[one.unit], live, modules, stand_ins=google.SOURCE not in available)
            for one in variants
        }
        text = planned_json(program, directory, lambda found: composition.declared(found, composed, directory))
    rows = list(plan_json.planned(plan_json.loaded(text, "the variants"), "the variants"))
    return {one.name: dict(_values(one, units[one.unit], rows, scopes[one.name])) for one in variants}


def _calls(
    root: Mapping[str, object], variants: Sequence[Variant], units: Mapping[str, terragrunt.LiveUnit]
) -> Mapping[str, object]:
    calls = root["module"]
    assert isinstance(calls, Mapping)  # noqa: S101 - the composer made it
    return {**calls, **{one.label: _call(one, calls[units[one.unit].label]) for one in variants}}


def _call(variant: Variant, call: Mapping[str, object]) -> Mapping[str, object]:
    return {**call, "source": f"{call['source']}__{variant.name}"}


def _written(
    variant: Variant, unit: terragrunt.LiveUnit, live: terragrunt.Live, modules: Modules, *, stand_ins: bool
) -> HclScope:
    """Lay the edited module beside the one that it varies, so that relative calls lead where they did."""
    assert isinstance(unit.source, Path)  # noqa: S101 - a composed unit has a local module
    original = modules.root / live.infra.name / unit.source.relative_to(live.infra)
    target = original.with_name(f"{original.name}__{variant.name}")
    shutil.copytree(unit.source, target, ignore=shutil.ignore_patterns(".terraform*"))
    for name, text in variant.changes.items():
        (target / name).write_text(text, encoding="utf-8")
    module = modules.module(target)
    rewritten = stand_ins and google.uses_google(module)
    if rewritten:
        google.rewrite_module(module, target)
    encoded.write(module, target, stand_ins=rewritten)
    return HclScope(module, modules, (unit.label,))


def _values(
    variant: Variant, unit: terragrunt.LiveUnit, rows: Sequence[Planned], scope: HclScope
) -> Iterator[tuple[str, Mapping[str, object]]]:
    own = [
        replace(restored(row), module=(unit.label, *row.module[1:]))
        for row in rows
        if row.module[:1] == (variant.label,)
    ]
    scopes = {one.path: one for one in scope.below()}
    for address, values in encoded.opened(own, scopes).items():
        yield f"module.{unit.label}.{address.removeprefix(f'module.{variant.label}.')}", values

"""Generated mutants made in HCL as well and planned by Terraform: does the edit in memory say what Terraform says?

One mutant for each operator and module of an environment; the modules so edited are planned beside the real ones, all
in one run. What Terraform refuses to plan is no mutant: the next candidate takes its place.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from meshproof.declaration import terragrunt
from meshproof.declaration.model import UNKNOWN, Declaration, Record, canonical
from meshproof.declaration.terraform_run import Refused, Terraform
from meshproof.declaration.variants import Variant, plan_variants
from meshproof.errors import UsageError
from meshproof.mutation.edits import put
from meshproof.mutation.generate import Site
from meshproof.mutation.hcl_edits import HclEdit, edited, hcl_edit

#: Values of a module's resources by address.
Planned = Mapping[str, Mapping[str, object]]

#: Terraform names all that validation refuses at once, and what only planning refuses one by one.
_ROUNDS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Replanned:
    """One edit made twice.

    `outcome` is same, undecided where Terraform leaves the edited value to the provider, or differs. `follows` are
    other values that Terraform derived from the edit.
    """

    module: str
    address: str
    path: str
    operator: str
    outcome: str
    follows: tuple[str, ...]
    said: str


@dataclass(frozen=True, kw_only=True)
class _Module:
    """The candidates of one module, in order, and those that Terraform refused."""

    name: str
    shown: str
    unit: terragrunt.LiveUnit
    files: Mapping[str, object]
    candidates: Mapping[str, list[HclEdit]]

    def chosen(self) -> dict[str, HclEdit]:
        """The first candidate of each operator; no two edit the same resource."""
        found: dict[str, HclEdit] = {}
        for operator, edits in sorted(self.candidates.items()):
            taken = {one.site.address for one in found.values()}
            first = next((one for one in edits if one.site.address not in taken), None)
            if first is not None:
                found[operator] = first
        return found

    def blamed(self, file: str, line: int) -> list[HclEdit]:
        """The edits that an error points at; else those that take something away that others need."""
        chosen = list(self.chosen().values())
        hit = [one for one in chosen if one.file == file and one.first_line <= line <= one.last_line]
        return hit or [one for one in chosen if one.site.becomes is None] or chosen

    def without(self, refused: set[Hashable]) -> _Module:
        """The module without the edits of these shapes."""
        left = {name: [one for one in edits if _shape(one) not in refused] for name, edits in self.candidates.items()}
        return replace(self, candidates=left)


def replan(
    infra: Path,
    declaration: Declaration,
    sites: Sequence[Site],
    *,
    terraform: Callable[[], Terraform],
    cache: Path,
) -> list[Replanned]:
    """Each module's mutants, planned by Terraform and compared with the same edits in memory.

    `sites` are possible edits in order of preference. Raises UsageError where no round of candidates can be planned,
    TargetError where Terraform is missing.
    """
    live = terragrunt.read_live(infra, declaration.environment, cache=cache)
    modules = list(_modules(live, declaration, sites))
    for _ in range(_ROUNDS):
        variants = [_variant(one) for one in modules if one.chosen()]
        if not variants:
            return []
        try:
            found = plan_variants(infra, declaration.environment, variants, terraform=terraform, cache=cache)
        except Refused as refused:
            shapes = {_shape(one) for one in _blamed(modules, refused)}
            modules = [one.without(shapes) for one in modules]
            continue
        return [row for one in modules for row in _compared(one, declaration, found.get(one.name, {}))]
    message = f"mutants in HCL: Terraform refused {_ROUNDS} rounds of edits; list the worst as equivalent"
    raise UsageError(message)


def _modules(live: terragrunt.Live, declaration: Declaration, sites: Sequence[Site]) -> Iterator[_Module]:
    """One entry for each module of the tree, seen through the first unit that uses it."""
    by_owner: dict[str, list[Site]] = {}
    for site in sites:
        by_owner.setdefault(declaration.by_address[site.address].owner, []).append(site)
    done: set[Path] = set()
    for unit in live.units:
        if not isinstance(unit.source, Path) or unit.source in done or unit.id not in by_owner:
            continue
        done.add(unit.source)
        candidates: dict[str, list[HclEdit]] = {}
        for site in by_owner[unit.id]:
            edit = _edit(live, unit, declaration.by_address[site.address], site)
            if edit is not None:
                candidates.setdefault(site.operator, []).append(edit)
        yield _Module(
            name=f"edited{len(done)}",
            shown=live.modules.shown(unit.source),
            unit=unit,
            files={file.shown.rpartition("/")[2]: file for file in live.modules.module(unit.source).files},
            candidates=candidates,
        )


def _edit(live: terragrunt.Live, unit: terragrunt.LiveUnit, record: Record, site: Site) -> HclEdit | None:
    assert isinstance(unit.source, Path)  # noqa: S101 - told apart by the caller
    key = record.address.removeprefix(f"module.{unit.label}.")
    declared = live.modules.module(unit.source).resources.get(key)
    if declared is None or any(name in declared[1].body.attributes for name in ("count", "for_each")):
        return None  # an instance of many, or declared in a module that this one calls
    return hcl_edit(site, record, *declared)


def _variant(module: _Module) -> Variant:
    by_file: dict[str, list[HclEdit]] = {}
    for one in module.chosen().values():
        by_file.setdefault(one.file, []).append(one)
    changes = {name: edited(module.files[name], edits) for name, edits in by_file.items()}  # type: ignore[arg-type]  # parsed files
    return Variant(name=module.name, unit=module.unit.id, changes=changes)


def _blamed(modules: Sequence[_Module], refused: Refused) -> list[HclEdit]:
    """The edits that Terraform refuses; errors that name no edited module are the caller's to see."""
    known = {one.name: one for one in modules}
    found: list[HclEdit] = []
    for place in (one.place for one in refused.found if one.place is not None):
        folder, _, file = place.file.rpartition("/")
        module = known.get(folder.rpartition("__")[2])
        found += module.blamed(file, place.line or 0) if module is not None else []
    if not found:
        raise refused
    return found


def _shape(edit: HclEdit) -> Hashable:
    """What the provider refuses once it refuses everywhere: the operator on this attribute of this type."""
    site = edit.site
    kind = site.address.rsplit(".", 2)[-2]
    path = tuple(part for part in site.path if not part.isdigit())
    return (kind, path, site.operator) if path else (site.address, site.operator)


def _compared(
    module: _Module, declaration: Declaration, values: Mapping[str, Mapping[str, object]]
) -> Iterator[Replanned]:
    chosen = module.chosen()
    edited_addresses = {one.site.address for one in chosen.values()}
    others = _changed_elsewhere(module, declaration, values, edited_addresses)
    for operator, edit in sorted(chosen.items()):
        site = edit.site
        outcome, said = _outcome(declaration.by_address[site.address], site, values.get(site.address))
        follows = _derived(declaration.by_address[site.address], site, values.get(site.address))
        yield Replanned(
            module=module.shown,
            address=site.address,
            path=".".join(site.path),
            operator=operator,
            outcome=outcome,
            follows=(*follows, *others),
            said=said,
        )


def _changed_elsewhere(
    module: _Module, declaration: Declaration, values: Planned, edited_here: set[str]
) -> tuple[str, ...]:
    """Resources of the module that no edit names and that Terraform nevertheless plans otherwise."""
    own = {one.address: one for one in declaration.records if one.owner == module.unit.id and one.family == "terraform"}
    mark = f"__{module.name}"  # the edited copy of a module lies in a folder of its own
    return tuple(
        address
        for address, record in sorted(own.items())
        if address not in edited_here and canonical(values.get(address)).replace(mark, "") != canonical(record.values)
    )


def _outcome(record: Record, site: Site, planned: Mapping[str, object] | None) -> tuple[str, str]:
    """Whether the plan says the same at the edited attribute, and the words where it does not."""
    if not site.path:
        return ("same", "") if planned is None else ("differs", "Terraform still plans it")
    if planned is None:
        return "differs", "Terraform no longer plans it"
    top = site.path[0]
    ours, theirs = _plain(_edited_values(record, site).get(top)), _plain(planned.get(top))
    if canonical(ours) == canonical(theirs):
        return "same", ""
    if _fits(ours, theirs):
        return "undecided", f"Terraform leaves {'.'.join(site.path)} to the provider"
    return "differs", f"in memory {top} is {ours!r}, Terraform plans {theirs!r}"


def _derived(record: Record, site: Site, planned: Mapping[str, object] | None) -> tuple[str, ...]:
    """Other attributes of the same resource that Terraform plans anew."""
    if not site.path or planned is None:
        return ()
    ours, top = _edited_values(record, site), site.path[0]
    names = [one for one in sorted(ours.keys() | planned.keys()) if one != top]
    return tuple(
        f"{site.address}.{one}"
        for one in names
        if canonical(_plain(planned.get(one))) != canonical(_plain(ours.get(one)))
    )


def _edited_values(record: Record, site: Site) -> Mapping[str, object]:
    edited_here = put(record.values, site.path, site.becomes)
    assert isinstance(edited_here, Mapping)  # noqa: S101 - a mapping in, a mapping out
    return edited_here


def _fits(ours: object, theirs: object) -> bool:
    """Whether `theirs` differs from `ours` only by values that are known after apply."""
    if theirs is UNKNOWN:
        return True
    if isinstance(ours, Mapping) and isinstance(theirs, Mapping):
        return all(_fits(ours.get(key), theirs.get(key)) for key in ours.keys() | theirs.keys())
    if isinstance(ours, list) and isinstance(theirs, list):
        return len(ours) == len(theirs) and all(_fits(one, other) for one, other in zip(ours, theirs, strict=True))
    return canonical(ours) == canonical(theirs)


def _plain(value: object) -> object:
    """What both edits must agree on: a number may be held as text, nothing may be written as null or as no block.

    Nested blocks are compared without their order: a set of blocks has none.
    """
    if isinstance(value, Mapping):
        plain = {key: _plain(one) for key, one in value.items()}
        return {key: one for key, one in plain.items() if one is UNKNOWN or one not in (None, [])}
    if isinstance(value, (list, tuple)):
        items = [_plain(one) for one in value]
        return sorted(items, key=canonical) if any(isinstance(one, Mapping) for one in items) else items or None
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return f"{value:g}" if float(value).is_integer() else str(value)
    return value

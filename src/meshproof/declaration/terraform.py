"""One environment's Terraform, planned as a whole by the real tool, read once per digest of what it is made from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from meshproof.declaration import composition, google, google_schema, plan_json, terragrunt
from meshproof.declaration.facts import facts
from meshproof.declaration.model import UNKNOWN, Place
from meshproof.declaration.module import Module
from meshproof.declaration.plan import Plan, Unit
from meshproof.declaration.plan_json import Planned
from meshproof.declaration.plan_store import load, save
from meshproof.declaration.provider_locks import provider_locks
from meshproof.declaration.resolving import resources
from meshproof.declaration.scope import HclScope, UnitScope
from meshproof.declaration.static import static_rows
from meshproof.declaration.terraform_run import Terraform, init_key, planned_json, workspace
from meshproof.declaration.terragrunt_checks import module_of, outputs_used
from meshproof.errors import UsageError

_IGNORED = frozenset({".terraform", ".terragrunt-stack", ".terragrunt-cache"})


def read_plan(
    infra: Path,
    environment: str,
    *,
    terraform: Callable[[], Terraform],
    cache: Path,
    keep: Callable[[Path], None] | None = None,
) -> Plan:
    """The plan of one environment, out of `cache` where nothing that it is made from has changed.

    `terraform` finds the program when it is needed; `keep` is told where the composed root lies. Raises UsageError for
    what is wrong in the declaration and TargetError for what is missing on this machine.
    """
    infra = infra.resolve()
    program = terraform()
    name = _digest(infra, environment, program)
    kept = cache / "plans" / f"{name}.json"
    if keep is None and (found := load(kept)) is not None:
        return found
    live = terragrunt.read_live(infra, environment, cache=cache)
    if not live.units:
        message = f"{infra.name}/live/{environment} declares no unit; add a {terragrunt.STACK_FILE}"
        raise UsageError(message)
    plan = replace(_planned(live, program, cache, keep), digest=name)
    save(kept, plan)
    return plan


def input_files(infra: Path) -> Iterator[Path]:
    """Every file that can change a plan, in order."""
    for folder in sorted(path for path in infra.iterdir() if path.is_dir()):
        if not any(next(folder.rglob(pattern), None) for pattern in ("*.tf", "*.hcl")):
            continue
        for path in sorted(folder.rglob("*")):
            if path.is_file() and not _IGNORED & set(path.parts) and path.suffix != ".md":
                yield path


def _digest(infra: Path, environment: str, terraform: Terraform) -> str:
    total = hashlib.sha256(json.dumps([environment, composition.COMPOSITION, terraform.fingerprint]).encode())
    for path in input_files(infra):
        total.update(path.relative_to(infra).as_posix().encode() + b"\0")
        total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


def _planned(live: terragrunt.Live, terraform: Terraform, cache: Path, keep: Callable[[Path], None] | None) -> Plan:
    available = frozenset(terraform.offered)
    composed = composition.Composer(live, available).compose()
    with workspace(cache, init_key(composed.root, terraform)) as directory:
        composition.write(composed, live, directory, available)
        text = planned_json(terraform, directory, lambda one: composition.declared(one, composed, directory))
        if keep is not None:
            keep(directory)
    data = plan_json.loaded(text, "the composed root")
    rows = [
        restored(row) for row in plan_json.planned(data, "the composed root") if row.key != "terraform_data.unknown"
    ]
    scopes, units, outputs = _scopes(live), {unit.label: unit.id for unit in live.units}, _outputs(data)
    for unit in live.units:
        if unit not in composed.units and (left := scopes.get((unit.label,))):
            rows.extend(static_rows(left))  # nobody plans it, but what it declares is not nothing
    found, refused = resources(rows, scopes, units=units, elsewhere=Place(file=f"{live.infra.name}/modules"))
    return Plan(
        environment=live.environment,
        resources=found,
        refused=refused,
        units=tuple(_unit(live, unit) for unit in live.units),
        outputs=outputs,
        facts=tuple(facts(rows, scopes, outputs, units)),
        providers=composed.providers,
        undecided=(*live.outside, *composed.left_out),
        programs={"terraform": terraform.version, **terraform.offered},
        digest="",
    )


def restored(row: Planned) -> Planned:
    """A stand-in as the Google resource that it stands for; anything else as it is."""
    address = google.original(row.address) if row.type == "terraform_data" else None
    if address is None:
        return row
    key = google.original(f"x.{row.key}")
    assert key is not None  # noqa: S101 - the key is the tail of an address that matched
    key = key.removeprefix("x.")
    kind, _, name = key.removeprefix("data.").partition(".")
    entries = google_schema.schema(key.rpartition(".")[0] if key.startswith("data.") else kind) or {}
    declared = row.values.get("input")
    values: dict[str, object] = {name: UNKNOWN for name, one in entries.items() if one.computed}
    if isinstance(declared, Mapping):
        values |= {one: google_schema.converted(value, entries.get(one)) for one, value in declared.items()}
    return replace(row, address=address, key=key, type=kind, name=name, provider=google.SOURCE, values=values)


def _outputs(data: Mapping[str, object]) -> Mapping[str, object]:
    changes = data.get("output_changes")
    found: dict[str, object] = {}
    for name, change in changes.items() if isinstance(changes, Mapping) else ():
        found[name] = plan_json.merged(change.get("after"), change.get("after_unknown"), change.get("after_sensitive"))
    return found


def _unit(live: terragrunt.Live, unit: terragrunt.LiveUnit) -> Unit:
    inputs: dict[str, object] = {}
    for included in unit.includes:
        inputs |= included.inputs
    inputs |= {name: unit.scope.value(value) for name, value in unit.input_expressions.items()}
    module = module_of(live, unit)
    variables = module.variables if module else {}
    return Unit(
        id=unit.id,
        module_source=live.modules.shown(unit.source) if isinstance(unit.source, Path) else unit.source or "",
        place=Place(file=unit.file.shown, line=1),
        inputs=inputs,
        dependencies=tuple(one.unit or one.path for one in unit.dependencies),
        variables={name: "required" if one.required else "optional" for name, one in variables.items()},
        outputs=tuple(sorted(module.outputs)) if module else (),
        uses=tuple(_uses(unit)),
        remote_state=next((one.remote_state for one in unit.includes if one.remote_state), {}),
        providers=tuple(_locks(live, unit, module)) if module else (),
    )


def _locks(live: terragrunt.Live, unit: terragrunt.LiveUnit, module: Module) -> Iterator[Mapping[str, object]]:
    return provider_locks(live.modules, module, (live.infra.parent / unit.file.shown).parent)


def _uses(unit: terragrunt.LiveUnit) -> Iterator[Mapping[str, object]]:
    declared = {one.label: one for one in unit.dependencies}
    for label, output in sorted({(label, output) for label, output, _ in outputs_used(unit)}):
        dependency = declared.get(label)
        yield {
            "dependency": label,
            "unit": (dependency.unit or "") if dependency else "",
            "output": output,
            "mocked": dependency is not None and output in dependency.mock_outputs,
        }


def _scopes(live: terragrunt.Live) -> dict[tuple[str, ...], HclScope]:
    """Every module call below the composed root, and below the units that are left out of it."""
    roots: dict[str, HclScope] = {}
    for unit in live.units:
        if (module := module_of(live, unit)) is not None:
            roots[unit.id] = HclScope(
                module, live.modules, (unit.label,), unit.input_expressions, UnitScope(unit, roots)
            )
    return {scope.path: scope for root in roots.values() for scope in root.below()}

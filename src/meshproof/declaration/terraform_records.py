"""Terraform's plan as records, and the facts that it hands to the clusters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from platformdirs import user_cache_path

from meshproof.declaration.model import UNKNOWN, Note, Place, Record
from meshproof.declaration.plan import Plan, Resource, Unit
from meshproof.declaration.substitution import Facts
from meshproof.declaration.terraform import read_plan
from meshproof.declaration.terraform_program import locate
from meshproof.verdict import Assurance, Fidelity

_SITES = ("primary", "standby")


def read_terraform(
    infra: Path, environment: str, plan_file: Path | None
) -> tuple[list[Record], list[Note], dict[str, Facts]]:
    """Resources, units and facts of one environment; facts by site."""
    plan = _plan(infra, environment, plan_file)
    if plan is None:
        return [], [], dict.fromkeys(_SITES, Facts(values={}, addresses={}))
    records = [_resource(one) for one in plan.resources]
    records += [_unit(one) for one in plan.units]
    notes = [Note(subject=one.address, place=one.place, says=one.says) for one in plan.undecided]
    facts = {}
    for site in _SITES:
        mine = list(_facts(plan, site))
        records += mine
        facts[site] = Facts(
            values={one.name: one.values["value"] for one in mine}, addresses={one.name: one.address for one in mine}
        )
    return records, notes, facts


def _plan(infra: Path, environment: str, plan_file: Path | None) -> Plan | None:
    cache = user_cache_path("meshproof")
    if (infra / "live").is_dir():
        return read_plan(infra, environment, terraform=lambda: locate(infra, cache=cache), cache=cache)
    return None


def _resource(one: Resource) -> Record:
    planned = one.resolved_by == "provider"
    return Record(
        family="terraform",
        kind=one.type,
        address=one.address,
        name=one.name,
        site=one.unit.partition("/")[0],
        owner=one.unit,
        values=one.values,
        references=one.references,
        place=one.place,
        assurance=Assurance.RESOLVED if planned else Assurance.DECLARED,
        fidelity=Fidelity.REAL if planned else Fidelity.STAND_IN,
    )


def _unit(one: Unit) -> Record:
    return Record(
        family="terragrunt",
        kind="unit",
        address=f"unit:{one.id}",
        name=one.id,
        site=one.id.partition("/")[0],
        owner="unit",
        values={
            "source": one.module_source,
            "inputs": one.inputs,
            "dependencies": list(one.dependencies),
            "remote_state": one.remote_state,
        },
        place=one.place,
        assurance=Assurance.RESOLVED,
    )


def _facts(plan: Plan, site: str) -> Iterator[Record]:
    """What the site's `facts` input hands to its cluster, one record for each fact."""
    for unit in plan.units:
        declared = unit.inputs.get("facts")
        if unit.id.partition("/")[0] == site and isinstance(declared, Mapping):
            known = plan.outputs.get(f"{unit.id.replace('/', '_').replace('-', '_')}_facts")
            for name, value in sorted(declared.items()):
                shown = known.get(name, UNKNOWN) if isinstance(known, Mapping) and value is UNKNOWN else value
                yield _fact(site, name, shown, unit.place)


def _fact(site: str, name: str, value: object, place: Place) -> Record:
    return Record(
        family="terragrunt",
        kind="fact",
        address=f"fact:{site}/{name}",
        name=name,
        site=site,
        owner="fact",
        values={"value": value},
        place=place,
        assurance=Assurance.RESOLVED,
    )

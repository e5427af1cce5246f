"""Terraform's plan as records, and the facts that it hands to the clusters."""

from __future__ import annotations

from pathlib import Path

from platformdirs import user_cache_path

from meshproof.declaration.model import Note, Record
from meshproof.declaration.plan import Fact, Plan, Resource, Unit
from meshproof.declaration.substitution import Facts
from meshproof.declaration.terraform import read_plan
from meshproof.declaration.terraform_program import locate
from meshproof.declaration.tree import read_plan_file, read_tree
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
    notes = [Note(subject=one.address, place=one.place, says=one.says, hides=one.hides) for one in plan.undecided]
    told = [_fact(one) for one in plan.facts]
    facts = {site: _told(told, site) for site in _SITES}
    return records + told, notes, facts


def _told(facts: list[Record], site: str) -> Facts:
    mine = [one for one in facts if one.site == site]
    return Facts(
        values={one.name: one.values["value"] for one in mine}, addresses={one.name: one.address for one in mine}
    )


def _plan(infra: Path, environment: str, plan_file: Path | None) -> Plan | None:
    cache = user_cache_path("meshproof")
    if plan_file is not None:
        return read_plan_file(plan_file)
    if (infra / "live").is_dir():
        return read_plan(infra, environment, terraform=lambda: locate(infra, cache=cache), cache=cache)
    if next(infra.rglob("*.tf"), None) is not None:
        return read_tree(infra, terraform=lambda: locate(infra, cache=cache), cache=cache)
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
        region=one.region,
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
            "variables": one.variables,
            "outputs": list(one.outputs),
            "uses": list(one.uses),
            "remote_state": one.remote_state,
            "providers": list(one.providers),
        },
        place=one.place,
        assurance=Assurance.RESOLVED,
    )


def _fact(one: Fact) -> Record:
    site = one.unit.partition("/")[0]
    return Record(
        family="terragrunt",
        kind="fact",
        address=f"fact:{site}/{one.name}",
        name=one.name,
        site=site,
        owner="fact",
        values={"value": one.value},
        references={"value": one.references} if one.references else {},
        place=one.place,
        assurance=Assurance.RESOLVED,
    )

"""A plan as a file of the cache: JSON, readable by its owner only."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from meshproof.declaration.hcl_cache import store
from meshproof.declaration.model import UNKNOWN, Place, canonical
from meshproof.declaration.plan import Fact, Finding, Plan, Resource, Unit
from meshproof.declaration.plan_json import uncollected

#: Raise it when the shape of a plan changes: older files are then read anew.
SHAPE: Final = 8


def save(path: Path, plan: Plan) -> None:
    """Keep a plan; a cache that cannot be written is not an error."""
    rows = {
        "shape": SHAPE,
        "environment": plan.environment,
        "digest": plan.digest,
        "resources": [_resource_row(one) for one in plan.resources],
        "units": [_row(one) for one in plan.units],
        "outputs": plan.outputs,
        "providers": plan.providers,
        "facts": [_row(one) for one in plan.facts],
        "undecided": [_row(one) for one in plan.undecided],
        "refused": [_row(one) for one in plan.refused],
        "programs": plan.programs,
    }
    store(path, canonical(rows).encode())


def load(path: Path) -> Plan | None:
    """A plan that was kept, None where there is none or it has another shape."""
    try:
        with uncollected():
            rows = json.loads(path.read_bytes(), object_hook=_hook)
        if rows["shape"] != SHAPE:
            return None
        return Plan(
            environment=rows["environment"],
            digest=rows["digest"],
            resources=tuple(_resource(one) for one in rows["resources"]),
            units=tuple(_unit(one) for one in rows["units"]),
            outputs=rows["outputs"],
            providers=rows["providers"],
            facts=tuple(_fact(one) for one in rows["facts"]),
            undecided=tuple(_finding(one) for one in rows["undecided"]),
            refused=tuple(_finding(one) for one in rows["refused"]),
            programs=rows["programs"],
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _hook(found: dict[str, Any]) -> object:
    return UNKNOWN if len(found) == 1 and found.get("$unknown") is True else found


def _row(one: Fact | Finding | Unit) -> dict[str, object]:
    names = type(one).__dataclass_fields__
    return {name: asdict(value) if isinstance(value := getattr(one, name), Place) else value for name in names}


def _resource_row(one: Resource) -> list[object]:
    return [
        one.address,
        one.type,
        one.name,
        one.index,
        one.module,
        one.unit,
        one.values,
        one.references,
        one.place.file,
        one.place.line,
        one.resolved_by,
        one.region,
    ]


def _resource(row: list[Any]) -> Resource:
    address, kind, name, index, module, unit, values, references, file, line, resolved_by, region = row
    return Resource(
        address=address,
        type=kind,
        name=name,
        index=index,
        module=module,
        unit=unit,
        values=values,
        references={path: tuple(targets) for path, targets in references.items()},
        place=Place(file=file, line=line),
        resolved_by=resolved_by,
        region=region,
    )


def _finding(row: dict[str, Any]) -> Finding:
    return Finding(**{**row, "place": Place(**row["place"])})


def _unit(row: dict[str, Any]) -> Unit:
    lists = {name: tuple(row[name]) for name in ("dependencies", "outputs", "uses", "providers")}
    return Unit(**{**row, **lists, "place": Place(**row["place"])})


def _fact(row: dict[str, Any]) -> Fact:
    return Fact(**{**row, "place": Place(**row["place"]), "references": tuple(row["references"])})

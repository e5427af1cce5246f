"""Google's resources against the provider's schema, where the provider itself cannot be had."""

from __future__ import annotations

from collections.abc import Mapping

from meshproof import Control, Level, Pillar, checks, edit, judge
from meshproof.declaration.google_schema import schema, schema_findings
from meshproof.declaration.model import canonical
from meshproof.declaration.plan import Resource
from meshproof.declaration.platform import Item, Platform

SCHEMA = Control(
    id="TF-100",
    title="Every Google resource MUST fit the provider's schema: type, attributes, nesting, what is required",
    system="terraform",
    pillar=Pillar.OPERATIONS,
    level=Level.MUST,
    since="1.0",
    source="https://registry.terraform.io/providers/hashicorp/google/6.50.0/docs",
    remedy="Correct the attribute; the provider would refuse it at plan time.",
    frameworks={"nist": "CM-6", "soc2": "CC8.1"},
    mutants=[
        edit("google_container_cluster", "*", {"enable_autopilot": "perhaps"}, says="enable_autopilot"),
        edit("google_sql_database_instance", "*", {"database_versoin": "POSTGRES_15"}, says="database_versoin"),
    ],
)


@checks(SCHEMA)
def test_google_resources_fit_the_schema(platform: Platform) -> None:
    """What the provider would refuse is found without it."""
    items = [one for one in platform.family("terraform") if one.kind.startswith("google_")]
    said: dict[str, list[str]] = {}
    for finding in schema_findings(_resource(one) for one in items):
        said.setdefault(finding.address, []).append(finding.says)

    findings = judge(items, lambda one: said.get(one.address))

    assert not findings.broken, findings.table()


def _resource(item: Item) -> Resource:
    return Resource(
        address=item.address,
        type=item.kind,
        name=item.name,
        index=None,
        module="",
        unit=item.owner,
        values=_as_written(item),
        references={},
        place=item.place,
        resolved_by="language",
    )


def _as_written(item: Item) -> dict[str, object]:
    """The values with encoded texts put back into text: a declaration shows what stands inside them."""
    entries = schema(item.kind) or {}
    values = dict(item.mapping(()))
    for name, value in values.items():
        entry = entries.get(name)
        if entry is not None and entry.type == "string" and isinstance(value, (Mapping, list)):
            values[name] = canonical(value)
    return values

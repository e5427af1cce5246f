"""What Terraform tells the clusters: the output `facts` of a unit, each entry followed to the resources behind it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from meshproof.declaration.expression import Access
from meshproof.declaration.plan import Fact
from meshproof.declaration.plan_json import Planned
from meshproof.declaration.references import Follower, Instances
from meshproof.declaration.scope import HclScope

#: The output that holds them.
OUTPUT = "facts"


def facts(
    rows: Sequence[Planned],
    scopes: Mapping[tuple[str, ...], HclScope],
    outputs: Mapping[str, object],
    units: Mapping[str, str],
) -> Iterator[Fact]:
    """The facts of every unit that hands some out, in order; `units` maps a module call to its unit."""
    instances = Instances((row.module, row.key, row.index, row.address) for row in rows)
    follower = Follower()
    for label, unit in sorted(units.items()):
        scope, told = scopes.get((label,)), outputs.get(label)
        values = told.get(OUTPUT) if isinstance(told, Mapping) else None
        bound = scope.output(OUTPUT) if scope is not None else None
        if scope is None or bound is None or not isinstance(values, Mapping):
            continue
        expression, where = bound
        file, block = scope.module.outputs[OUTPUT]
        for name, value in sorted(values.items()):
            chosen = Access(start=expression.start, end=expression.end, base=expression, steps=(name,))
            targets = follower.targets(chosen, where)
            yield Fact(
                name=name,
                unit=unit,
                value=value,
                references=instances.addresses(targets),
                place=file.place(block.start),
            )

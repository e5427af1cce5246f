"""What `--prove` adds to the collected checks: the generated mutants, and those made in HCL as well."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import pytest

from meshproof.declaration.model import Declaration
from meshproof.mutation.generated import GeneratedMutants, shards_of
from meshproof.mutation.replanned import NAME, ReplannedMutants, can_replan
from meshproof.mutation.score import Check
from meshproof.settings import Settings


def generated_items(
    session: pytest.Session, functions: Sequence[Check], settings: Settings, load: Callable[[Settings], Declaration]
) -> Iterator[pytest.Item]:
    """Items that hold these checks to mutants which nobody wrote; `load` reads the declaration."""
    for shard, name in shards_of(settings, functions):
        yield GeneratedMutants.from_parent(
            session, name=name, functions=functions, settings=settings, shard=shard, load=load
        )
    if can_replan(settings) and len(functions) > 1:
        yield ReplannedMutants.from_parent(session, name=NAME, settings=settings, load=load)

"""Which programs of this machine a run used."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from meshproof.errors import MeshproofError
from meshproof.targets.protocols import Ran
from meshproof.toolchain import find


def ran(names: Iterable[str]) -> Iterator[Ran]:
    """Each of them that is here, as the toolchain finds it."""
    for name in dict.fromkeys(names):
        try:
            found = find(name)
        except MeshproofError:
            continue
        yield Ran(name=name, version=found.version, source=found.source, sha256=found.sha256)

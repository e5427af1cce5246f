"""The process that owns the clusters of a run: `python -m meshproof.targets.kind.supervisor DIRECTORY`."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

from meshproof.targets.embedded.state import TargetState
from meshproof.targets.embedded.supervisor import Request, main
from meshproof.targets.embedded.workloads import read_programs
from meshproof.targets.kind.world import running_world
from meshproof.targets.plan import declaration_of


def running(request: Request, directory: Path) -> AbstractContextManager[TargetState]:
    """The clusters, as the request wants them."""
    declaration, programs = declaration_of(request.settings), read_programs(request.programs)
    return running_world(declaration, programs, directory, request.settings)


if __name__ == "__main__":
    main(running)

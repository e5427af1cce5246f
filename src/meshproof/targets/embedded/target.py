"""The embedded target as a run has it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from meshproof.declaration.model import Declaration
from meshproof.errors import TargetError
from meshproof.probes.kubernetes import Api
from meshproof.probes.workload import Pod
from meshproof.process import mark_children
from meshproof.settings import Settings
from meshproof.targets.embedded.changes import applied_objects, key_of
from meshproof.targets.embedded.injector import injecting
from meshproof.targets.embedded.lease import Lease, attach, discard, reserve, world
from meshproof.targets.embedded.mesh import Mesh
from meshproof.targets.embedded.running import described, running
from meshproof.targets.embedded.state import SiteState, TargetState
from meshproof.targets.protocols import Incarnation, Object, Ran, Target
from meshproof.targets.ran import ran
from meshproof.toolchain.needs import EMBEDDED, PLAN, Readiness, readiness
from meshproof.verdict import Assurance


class EmbeddedTarget:
    """The declared platform's real programs on this machine."""

    name: Final = "embedded"
    shows: Final = Assurance.OBSERVED_UNDER_FAULT

    def readiness(self) -> Readiness:
        """Whether every program is here, and this is Linux."""
        return readiness(self.name)

    def programs(self, settings: Settings) -> Iterable[Ran]:
        """The tools that read the declaration, and what ran."""
        del settings
        return ran((*PLAN, *EMBEDDED))

    def reserve(self, settings: Settings) -> Place:
        """A lease, before anything starts; workers find its directory in their environment."""
        lease = reserve(keep=settings.keep)
        mark_children()
        return Place(lease=lease, keep=settings.keep)

    @contextmanager
    def attach(self, settings: Settings, programs: Path) -> Iterator[Incarnation]:
        """The target of the run, stopped with the last who has it."""
        lease, state = attach(settings, programs)
        yield Embedded(state=state)
        discard(lease)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The controller's lease."""

    lease: Lease
    keep: bool

    def release(self) -> None:
        """Let go: the last holder's end is the target's, unless it is kept."""
        discard(self.lease)

    def kept(self) -> Sequence[str]:
        """How a kept target is reached and stopped."""
        found = running() if self.keep else ()
        return [
            line
            for one in found
            if one.directory == self.lease.directory and one.state is not None
            for line in described(one.state)
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Embedded:
    """A running one, as its supervisor describes it."""

    state: TargetState
    changes: Final = True

    @property
    def sites(self) -> Sequence[SiteState]:
        """Both of them, each with its administrator's way in."""
        return self.state.sites

    def notes(self) -> Iterator[tuple[str, str]]:
        """What was translated, what does not run, what could not be had."""
        for one in self.state.translations:
            yield one.address, f"embedded: {one.says}"
        for workload in self.state.not_run:
            yield workload, "embedded: is not run: no program stands for its image"
        for says in self.state.notes:
            yield "embedded", says

    def api(self, site: str) -> Api:
        """The site's API server, as its administrator."""
        return Api(self.state.site(site).credentials)

    def evicting(self, site: str) -> Api:
        """The same: all of it may be disturbed."""
        return self.api(site)

    def expected(self, declaration: Declaration) -> Mapping[str, Object | str]:
        """What the mesh and the admission policies are made of, as translated; nothing else is given to the servers."""
        found: dict[str, Object | str] = {}
        for site in self.sites:
            applied = applied_objects(self.state, site.name, declaration)
            for one in declaration.records:
                if (one.family, one.site) == ("kubernetes", site.name):
                    found[one.address] = applied.get(key_of(one.values), "is given to no API server of this target")
        return found

    def held(self, *, alone: bool) -> AbstractContextManager[None]:
        """The world lock."""
        return world(self.state.directory, alone=alone)

    def caller(self) -> str:
        """Always raises TargetError."""
        message = "no pod calls another: pods are processes on the embedded target"
        raise TargetError(message)

    def experimenter(self) -> str:
        """Always raises TargetError."""
        message = "no pod can be taken away: pods are processes on the embedded target"
        raise TargetError(message)

    def freeze(self, pod: Pod) -> None:
        """Always raises TargetError."""
        message = f"{pod.name} is frozen nowhere: pods are processes on the embedded target"
        raise TargetError(message)

    def losing(self, node: str) -> AbstractContextManager[None]:
        """Always raises TargetError."""
        message = f"{node} cannot be lost: the embedded target has no nodes"
        raise TargetError(message)

    def mesh(self, declaration: Declaration) -> Mesh:
        """Both sites' mesh."""
        return Mesh(self.state, declaration)

    @contextmanager
    def injecting(self, declaration: Declaration, site: str) -> Iterator[None]:
        """An injector of the declared release, for as long as it is asked."""
        with closing(self.mesh(declaration)) as mesh, injecting(mesh, site):
            yield


TARGET: Final[Target] = EmbeddedTarget()

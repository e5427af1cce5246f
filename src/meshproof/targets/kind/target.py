"""The kind target as a run has it."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from meshproof.declaration.model import Declaration
from meshproof.errors import TargetError
from meshproof.probes.workload import Pod
from meshproof.process import mark_children
from meshproof.settings import Settings
from meshproof.targets.embedded import issuer
from meshproof.targets.embedded.addresses import leased
from meshproof.targets.embedded.lease import attach, discard, reserve
from meshproof.targets.embedded.target import Embedded, Place
from meshproof.targets.embedded.workloads import read_programs
from meshproof.targets.kind import reaper, supervisor
from meshproof.targets.kind.docker import docker, require_docker
from meshproof.targets.kind.freezing import frozen, paused
from meshproof.targets.kind.given import Given
from meshproof.targets.kind.images import Images
from meshproof.targets.kind.mesh import ClusterMesh
from meshproof.targets.kind.nodes import await_nodes, nodes_of
from meshproof.targets.kind.reaching import opened, reached
from meshproof.targets.kind.ways import Ways
from meshproof.targets.protocols import Incarnation, Object, Ran, Target
from meshproof.targets.ran import ran
from meshproof.toolchain.needs import PLAN, Readiness, is_here
from meshproof.verdict import Assurance

#: Both nodes, every definition and object, on a machine with more work than cores.
_READY_WITHIN_S: Final = 900.0
#: What a mesh in them adds to that: its control plane, and a proxy for every pod.
_MESH_WITHIN_S: Final = 900.0


class KindTarget:
    """The declaration in real clusters of this machine's Docker."""

    name: Final = "kind"
    shows: Final = Assurance.OBSERVED

    def readiness(self) -> Readiness:
        """Whether Docker and kind are here."""
        missing = tuple(
            name for name, here in (("docker", shutil.which("docker")), ("kind", is_here("kind"))) if not here
        )
        try:
            if not missing:
                require_docker()
        except TargetError as error:
            return Readiness(target=self.name, reason=str(error))
        reason = f"{', '.join(missing)} missing; install Docker, run: meshproof fetch kind" if missing else ""
        return Readiness(target=self.name, missing=missing, reason=reason)

    def programs(self, settings: Settings) -> Iterable[Ran]:
        """The tools, and the node's image for what it holds."""
        yield from ran((*PLAN, "kind"))
        image = Images.read(settings.images).node
        told = docker("image", "inspect", "--format", "{{.Id}}", image)
        if told.returncode == 0:
            digest = told.stdout.strip().removeprefix("sha256:")
            version = image.rpartition(":v")[2].partition("@")[0]
            yield Ran(name="kube-apiserver", version=version, source=f"image {image}", sha256=digest)

    def reserve(self, settings: Settings) -> Place:
        """A lease, before anything starts; what dead runs left goes now. Raises TargetError."""
        Images.read(settings.images)
        require_docker()
        reaper.delete_strays()
        lease = reserve(keep=settings.keep)
        mark_children()
        return Place(lease=lease, keep=settings.keep)

    @contextmanager
    def attach(self, settings: Settings, programs: Path) -> Iterator[Incarnation]:
        """The clusters of the run, deleted with the last who has them."""
        images = Images.read(settings.images)
        within_s = _READY_WITHIN_S + (_MESH_WITHIN_S if images.has_mesh or settings.kind_cluster else 0.0)
        lease, state = attach(settings, programs, module=supervisor.__name__, within_s=within_s)
        images = images.beside(state.istio_adopted) if state.istio_adopted else images
        given = Given(programs=read_programs(programs), images=images, jwks=issuer.keys(state.issuer_key))
        with leased() as addresses, opened(state) as by, Ways() as ways:
            yield Kind(state=reached(state, by, ways, addresses), given=given, ways=ways)
        discard(lease)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind(Embedded):
    """The clusters, as their supervisor describes them.

    `given` says what they are given of a declaration, `ways` lead into their pods.
    """

    given: Given
    ways: Ways

    def expected(self, declaration: Declaration) -> Mapping[str, Object | str]:
        """Everything, as it is given."""
        return {
            address: thing
            for site in self.sites
            for address, thing in self.given.by_address(declaration, site.name).items()
        }

    def caller(self) -> str:
        """The image of the role. Raises TargetError where none was named."""
        if not self.given.images.caller:
            message = "no pod can call another: name an image of Kubernetes' agnhost for the role caller with --images"
            raise TargetError(message)
        return self.given.images.caller

    def experimenter(self) -> str:
        """The image of the role. Raises TargetError where none was named."""
        if not self.given.images.chaos:
            message = "no controller of Chaos Mesh runs here: name its image for the role chaos with --images"
            raise TargetError(message)
        return self.given.images.chaos

    def freeze(self, pod: Pod) -> None:
        """Stop its process from its node, which is a container of Docker's."""
        frozen(pod)

    @contextmanager
    def losing(self, node: str) -> Iterator[None]:
        """It and all that runs on it stand still; then they go on, and take pods again."""
        with paused(node):
            yield
        for site in self.sites:
            with closing(self.api(site.name)) as api:
                if node in nodes_of(api):
                    await_nodes(api, site.name)

    def mesh(self, declaration: Declaration) -> ClusterMesh:
        """Both sites' mesh, where one was installed."""
        return ClusterMesh(self.state, declaration, self.given, self.ways)

    @contextmanager
    def injecting(self, declaration: Declaration, site: str) -> Iterator[None]:
        """The installed one is asked about every pod. Raises TargetError where none is."""
        with closing(self.mesh(declaration)) as mesh:
            mesh.processes(site=site)
            yield

    def notes(self) -> Iterator[tuple[str, str]]:
        """What was translated, what was refused, what could not be had."""
        for one in self.state.translations:
            yield one.address, f"kind: {one.says}"
        for says in self.state.notes:
            yield "kind", says


TARGET: Final[Target] = KindTarget()

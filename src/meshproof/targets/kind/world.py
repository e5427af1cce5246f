"""Both sites as clusters of kind that hold all that is declared, until the end of the block."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from meshproof.components.authority import Authority, private
from meshproof.declaration.model import Declaration, Record
from meshproof.errors import TargetError
from meshproof.probes.kubernetes import Answer, Api, Credentials
from meshproof.settings import Settings
from meshproof.targets.embedded import issuer
from meshproof.targets.embedded.admission_mark import await_admission
from meshproof.targets.embedded.certificates import gateway_secrets
from meshproof.targets.embedded.definitions import install, wanted_definitions
from meshproof.targets.embedded.mesh_settings import chart_of, mesh_settings
from meshproof.targets.embedded.state import AnswerState, ProcessState, SiteState, TargetState, TranslationState
from meshproof.targets.embedded.supervisor import ALIVE
from meshproof.targets.embedded.translate import Object, Translation
from meshproof.targets.embedded.workloads import Programs
from meshproof.targets.kind import clusters, reaper
from meshproof.targets.kind.balancers import balance
from meshproof.targets.kind.control_plane import CHARTS, ControlPlane
from meshproof.targets.kind.docker import bring, require_docker
from meshproof.targets.kind.given import Given, address_of
from meshproof.targets.kind.images import Images
from meshproof.targets.kind.installed import installed
from meshproof.targets.kind.mesh_pods import running_pods
from meshproof.targets.kind.nodes import await_nodes, node_address, place_nodes
from meshproof.targets.kind.objects import apply_all, steps
from meshproof.targets.kind.outsider import place_outsider

SITES: Final = ("primary", "standby")
_REFUSED: Final = 400
_ROOT: Final = "meshproof mesh root"


@contextmanager
def running_world(
    declaration: Declaration, programs: Programs, directory: Path, settings: Settings
) -> Iterator[TargetState]:
    """Make or adopt the clusters and give them what is declared. Raises TargetError."""
    began = time.monotonic()
    require_docker()
    images = Images.read(settings.images)
    names = _names(directory, settings.kind_cluster)
    reached = _clusters(names, directory, images, settings)
    mesh, _ = mesh_settings(_declared(declaration, SITES[0]), {})
    there = installed(reached, mesh.revision) if settings.kind_cluster else None
    images, signer = (images.beside(there.image), there.signer) if there else (images, Authority.new(_ROOT))
    key = issuer.new_key(directory / "issuer.key")
    texts, missing = wanted_definitions({(one.group, one.kind) for one in declaration.records})
    given = Given(programs=programs, images=images, jwks=issuer.keys(key))
    addresses = _addresses(reached) if images.has_mesh else {}
    plan = _Plan(declaration, given, names, directory, texts, signer, addresses)
    with ThreadPoolExecutor(len(SITES)) as pool:
        made = list(pool.map(lambda site: plan.filled(site, reached[site]), SITES))
    sites = [one for one, _ in made]
    certificate, key_file = signer.identity.write(directory, "signer")
    yield TargetState(
        target="kind",
        directory=directory,
        pid=os.getpid(),
        infra_digest=declaration.digest,
        trust_domain=mesh.trust_domain,
        istio_declared=mesh.version,
        istio_runs=images.istiod.rpartition(":")[2],
        istio_adopted=there.image if there else "",
        root_certificate=private(directory / "root.crt", signer.root_pem),
        signer_certificate=certificate,
        signer_key=key_file,
        issuer_key=key,
        outside={},
        sites=sites,
        translations=[
            TranslationState(address=one.address, says=one.says) for _, said in made for one in dict.fromkeys(said)
        ],
        not_run=[],
        notes=[
            *missing,
            *(_refused(one) for site in sites for one in site.answers if one.status >= _REFUSED),
        ],
        seconds=round(time.monotonic() - began, 3),
    )


@dataclass(frozen=True, slots=True)
class _Plan:
    """What every site is filled from, each mapping by site: `names` of clusters, `addresses` of their nodes.

    `signer` signs for the mesh.
    """

    declaration: Declaration
    given: Given
    names: Mapping[str, str]
    directory: Path
    definitions: Sequence[str]
    signer: Authority
    addresses: Mapping[str, str]

    def records(self, site: str) -> list[Record]:
        """The declared objects of a site."""
        return _declared(self.declaration, site)

    def filled(self, site: str, reached: Credentials) -> tuple[SiteState, list[Translation]]:
        """Give a cluster every definition and object; and what had to be changed in them."""
        objects, said = self.given.objects(self.declaration, site)
        clusters.load(self.names[site], self.given.images.workloads)
        seconds: dict[str, float] = {}
        with closing(Api(reached)) as api:
            with _timed(seconds, "nodes"):
                await_nodes(api, site)
                said += place_nodes(api, site, self.declaration)
            with _timed(seconds, "definitions"):
                install(api, self.definitions)
                api.forget_resources()
            first, *others = steps(objects)
            answers = apply_all(api, first)
            with _timed(seconds, "mesh"):
                said += self._mesh(site, objects, api)
            with _timed(seconds, "objects"):
                answers += [one for step in others for one in apply_all(api, step)]
                said += balance(api)
                await_admission(api)
            with _timed(seconds, "pods"):
                pods = self._pods(site, api)
        return self._state(site, reached, answers, seconds, pods), said

    def _mesh(self, site: str, objects: Sequence[Object], api: Api) -> list[Translation]:
        """Install it where it is not there, and give its gateways their certificates."""
        if not self.given.images.has_mesh:
            return []
        said = self._control_plane(site, api)
        for secret, signed in gateway_secrets(objects, self.declaration, self.signer):
            api.apply(secret)
            said.append(signed)
        return said

    def _control_plane(self, site: str, api: Api) -> list[Translation]:
        records, images = self.records(site), self.given.images
        if images.is_beside:
            says = f"is not installed: the cluster has a control plane already, {images.istiod}, which is left as it is"
            return [Translation(address=one.address, says=says) for one in records if chart_of(one) in CHARTS]
        authority = self.signer.intermediate(f"meshproof mesh {site}")
        peers = {name: address for name, address in self.addresses.items() if name != site}
        return ControlPlane(records=records, images=images, authority=authority, peers=peers).install(api)

    def _pods(self, site: str, api: Api) -> list[ProcessState]:
        """Those of the mesh, and one outside it that calls them."""
        if not self.given.images.has_mesh:
            return []
        place_outsider(api, self.given.images.echo)
        standing = self.given.standing(self.records(site))
        return running_pods(api, standing.wanted, standing.found)

    def _state(
        self,
        site: str,
        reached: Credentials,
        answers: Sequence[tuple[Object, Answer]],
        seconds: Mapping[str, float],
        pods: Sequence[ProcessState],
    ) -> SiteState:
        if reached.certificate is None or reached.key is None:
            message = f"the cluster of {site} has no client certificate for its administrator: create it anew"
            raise TargetError(message)
        return SiteState(
            name=site,
            url=reached.url,
            authority=reached.authority,
            certificate=reached.certificate,
            key=reached.key,
            kubeconfig=self.directory / f"{clusters.PREFIX}{self.directory.name}-{site}.kubeconfig",
            answers=[AnswerState(address=address_of(one), status=said.status, says=said.says) for one, said in answers],
            processes=list(pods),
            seconds=dict(seconds),
        )


@contextmanager
def _timed(seconds: dict[str, float], name: str) -> Iterator[None]:
    began = time.monotonic()
    yield
    seconds[name] = round(time.monotonic() - began, 3)


def _declared(declaration: Declaration, site: str) -> list[Record]:
    return [one for one in declaration.records if one.family == "kubernetes" and one.site == site]


def _names(directory: Path, adopted: str) -> Mapping[str, str]:
    """By site, how its cluster is called: the run's own, or one to adopt."""
    return {site: f"{adopted or clusters.PREFIX + directory.name}-{site}" for site in SITES}


def _addresses(reached: Mapping[str, Credentials]) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for site, credentials in reached.items():
        with closing(Api(credentials)) as api:
            found[site] = node_address(api)
    return found


def _clusters(
    names: Mapping[str, str], directory: Path, images: Images, settings: Settings
) -> Mapping[str, Credentials]:
    """By site: clusters of the run's own, which go with it, or those that are there already."""
    called = [names[site] for site in SITES]
    if settings.kind_cluster:
        found = clusters.adopt(called, directory=directory)
        return dict(zip(SITES, found.values(), strict=True))
    bring([images.node])
    network = f"{clusters.PREFIX}{directory.name}"
    reaper.start(directory / ALIVE, network, called, directory / "reaper.log")
    made = clusters.create(
        called, image=images.node, workers=settings.kind_workers, network=network, directory=directory
    )
    return dict(zip(SITES, made.values(), strict=True))


def _refused(answer: AnswerState) -> str:
    return f"{answer.address} was refused by the API server: {answer.says}"

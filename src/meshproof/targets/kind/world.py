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

from meshproof.components.authority import Authority
from meshproof.declaration.model import Declaration, Record
from meshproof.errors import TargetError
from meshproof.probes.kubernetes import Answer, Api, Credentials
from meshproof.settings import Settings
from meshproof.targets.embedded import issuer
from meshproof.targets.embedded.admission_mark import await_admission
from meshproof.targets.embedded.definitions import install, wanted_definitions
from meshproof.targets.embedded.mesh_settings import mesh_settings
from meshproof.targets.embedded.state import AnswerState, SiteState, TargetState, TranslationState
from meshproof.targets.embedded.supervisor import ALIVE
from meshproof.targets.embedded.translate import Object, Translation
from meshproof.targets.embedded.workloads import Programs
from meshproof.targets.kind import clusters, reaper
from meshproof.targets.kind.docker import bring, require_docker
from meshproof.targets.kind.given import Given, address_of
from meshproof.targets.kind.images import Images
from meshproof.targets.kind.nodes import await_nodes, place_nodes
from meshproof.targets.kind.objects import apply_all, steps

SITES: Final = ("primary", "standby")
_REFUSED: Final = 400


@contextmanager
def running_world(
    declaration: Declaration, programs: Programs, directory: Path, settings: Settings
) -> Iterator[TargetState]:
    """Make or adopt the clusters and give them what is declared. Raises TargetError."""
    began = time.monotonic()
    require_docker()
    images = Images.read(settings.images)
    names = _names(directory, settings.kind_cluster)
    reached = _clusters(names, directory, images, settings.kind_cluster)
    key = issuer.new_key(directory / "issuer.key")
    texts, missing = wanted_definitions({(one.group, one.kind) for one in declaration.records})
    given = Given(programs=programs, images=images, jwks=issuer.keys(key))
    plan = _Plan(declaration, given, names, directory, texts)
    with ThreadPoolExecutor(len(SITES)) as pool:
        made = list(pool.map(lambda site: plan.filled(site, reached[site]), SITES))
    sites = [one for one, _ in made]
    mesh, _ = mesh_settings(plan.records(SITES[0]), {})
    certificate, private = Authority.new("meshproof mesh root").identity.write(directory, "root")
    yield TargetState(
        target="kind",
        directory=directory,
        pid=os.getpid(),
        infra_digest=declaration.digest,
        trust_domain=mesh.trust_domain,
        istio_declared=mesh.version,
        istio_runs="",
        root_certificate=certificate,
        root_key=private,
        issuer_key=key,
        outside={},
        sites=sites,
        translations=[
            TranslationState(address=one.address, says=one.says) for _, said in made for one in dict.fromkeys(said)
        ],
        not_run=[],
        notes=[
            "each site is one node in one zone: that pods are spread over nodes and zones is not shown",
            *missing,
            *(_refused(one) for site in sites for one in site.answers if one.status >= _REFUSED),
        ],
        seconds=round(time.monotonic() - began, 3),
    )


@dataclass(frozen=True, slots=True)
class _Plan:
    """What every site is filled from; `names` are those of the clusters."""

    declaration: Declaration
    given: Given
    names: Mapping[str, str]
    directory: Path
    definitions: Sequence[str]

    def records(self, site: str) -> list[Record]:
        """The declared objects of a site."""
        return [one for one in self.declaration.records if one.family == "kubernetes" and one.site == site]

    def filled(self, site: str, reached: Credentials) -> tuple[SiteState, list[Translation]]:
        """Give a cluster every definition and object; and what had to be changed in them."""
        objects, said = self.given.objects(self.declaration, site)
        clusters.load(self.names[site], self.given.images.workloads)
        began = time.monotonic()
        with closing(Api(reached)) as api:
            await_nodes(api, site)
            said += place_nodes(api, site, self.declaration)
            ready = time.monotonic()
            install(api, self.definitions)
            api.forget_resources()
            defined = time.monotonic()
            answers = [one for step in steps(objects) for one in apply_all(api, step)]
            await_admission(api)
        seconds = {"nodes": ready - began, "definitions": defined - ready, "objects": time.monotonic() - defined}
        return self._state(site, reached, answers, seconds), said

    def _state(
        self, site: str, reached: Credentials, answers: Sequence[tuple[Object, Answer]], seconds: Mapping[str, float]
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
            seconds={name: round(value, 3) for name, value in seconds.items()},
        )


def _names(directory: Path, adopted: str) -> Mapping[str, str]:
    """By site, how its cluster is called: the run's own, or one to adopt."""
    return {site: f"{adopted or clusters.PREFIX + directory.name}-{site}" for site in SITES}


def _clusters(names: Mapping[str, str], directory: Path, images: Images, adopted: str) -> Mapping[str, Credentials]:
    """By site: clusters of the run's own, which go with it, or those that are there already."""
    called = [names[site] for site in SITES]
    if adopted:
        found = clusters.adopt(called, directory=directory)
        return dict(zip(SITES, found.values(), strict=True))
    bring([images.node])
    network = f"{clusters.PREFIX}{directory.name}"
    reaper.start(directory / ALIVE, network, called, directory / "reaper.log")
    made = clusters.create(called, image=images.node, network=network, directory=directory)
    return dict(zip(SITES, made.values(), strict=True))


def _refused(answer: AnswerState) -> str:
    return f"{answer.address} was refused by the API server: {answer.says}"

"""Both sites as clusters of kind that hold all that is declared, until the end of the block."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from meshproof.components.authority import Authority
from meshproof.declaration.model import Declaration, Record
from meshproof.errors import NotYet, TargetError
from meshproof.probes.kubernetes import Answer, Api, Credentials
from meshproof.settings import Settings
from meshproof.targets.embedded import issuer
from meshproof.targets.embedded.admission_mark import await_admission
from meshproof.targets.embedded.definitions import install, wanted_definitions
from meshproof.targets.embedded.mesh_settings import mesh_settings
from meshproof.targets.embedded.state import AnswerState, SiteState, TargetState, TranslationState
from meshproof.targets.embedded.supervisor import ALIVE
from meshproof.targets.embedded.translate import Object, Translation, World, translated
from meshproof.targets.embedded.workloads import Programs
from meshproof.targets.kind import clusters, reaper
from meshproof.targets.kind.docker import bring, require_docker
from meshproof.targets.kind.images import Images, substituted
from meshproof.waiting import until

SITES: Final = ("primary", "standby")
#: In this order: what others are admitted or placed by, then everything, then what may refuse it.
_FIRST: Final = ("Namespace", "PriorityClass")
_LAST: Final = ("ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding")
_KUBERNETES_OWN: Final = ("default", "kube-node-lease", "kube-public", "kube-system")
_AT_ONCE: Final = 8
_REFUSED: Final = 400
#: Seen: 14 to 34 s on an idle machine.
_NODES_WITHIN_S: Final = 300.0


@contextmanager
def running_world(
    declaration: Declaration, programs: Programs, directory: Path, settings: Settings
) -> Iterator[TargetState]:
    """Make or adopt the clusters and give them what is declared. Raises TargetError."""
    began = time.monotonic()
    require_docker()
    images = Images.read(settings.images)
    reached = _clusters(directory, images, settings.kind_cluster)
    key = issuer.new_key(directory / "issuer.key")
    texts, missing = wanted_definitions({(one.group, one.kind) for one in declaration.records})
    plan = _Plan(declaration, programs, images, issuer.keys(key), directory, texts)
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
        notes=[*missing, *(_refused(one) for site in sites for one in site.answers if one.status >= _REFUSED)],
        seconds=round(time.monotonic() - began, 3),
    )


@dataclass(frozen=True, slots=True)
class _Plan:
    """What every site is filled from; `jwks` are the keys of the run's own issuer."""

    declaration: Declaration
    programs: Programs
    images: Images
    jwks: str
    directory: Path
    definitions: Sequence[str]

    def records(self, site: str) -> list[Record]:
        """The declared objects of a site."""
        return [one for one in self.declaration.records if one.family == "kubernetes" and one.site == site]

    def filled(self, site: str, reached: Credentials) -> tuple[SiteState, list[Translation]]:
        """Give a cluster every definition and object; and what had to be changed in them."""
        records = self.records(site)
        world = World(site=site, processes=[], jwks=self.jwks, lowest_port=0)
        objects, said = translated(records, world)
        objects, replaced = substituted(records, objects, self.programs.program, self.images)
        bootstrapped = list(undeclared_namespaces(objects))
        said += [_made_here(one) for one in bootstrapped]
        objects += bootstrapped
        began = time.monotonic()
        with closing(Api(reached)) as api:
            await_nodes(api, site)
            ready = time.monotonic()
            install(api, self.definitions)
            api.forget_resources()
            defined = time.monotonic()
            answers = apply_all(api, objects)
            await_admission(api)
        seconds = {"nodes": ready - began, "definitions": defined - ready, "objects": time.monotonic() - defined}
        return self._state(site, reached, answers, seconds), [*said, *replaced]

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
            answers=[AnswerState(address=_address(one), status=said.status, says=said.says) for one, said in answers],
            seconds={name: round(value, 3) for name, value in seconds.items()},
        )


def _clusters(directory: Path, images: Images, adopted: str) -> Mapping[str, Credentials]:
    """By site: clusters of the run's own, which go with it, or those that are called `adopted` and the site."""
    if adopted:
        found = clusters.adopt([f"{adopted}-{site}" for site in SITES], directory=directory)
        return dict(zip(SITES, found.values(), strict=True))
    bring([images.node])
    network = f"{clusters.PREFIX}{directory.name}"
    names = [f"{network}-{site}" for site in SITES]
    reaper.start(directory / ALIVE, network, names, directory / "reaper.log")
    made = clusters.create(names, image=images.node, network=network, directory=directory)
    return dict(zip(SITES, made.values(), strict=True))


def undeclared_namespaces(objects: Sequence[Object]) -> Iterator[Object]:
    """Namespaces that objects stand in and nobody declares, because whoever boots a cluster makes them (Flux does)."""
    declared = {one["metadata"]["name"] for one in objects if one["kind"] == "Namespace"}
    used = {one["metadata"].get("namespace", "") for one in objects} - {""}
    for name in sorted(used - declared - set(_KUBERNETES_OWN)):
        yield {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def _made_here(namespace: Object) -> Translation:
    return Translation(address=_address(namespace), says="is made by the run: nobody declares it")


def await_nodes(api: Api, site: str) -> None:
    """Wait until every node says that it is ready. Raises TargetError with what it says instead."""

    def unready() -> list[str]:
        rows = api.get("/api/v1/nodes").get("items", [])
        return [one for row in rows for one in unready_node(row)] if rows else ["no node has joined"]

    try:
        until(unready, lambda left: not left, within_s=_NODES_WITHIN_S, every_s=0.5, what=f"the nodes of {site} ready")
    except NotYet as error:
        raise TargetError(str(error)) from error


def unready_node(node: Mapping[str, Any]) -> list[str]:
    """Why a node is not ready, in its own words; nothing where it is."""
    name = node["metadata"]["name"]
    found = [one for one in node.get("status", {}).get("conditions", []) if one["type"] == "Ready"]
    if not found:
        return [f"{name} says nothing yet"]
    return [f"{name}: {one.get('message', 'no reason given')}" for one in found if one["status"] != "True"]


def apply_all(api: Api, objects: Sequence[Object]) -> list[tuple[Object, Answer]]:
    """Everything, in three steps, with each answer."""
    rest = [one for one in objects if one["kind"] not in (*_FIRST, *_LAST)]
    steps = (
        [one for one in objects if one["kind"] in _FIRST],
        rest,
        [one for one in objects if one["kind"] in _LAST],
    )
    done: list[tuple[Object, Answer]] = []
    for step in steps:
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            done += zip(step, pool.map(api.apply, step), strict=True)
    return done


def _address(thing: Object) -> str:
    metadata = thing["metadata"]
    namespace = f"{metadata['namespace']}/" if metadata.get("namespace") else ""
    return f"{thing['kind']}/{namespace}{metadata['name']}"


def _refused(answer: AnswerState) -> str:
    return f"{answer.address} was refused by the API server: {answer.says}"

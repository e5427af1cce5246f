"""Both sites together: who signs, which processes run, and what each site is started from."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from ruamel.yaml import YAML

from meshproof.components.authority import Authority, private
from meshproof.declaration.model import Declaration, Record
from meshproof.errors import TargetError
from meshproof.targets.embedded import issuer
from meshproof.targets.embedded.addresses import Addresses, free_ports, leased, lowest_port, require_free
from meshproof.targets.embedded.applications import APPLICATIONS
from meshproof.targets.embedded.certificates import gateway_secrets
from meshproof.targets.embedded.containers import Container, container_of
from meshproof.targets.embedded.kept_definitions import kept_definitions
from meshproof.targets.embedded.machine import remember_clock, require_memory
from meshproof.targets.embedded.mesh_settings import MeshSettings, mesh_settings, proxy_config
from meshproof.targets.embedded.outside import answering, placed
from meshproof.targets.embedded.site import SitePlan, running_site
from meshproof.targets.embedded.state import OutsideState, SiteState, TargetState, TranslationState
from meshproof.targets.embedded.translate import Object, Process, Translation, World, translated
from meshproof.targets.embedded.workloads import Programs, Workload, workloads
from meshproof.targets.naming import declared_clusters
from meshproof.toolchain import find, find_bundle

SITES: Final = ("primary", "standby")
PROGRAMS: Final = (
    "etcd",
    "kube-apiserver",
    "pilot-discovery",
    "pilot-agent",
    "envoy",
    "echo-server",
    "ratelimit",
    "redis-server",
)
_PROXY_CONFIG: Final = "proxy.istio.io/config"
#: A proxy's own ports for health and metrics are not bound to its address here: they are allocated.
_UNUSED_PORTS: Final = frozenset({15_020, 15_021, 15_090})
#: Tells the gateway by which the other site is reached.
EASTWEST: Final = "eastwestgateway"


@dataclass(kw_only=True)
class Blueprint:
    """What both sites are made of, before anything runs."""

    declaration: Declaration
    programs: Programs
    directory: Path
    addresses: Addresses
    root: Authority = field(default_factory=lambda: Authority.new("meshproof mesh root"))
    translations: list[Translation] = field(default_factory=list)
    not_run: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Files that everything shares."""
        self.root_files = self.root.identity.write(self.directory, "root")
        self.issuer_key = issuer.new_key(self.directory / "issuer.key")
        self.found = {site: list(workloads(self.records(site), self.programs.program)) for site in SITES}
        self.processes = {site: list(self._processes(site)) for site in SITES}

    def records(self, site: str) -> list[Record]:
        """The Kubernetes objects of a site."""
        return [one for one in self.declaration.records if one.family == "kubernetes" and one.site == site]

    def settings(self, site: str) -> MeshSettings:
        """The declared control plane; the other network's gateway is reached where it runs here."""
        everywhere = [(other, one) for other in SITES for one in self.processes[other]]
        eastwest = {other: one.address for other, one in everywhere if one.labels.get("istio") == EASTWEST}
        found, said = mesh_settings(self.records(site), eastwest)
        self.translations += said
        return found

    def require_ports(self) -> None:
        """Make sure that each process can listen where it is declared to. Raises TargetError."""
        for process in (one for site in SITES for one in self.processes[site]):
            require_free(process.address, set(process.ports.values()) - _UNUSED_PORTS)

    def plan(self, site: str, kept: Path, paths: Mapping[str, Path], outside: Mapping[str, OutsideState]) -> SitePlan:
        """What one site is started from."""
        found, said = translated(
            self.records(site),
            World(
                site=site,
                processes=self.processes[site],
                jwks=issuer.keys(self.issuer_key),
                lowest_port=lowest_port(),
            ),
        )
        objects, moved = placed(found, outside)
        self.translations += [*said, *moved]
        settings = self.settings(site)
        cluster = declared_clusters(self.declaration).get(site)
        return SitePlan(
            name=site,
            cluster=str(cluster.values["name"]) if cluster is not None else "",
            directory=self.directory / site,
            addresses=(self.addresses.take(), self.addresses.take(), self.addresses.take()),
            objects=objects,
            secrets=list(self._secrets(objects)),
            settings=settings,
            processes=self.processes[site],
            annotations={one.address: proxy_config(settings, annotated(one)) for one in self.found[site]},
            containers={one.workload: self._container(one) for one in self.processes[site]},
            rows={one.address: one.program for one in self.found[site] if one.program is not None},
            authority=self.root.intermediate(f"meshproof mesh {site}"),
            definitions=kept,
            programs=paths,
        )

    def _container(self, process: Process) -> Container:
        found = container_of(self.declaration.by_address[process.workload], self.records(process.site))
        if found.files and process.kind in APPLICATIONS:
            says = f"{process.name}'s mounts lie in a directory of its own, and Services are its sidecar's listeners"
            self.translations.append(Translation(address=process.workload, says=says))
        return found

    def _processes(self, site: str) -> Iterator[Process]:
        locality = self._locality(site)
        for workload in self.found[site]:
            count = workload.program.count(site) if workload.program else 0
            if workload.program is None or not count:
                self.not_run.append(f"{workload.address} ({workload.image})")
                continue
            for number in range(count):
                yield self._process(workload, workload.program.runs, number, locality)

    def _process(self, workload: Workload, kind: str, number: int, locality: str) -> Process:
        row = workload.program
        serves = row.serves if row and kind == "program" else APPLICATIONS[kind].serves if kind in APPLICATIONS else ()
        local = [workload.ports[name] for name in serves if name in workload.ports]
        debug, *own = free_ports(1 + len(local))
        return Process(
            name=f"{workload.name}-{number}",
            kind=kind,
            workload=workload.address,
            site=workload.site,
            namespace=workload.namespace,
            account=workload.account,
            labels=workload.labels,
            address=self.addresses.take(),
            outbound=self.addresses.take(),
            locality=locality,
            ports=workload.ports,
            local=dict(zip(local, own, strict=True)),
            debug=debug,
        )

    def _locality(self, site: str) -> str:
        """Region and a zone of it: the fact `region` of the site, else the site's name."""
        fact = self.declaration.by_address.get(f"fact:{site}/region")
        region = str(fact.values["value"]) if fact is not None else site
        return f"{region}/{region}-a"

    def _secrets(self, objects: Sequence[Object]) -> Iterator[Object]:
        for secret, said in gateway_secrets(objects, self.declaration, self.root):
            self.translations.append(said)
            yield secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """Both sites before they run, and what answers for hosts outside meanwhile."""

    blueprint: Blueprint
    plans: Sequence[SitePlan]
    outside: Mapping[str, OutsideState]
    missing: Sequence[str]

    def state(self, sites: Sequence[SiteState], seconds: float) -> TargetState:
        """What is told of the target once its sites run."""
        blueprint, settings = self.blueprint, self.plans[0].settings
        return TargetState(
            directory=blueprint.directory,
            pid=os.getpid(),
            infra_digest=blueprint.declaration.digest,
            trust_domain=settings.trust_domain,
            istio_declared=settings.version,
            istio_runs=find("pilot-discovery").version,
            root_certificate=blueprint.root_files[0],
            signer_certificate=blueprint.root_files[0],
            signer_key=blueprint.root_files[1],
            issuer_key=blueprint.issuer_key,
            outside=dict(self.outside),
            sites=list(sites),
            translations=[
                TranslationState(address=one.address, says=one.says) for one in dict.fromkeys(blueprint.translations)
            ],
            not_run=blueprint.not_run,
            notes=list(self.missing),
            seconds=round(seconds, 3),
        )


@contextmanager
def planned_world(declaration: Declaration, programs: Programs, directory: Path) -> Iterator[Planned]:
    """Both sites, ready to be started, until the end of the block. Raises TargetError."""
    require_memory()
    remember_clock(directory)
    paths = program_paths()
    with leased() as addresses:
        blueprint = Blueprint(declaration=declaration, programs=programs, directory=directory, addresses=addresses)
        blueprint.require_ports()
        declared = {(one.group, one.kind) for site in SITES for one in blueprint.records(site)}
        kept, missing = kept_definitions(declared, directory / "definitions", addresses, paths)
        with answering(programs.outside, paths["echo-server"], blueprint.root, directory) as outside:
            plans = [blueprint.plan(site, kept, paths, outside) for site in SITES]
            yield Planned(blueprint=blueprint, plans=plans, outside=outside, missing=missing)


@contextmanager
def running_world(declaration: Declaration, programs: Programs, directory: Path) -> Iterator[TargetState]:
    """Run both sites until the end of the block, once all of it is ready. Raises TargetError."""
    began = time.monotonic()
    with planned_world(declaration, programs, directory) as planned, ExitStack() as stack:
        with ThreadPoolExecutor(len(planned.plans)) as pool:
            sites = list(pool.map(lambda plan: stack.enter_context(running_site(plan)), planned.plans))
        yield planned.state(sites, time.monotonic() - began)


def program_paths() -> Mapping[str, Path]:
    """Every program of the target. Raises TargetError naming the first that is not here, with what gets it."""
    return {name: find(name).path for name in PROGRAMS} | {"istio-bootstrap": find_bundle("istio-bootstrap").files[0]}


def annotated(workload: Workload) -> Mapping[str, object]:
    """The ProxyConfig in a pod's annotation."""
    text = workload.annotations.get(_PROXY_CONFIG, "")
    found: Any = YAML(typ="safe").load(text) if text else {}
    if not isinstance(found, Mapping):
        message = f"{workload.address}: the annotation {_PROXY_CONFIG} is no mapping; correct it"
        raise TargetError(message)
    return json.loads(json.dumps(found))  # type: ignore[no-any-return]  # a mapping in, a mapping out


__all__ = ["Blueprint", "Planned", "planned_world", "private", "program_paths", "running_world"]

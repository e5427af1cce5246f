"""One more pod of a declared workload, for as long as a check needs it: its own process, proxy and certificate."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import replace
from typing import Any

from meshproof.components.authority import private
from meshproof.components.echo import EchoPorts, echo
from meshproof.components.proxy import Programs, ProxySpec, await_proxy, starting_proxy
from meshproof.errors import TargetError
from meshproof.process import scratch
from meshproof.targets.embedded import issuer
from meshproof.targets.embedded.addresses import Addresses, free_ports, lowest_port
from meshproof.targets.embedded.mesh import Mesh
from meshproof.targets.embedded.mesh_settings import MeshSettings, mesh_settings, proxy_config
from meshproof.targets.embedded.proxies import proxy_spec, state_of
from meshproof.targets.embedded.state import ProcessState
from meshproof.targets.embedded.translate import PROCESS_LABEL, Object, Process, World, translated
from meshproof.targets.embedded.workloads import workloads
from meshproof.targets.embedded.world import annotated, program_paths

_ENTRY = "WorkloadEntry"


@contextmanager
def guest(  # noqa: PLR0913  what a pod is made of
    mesh: Mesh,
    like: ProcessState,
    *,
    name: str,
    addresses: Addresses,
    environment: Mapping[str, str] | None = None,
    xds: str = "",
) -> Iterator[ProcessState]:
    """A ready pod of the workload that `like` runs, until the end of the block; configured as `mesh` is declared.

    `environment` are further variables of its agent, over which declared ones win; `xds` is another control plane than
    the site's own. No Service leads to it before `joined`. Raises TargetError with its last words.
    """
    paths = program_paths()
    process = _process(like, name, addresses)
    settings = mesh_settings(_records(mesh, like.site), {})[0]
    spec = _spec(mesh, process, settings, environment or {}, xds or mesh.state.site(like.site).xds)
    sidecar = _own(mesh, process, "Sidecar")
    programs = Programs(agent=paths["pilot-agent"], envoy=paths["envoy"], bootstrap=paths["istio-bootstrap"])
    grpc, tcp = free_ports(2)
    http = next(iter(process.local.values()))
    ports = EchoPorts(http=http, grpc=grpc, tcp=tcp)
    with (
        scratch("guest") as directory,
        echo(
            paths["echo-server"], name=name, version=name, site=like.site, ports=ports, directory=directory / "app"
        ) as app,
        _applied(mesh, like.site, sidecar),
        starting_proxy(programs, spec, directory) as running,
    ):
        ready_s = await_proxy(running, spec)
        yield state_of(process, spec, running, app_pid=app.pid, log=directory / "proxy.log", ready_s=ready_s)


@contextmanager
def together(*guests: AbstractContextManager[ProcessState]) -> Iterator[list[ProcessState]]:
    """Guests that start at the same time, each as it would alone; all are ready, or none is left."""
    with ExitStack() as stack, ThreadPoolExecutor(len(guests)) as pool:
        yield list(pool.map(stack.enter_context, guests))


def trust(pod: ProcessState, roots: str) -> None:
    """Change the file of the ConfigMap `istio-ca-root-cert` under a guest: whom its agent takes for istiod."""
    private(pod.log.parent / "root-cert.pem.new", roots).replace(pod.log.parent / "root-cert.pem")


@contextmanager
def joined(mesh: Mesh, process: ProcessState) -> Iterator[None]:
    """Services lead to the guest until the end of the block. Only for who has the mesh alone: others would meet it."""
    entry = _own(mesh, process, _ENTRY)
    mesh.apply(process.site, entry)
    try:
        yield
    finally:
        mesh.remove(process.site, entry)


@contextmanager
def parted(mesh: Mesh, process: ProcessState) -> Iterator[None]:
    """No Service leads to a process of the target until the end of the block. Only for who has the mesh alone."""
    entry = _own(mesh, process, _ENTRY)
    mesh.remove(process.site, entry)
    try:
        yield
    finally:
        mesh.apply(process.site, entry)


@contextmanager
def _applied(mesh: Mesh, site: str, thing: Object) -> Iterator[None]:
    """An object that only the guest's proxy takes: nobody else has to be waited for."""
    api = mesh.api(site)
    answer = api.apply(thing)
    if not answer.accepted:
        message = f"{answer.kind} {answer.name} of the guest is refused by the API server of {site}: {answer.says}"
        raise TargetError(message)
    try:
        yield
    finally:
        api.delete(thing)


def _process(like: ProcessState, name: str, addresses: Addresses) -> Process:
    (number,) = like.local
    known: dict[str, Any] = {one: getattr(like, one) for one in Process.__dataclass_fields__}
    return replace(
        Process(**known),
        name=name,
        address=addresses.take(),
        outbound=addresses.take(),
        local={number: free_ports(1)[0]},
    )


def _spec(mesh: Mesh, process: Process, settings: MeshSettings, environment: Mapping[str, str], xds: str) -> ProxySpec:
    found = next(one for one in workloads(_records(mesh, process.site), []) if one.address == process.workload)
    return proxy_spec(
        process,
        api=mesh.api(process.site),
        xds=xds,
        settings=settings,
        root=mesh.state.root_certificate.read_text(encoding="utf-8"),
        config=proxy_config(settings, annotated(found)),
        environment=environment,
    )


def _own(mesh: Mesh, process: ProcessState | Process, kind: str) -> Object:
    """The object of this kind that the target makes for a process of its own, made for this one."""
    world = World(
        site=process.site,
        processes=[process],  # type: ignore[list-item]  # a state has every field of a Process
        jwks=issuer.keys(mesh.state.issuer_key),
        lowest_port=lowest_port(),
    )
    objects, _ = translated(_records(mesh, process.site), world)
    for one in objects:
        spec = one.get("spec", {})
        labels = spec.get("workloadSelector", spec).get("labels", {}) if one["kind"] == kind else {}
        if labels.get(PROCESS_LABEL) == process.name:
            return one
    message = f"the target makes no {kind} for {process.name}"
    raise TargetError(message)


def _records(mesh: Mesh, site: str) -> list[Any]:
    return [one for one in mesh.declaration.records if one.family == "kubernetes" and one.site == site]

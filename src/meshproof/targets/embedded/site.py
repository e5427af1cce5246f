"""One site: store, API server, control plane, then its processes, each configured from what is declared."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from meshproof.components.authority import Authority
from meshproof.components.etcd import etcd
from meshproof.components.istiod import Istiod, IstiodPorts, istiod
from meshproof.components.kube_apiserver import ApiServer, kube_apiserver
from meshproof.components.proxy import Programs, ProxySpec, await_proxy, starting_proxy
from meshproof.errors import TargetError
from meshproof.probes.kubernetes import Answer, Api
from meshproof.process import Running
from meshproof.targets.embedded.addresses import free_ports
from meshproof.targets.embedded.applications import APPLICATIONS, Start
from meshproof.targets.embedded.containers import Container
from meshproof.targets.embedded.mesh_settings import MeshSettings
from meshproof.targets.embedded.proxies import proxy_spec, state_of
from meshproof.targets.embedded.state import AnswerState, ProcessState, SiteState
from meshproof.targets.embedded.translate import Object, Process
from meshproof.targets.embedded.workloads import Program

#: What istiod and the admission policies look at; the rest of the declaration is asked about by dry run.
_GROUPS: Final = ("networking.istio.io", "security.istio.io", "telemetry.istio.io", "rbac.authorization.k8s.io")
_CORE: Final = ("ServiceAccount", "Service", "ConfigMap")
_ADMISSION: Final = ("ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding")
_AT_ONCE: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class SitePlan:
    """Everything that one site is started from."""

    name: str
    cluster: str
    directory: Path
    addresses: tuple[str, str, str]
    objects: Sequence[Object]
    secrets: Sequence[Object]
    settings: MeshSettings
    processes: Sequence[Process]
    annotations: Mapping[str, Mapping[str, object]]
    containers: Mapping[str, Container]
    rows: Mapping[str, Program]
    authority: Authority
    definitions: Path
    programs: Mapping[str, Path]


@contextmanager
def running_site(plan: SitePlan, *, again: bool = False) -> Iterator[SiteState]:
    """Run the site until the end of the block, once every process is ready. Raises TargetError.

    A site that runs again stands on what its store holds since: nothing is applied to it anew.
    """
    plan.directory.mkdir(mode=0o700, exist_ok=again)
    seconds: dict[str, float] = {}
    with ExitStack() as stack:
        server = _timed(seconds, "api server", lambda: stack.enter_context(running_api(plan)))
        api = Api(server.credentials)
        stack.callback(api.close)
        answers = _timed(seconds, "objects", lambda: [] if again else apply_all(api, plan))
        control = _timed(seconds, "istiod", lambda: stack.enter_context(_istiod(plan, server)))
        processes = _timed(seconds, "processes", lambda: _processes(plan, control, api, stack))
        yield _state(plan, server, control, processes, answers, seconds)


@contextmanager
def running_api(plan: SitePlan) -> Iterator[ApiServer]:
    """The store, holding every definition, and the API server over it."""
    store = plan.directory / "etcd"
    store.mkdir(mode=0o700, exist_ok=True)
    if plan.definitions.exists() and not (store / "data").exists():
        shutil.copytree(plan.definitions, store / "data")
        (store / "data").chmod(0o700)
    client, peer, secure = free_ports(3)
    with (
        etcd(plan.programs["etcd"], address=plan.addresses[0], ports=(client, peer), directory=store) as kept,
        kube_apiserver(
            plan.programs["kube-apiserver"],
            etcd=kept.url,
            address=plan.addresses[1],
            port=secure,
            directory=plan.directory / "api",
            name=plan.name,
            cluster=plan.cluster,
        ) as server,
    ):
        yield replace(server, pids=(kept.pid, *server.pids))


def apply_all(api: Api, plan: SitePlan) -> list[tuple[Object, Answer]]:
    """Namespaces, admission policies, then what the mesh is made of. Raises TargetError for what is refused."""
    namespaces = [one for one in plan.objects if one["kind"] == "Namespace"]
    named = {one["metadata"]["name"] for one in namespaces}
    used = {one["metadata"]["namespace"] for one in plan.objects if one["metadata"].get("namespace")}
    namespaces += [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}} for name in sorted(used - named)
    ]
    rest = [one for one in plan.objects if _is_for_the_mesh(one)]
    policies = [one for one in plan.objects if one["kind"] in _ADMISSION]
    done: list[tuple[Object, Answer]] = []
    for batch in (namespaces, [*rest, *plan.secrets], policies):
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            done += zip(batch, pool.map(api.apply, batch), strict=True)
    return done


def is_applied(thing: Object) -> bool:
    """Whether an object is given to the API server at the start, not only asked about."""
    return thing["kind"] in ("Namespace", *_ADMISSION) or _is_for_the_mesh(thing)


def _is_for_the_mesh(thing: Object) -> bool:
    group, _, version = thing["apiVersion"].rpartition("/")
    return group in _GROUPS or (not group and version == "v1" and thing["kind"] in _CORE)


def _istiod(plan: SitePlan, server: ApiServer) -> AbstractContextManager[Istiod]:
    http, https, grpc, xds, monitoring = free_ports(5)
    return istiod(
        plan.programs["pilot-discovery"],
        site=plan.name,
        address=plan.addresses[2],
        ports=IstiodPorts(http=http, https=https, grpc=grpc, xds=xds, monitoring=monitoring),
        directory=plan.directory / "istiod",
        kubeconfig=server.kubeconfig,
        mesh=plan.settings.mesh,
        networks=plan.settings.networks,
        environment=plan.settings.environment,
        revision=plan.settings.revision,
        authority=plan.authority,
    )


def _processes(plan: SitePlan, control: Istiod, api: Api, stack: ExitStack) -> list[ProcessState]:
    """Start every process, then wait for all: they come up side by side."""
    programs = Programs(
        agent=plan.programs["pilot-agent"], envoy=plan.programs["envoy"], bootstrap=plan.programs["istio-bootstrap"]
    )
    started: list[tuple[Process, ProxySpec, Running]] = []
    applications = _applications(plan, stack, after_the_proxies=False)
    for process in plan.processes:
        spec = _spec(plan, process, control, api)
        running = stack.enter_context(starting_proxy(programs, spec, plan.directory / process.name))
        started.append((process, spec, running))
    with ThreadPoolExecutor(max(len(started), 1)) as pool:
        ready = list(pool.map(lambda one: await_proxy(one[2], one[1]), started))
    applications |= _applications(plan, stack, after_the_proxies=True)
    return [
        state_of(
            process,
            spec,
            running,
            app_pid=applications.get(process.name, 0),
            log=plan.directory / process.name / "proxy.log",
            ready_s=seconds,
        )
        for (process, spec, running), seconds in zip(started, ready, strict=True)
    ]


def _applications(plan: SitePlan, stack: ExitStack, *, after_the_proxies: bool) -> dict[str, int]:
    """Process ids of what runs behind the proxies, by process."""
    found = {}
    for process in plan.processes:
        directory = plan.directory / process.name
        directory.mkdir(mode=0o700, exist_ok=True)
        application = APPLICATIONS.get(process.kind)
        if application is not None and application.needs_the_mesh == after_the_proxies:
            start = Start(
                programs=plan.programs,
                process=process,
                container=plan.containers[process.workload],
                row=plan.rows[process.workload],
                site=plan.name,
                directory=directory / "app",
            )
            found[process.name] = stack.enter_context(application.start(start)).pid
    return found


def _spec(plan: SitePlan, process: Process, control: Istiod, api: Api) -> ProxySpec:
    return proxy_spec(
        process,
        api=api,
        xds=control.xds,
        settings=plan.settings,
        root=plan.authority.root_pem,
        config=plan.annotations.get(process.workload, {}),
        environment={},
    )


def _state(  # noqa: PLR0913, PLR0917  what is known of a site
    plan: SitePlan,
    server: ApiServer,
    control: Istiod,
    processes: list[ProcessState],
    answers: list[tuple[Object, Answer]],
    seconds: dict[str, float],
) -> SiteState:
    credentials = server.credentials
    if credentials.certificate is None or credentials.key is None:
        message = f"the API server of {plan.name} was started without a client certificate"
        raise TargetError(message)
    return SiteState(
        name=plan.name,
        url=credentials.url,
        authority=credentials.authority,
        certificate=credentials.certificate,
        key=credentials.key,
        kubeconfig=server.kubeconfig,
        audit_log=server.audit_log,
        xds=control.xds,
        debug=control.debug,
        metrics=control.metrics,
        api_pids=list(server.pids),
        istiod_pid=control.pid,
        processes=processes,
        answers=[
            AnswerState(address=_address(thing), status=answer.status, says=answer.says) for thing, answer in answers
        ],
        seconds=seconds,
    )


def _address(thing: Object) -> str:
    metadata = thing["metadata"]
    namespace = f"{metadata['namespace']}/" if metadata.get("namespace") else ""
    return f"{thing['kind']}/{namespace}{metadata['name']}"


def _timed(seconds: dict[str, float], name: str, work: Callable[[], Any]) -> Any:
    began = time.monotonic()
    done = work()
    seconds[name] = round(time.monotonic() - began, 3)
    return done

"""What a plain process cannot have, translated: the declared objects as the embedded mesh takes them.

Everything else is applied unchanged. Each translation is named, so that the report can list it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Final

from meshproof.declaration.model import Record
from meshproof.probes.admission import PLACEHOLDER, without_unknown

Object = dict[str, Any]

#: Tells the processes of one workload apart, for the Sidecar of each.
PROCESS_LABEL: Final = "meshproof.dev/process"
_TLS_MODE: Final = "security.istio.io/tlsMode"
#: Imports nothing: no listener at all would mean everything there is.
_NOTHING: Final = [{"hosts": ["~/*"]}]
_TEXT_PROTOCOLS: Final = ("http", "http2", "grpc", "https", "tls", "tcp", "mongo", "mysql", "redis")


@dataclass(frozen=True, slots=True, kw_only=True)
class Translation:
    """One difference between what is declared and what the embedded mesh was given.

    `says` begins with the fields that it is about, as `path, path: `; without them it is about the whole object.
    """

    address: str
    says: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """One process of a workload: it is reached on `address` and calls others through `outbound`.

    `ports` are container ports by name, `local` the application's port on 127.0.0.1 for each container port, `debug`
    the one where it gives its own account.
    """

    name: str
    kind: str
    workload: str
    site: str
    namespace: str
    account: str
    labels: Mapping[str, str]
    address: str
    outbound: str
    locality: str
    ports: Mapping[str, int]
    local: Mapping[int, int]
    debug: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What a translation needs to know beside the objects: the processes of this site and the keys of the issuer.

    Nothing listens below `lowest_port`, which is what the user may.
    """

    site: str
    processes: Sequence[Process]
    jwks: str
    lowest_port: int


def translated(records: Sequence[Record], world: World) -> tuple[list[Object], list[Translation]]:
    """The objects to apply at a site, and what was changed in them."""
    said: list[Translation] = []
    objects = [_known(record, said) for record in records]
    sidecars = [one for one in objects if one["kind"] == "Sidecar"]
    kept = [one for one in objects if one["kind"] != "Sidecar" or not _runs(one, world)]
    said += [
        Translation(address=_path(one), says="the processes that it selects have Sidecars of their own instead")
        for one in sidecars
        if one not in kept
    ]
    result = [_translated(one, world, said) for one in kept]
    for process in world.processes:
        result.append(_entry(process, objects))
        said.append(Translation(address=process.workload, says=f"one of its pods is the process {process.name}"))
        if process.local:
            sidecar = _sidecar(process, _governing(sidecars, process), objects)
            result.append(_without_low_ports(sidecar, process, world, said))
            says = (
                f"a Sidecar of its own: nothing captures {process.name}'s traffic, so each port is bound to an address"
            )
            said.append(Translation(address=process.workload, says=says))
    return result, said


def _known(record: Record, said: list[Translation]) -> Object:
    """The object without values that only the cloud will decide."""
    found, unknown = without_unknown(record.values)
    if unknown:
        says = f"{', '.join(unknown)}: what the cloud decides is {PLACEHOLDER}"
        said.append(Translation(address=record.address, says=says))
    return found


def _translated(thing: Object, world: World, said: list[Translation]) -> Object:
    match thing["kind"]:
        case "RequestAuthentication":
            return _with_keys(thing, world, said)
        case "Gateway" if thing["apiVersion"].startswith("networking.istio.io/"):
            return _bound(thing, world, said)
        case _:
            return thing


def _with_keys(thing: Object, world: World, said: list[Translation]) -> Object:
    rules = []
    for position, rule in enumerate(thing.get("spec", {}).get("jwtRules", [])):
        if uri := rule.get("jwksUri"):
            says = f"spec.jwtRules.{position}.jwksUri: keys of {uri} are those of the run's own issuer"
            said.append(Translation(address=_path(thing), says=says))
        kept = {key: value for key, value in rule.items() if key != "jwksUri"}
        rules.append({**kept, "jwks": world.jwks} if uri else kept)
    return {**thing, "spec": {**thing["spec"], "jwtRules": rules}}


def _bound(thing: Object, world: World, said: list[Translation]) -> Object:
    selector = thing.get("spec", {}).get("selector", {})
    process = next((one for one in world.processes if selector.items() <= one.labels.items()), None)
    if process is None:
        return thing
    servers = [{**server, "bind": process.address} for server in thing["spec"].get("servers", [])]
    fields = ", ".join(f"spec.servers.{position}.bind" for position in range(len(servers)))
    said.append(Translation(address=_path(thing), says=f"{fields}: {process.address}"))
    return {**thing, "spec": {**thing["spec"], "servers": servers}}


def _entry(process: Process, objects: Sequence[Object]) -> Object:
    """The WorkloadEntry by which Services find a process."""
    ports = {
        port["name"]: process.ports[target]
        for service in _services_of(process, objects)
        for port in service["spec"].get("ports", [])
        if (target := str(port.get("targetPort", port["port"]))) in process.ports
    }
    return {
        "apiVersion": "networking.istio.io/v1",
        "kind": "WorkloadEntry",
        "metadata": {"name": process.name, "namespace": process.namespace},
        "spec": {
            "address": process.address,
            "labels": {**process.labels, PROCESS_LABEL: process.name, _TLS_MODE: "istio"},
            "serviceAccount": process.account,
            "locality": process.locality,
            "network": process.site,
            **({"ports": ports} if ports else {}),
        },
    }


def _services_of(process: Process, objects: Sequence[Object]) -> Iterator[Object]:
    for one in objects:
        if one["kind"] == "Service" and one["apiVersion"] == "v1" and _namespace(one) == process.namespace:
            selector = one.get("spec", {}).get("selector") or {}
            if selector and selector.items() <= process.labels.items():
                yield one


def _governing(sidecars: Sequence[Object], process: Process) -> Object | None:
    """The declared Sidecar that a pod would get: its own, its namespace's, the mesh's."""
    here = [one for one in sidecars if _namespace(one) == process.namespace]
    own = [one for one in here if (labels := _selected(one)) and labels.items() <= process.labels.items()]
    rest = [one for one in here if not _selected(one)]
    root = [one for one in sidecars if _namespace(one) == "istio-system" and not _selected(one)]
    return next(iter([*own, *rest, *root]), None)


def _runs(sidecar: Object, world: World) -> bool:
    """Whether a declared Sidecar selects a process here: that one gets Sidecars of its own instead."""
    labels = _selected(sidecar)
    return bool(labels) and any(
        _namespace(sidecar) == one.namespace and labels.items() <= one.labels.items() for one in world.processes
    )


def _selected(sidecar: Object) -> Mapping[str, str]:
    labels: Mapping[str, str] = sidecar.get("spec", {}).get("workloadSelector", {}).get("labels", {})
    return labels


def _sidecar(process: Process, declared: Object | None, objects: Sequence[Object]) -> Object:
    spec = dict((declared or {}).get("spec", {}))
    hosts = [host for listener in spec.get("egress", [{"hosts": ["*/*"]}]) for host in listener.get("hosts", [])]
    ingress = [
        {
            "port": {"number": number, "protocol": _protocol(name), "name": f"{_protocol(name).lower()}-{number}"},
            "bind": process.address,
            "captureMode": "NONE",
            "defaultEndpoint": f"127.0.0.1:{process.local[number]}",
        }
        for name, number in process.ports.items()
        if number in process.local
    ]
    name = declared["metadata"]["name"] if declared else "default"
    return {
        "apiVersion": "networking.istio.io/v1",
        "kind": "Sidecar",
        "metadata": {"name": f"{process.name}-{name}", "namespace": process.namespace},
        "spec": {
            **spec,
            "workloadSelector": {"labels": {PROCESS_LABEL: process.name}},
            "ingress": ingress,
            "egress": list(_egress(process, hosts, objects)) or _NOTHING,
        },
    }


def _without_low_ports(sidecar: Object, process: Process, world: World, said: list[Translation]) -> Object:
    """The Sidecar without listeners that this user may not have: Envoy would refuse all of them with one."""
    by_port = {one["port"]["number"]: one for one in sidecar["spec"]["egress"] if "port" in one}
    low = sorted(number for number in by_port if number < world.lowest_port)
    if not low:
        return sidecar
    says = f"{process.name} calls nothing on port {', '.join(map(str, low))}: only root may listen there for it"
    said.append(Translation(address=process.workload, says=says))
    kept = [one for number, one in by_port.items() if number not in low]
    return {**sidecar, "spec": {**sidecar["spec"], "egress": kept or _NOTHING}}


def _egress(process: Process, hosts: Sequence[str], objects: Sequence[Object]) -> Iterator[Object]:
    """One listener for each port that the imported hosts have: without capture a listener needs a port of its own."""
    by_port: dict[tuple[int, str], list[str]] = {}
    for host in hosts:
        for number, protocol in _ports_of(host, process.namespace, objects):
            by_port.setdefault((number, protocol), []).append(host)
    seen: set[int] = set()
    for (number, protocol), found in sorted(by_port.items()):
        if number in seen:
            continue  # one address has one listener for a port; the first protocol keeps it
        seen.add(number)
        yield {
            "port": {"number": number, "protocol": protocol, "name": f"{protocol.lower()}-{number}"},
            "bind": process.outbound,
            "captureMode": "NONE",
            "hosts": sorted(set(found)),
        }


def _ports_of(host: str, own: str, objects: Sequence[Object]) -> Iterator[tuple[int, str]]:
    namespace, _, pattern = host.partition("/")
    for one in objects:
        if namespace not in ("*", "~") and _namespace(one) != (own if namespace == "." else namespace):
            continue
        if one["kind"] == "Service" and fnmatchcase(_host(one), pattern):
            for port in one["spec"].get("ports", []):
                yield port["port"], _protocol(str(port.get("appProtocol") or port.get("name", "tcp")))
        elif one["kind"] == "ServiceEntry" and any(fnmatchcase(each, pattern) for each in one["spec"]["hosts"]):
            for port in one["spec"].get("ports", []):
                yield port["number"], str(port["protocol"])


def _protocol(name: str) -> str:
    word = name.partition("-")[0].lower()
    return word.upper() if word in _TEXT_PROTOCOLS else "HTTP" if name == "metrics" else "TCP"


def _host(service: Object) -> str:
    return f"{service['metadata']['name']}.{_namespace(service)}.svc.cluster.local"


def _namespace(thing: Object) -> str:
    return str(thing.get("metadata", {}).get("namespace", ""))


def _path(thing: Object) -> str:
    return f"{thing['kind']}/{_namespace(thing)}/{thing['metadata']['name']}"

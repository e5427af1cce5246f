"""Which addresses of this machine lead into which pod."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from typing import Final

from meshproof.probes.kubernetes import Api
from meshproof.targets.embedded.addresses import Addresses
from meshproof.targets.embedded.state import ProcessState, SiteState, TargetState
from meshproof.targets.kind.lines import Lines, lines
from meshproof.targets.kind.ways import Ways

#: Envoy's admin interface, and istiod's debug and metrics: each listens at its pod's own loopback.
_ADMIN: Final = 15_000
_DEBUG: Final = 8_080
_METRICS: Final = 15_014
_PLANE: Final = "istio-system"


@dataclass(frozen=True, slots=True)
class Opened:
    """The lines to the pods of a site, and the name of that of its control plane, if there is one."""

    lines: Lines
    plane: str


@contextmanager
def opened(state: TargetState) -> Iterator[Mapping[str, Opened]]:
    """By site, where a mesh runs: what its pods are reached by, until the end of the block."""
    with ExitStack() as stack:
        found: dict[str, Opened] = {}
        for site in state.sites:
            if site.processes:
                plane = _control_plane(site)
                others = {plane: _PLANE} if plane else {}
                found[site.name] = Opened(stack.enter_context(lines(site, others)), plane)
        yield found


def reached(state: TargetState, by: Mapping[str, Opened], ways: Ways, addresses: Addresses) -> TargetState:
    """The target with addresses of this machine in the place of those of its pods."""
    sites = [_site(one, by[one.name], ways, addresses) if one.name in by else one for one in state.sites]
    return state.model_copy(update={"sites": sites})


def _site(site: SiteState, by: Opened, ways: Ways, addresses: Addresses) -> SiteState:
    processes = [_process(one, by.lines, ways, addresses) for one in site.processes]
    asked = _asked(by, ways, addresses) if by.plane else {}
    return site.model_copy(update={"processes": processes, **asked})


def _process(pod: ProcessState, by: Lines, ways: Ways, addresses: Addresses) -> ProcessState:
    """A stranger reaches the pod's ports from its node; the workload itself calls from its own network."""
    address, outbound = addresses.take(), addresses.take()
    for port in set(pod.ports.values()):
        ways.lead(address, port, by.towards(pod, port))
    for port in pod.local:
        ways.lead(outbound, port, by.out_of(pod, port))
    admin = ways.lead(address, 0, by.into(pod.namespace, pod.name, _ADMIN))
    return pod.model_copy(update={"address": address, "outbound": outbound, "admin": f"http://{address}:{admin}"})


def _control_plane(site: SiteState) -> str:
    with closing(Api(site.credentials)) as api:
        rows = api.get(f"/api/v1/namespaces/{_PLANE}/pods", labelSelector="app=istiod").get("items", [])
    return str(rows[0]["metadata"]["name"]) if rows else ""


def _asked(by: Opened, ways: Ways, addresses: Addresses) -> Mapping[str, str]:
    """The way to what the pod of istiod says of itself."""
    address = addresses.take()
    debug, metrics = (ways.lead(address, 0, by.lines.into(_PLANE, by.plane, port)) for port in (_DEBUG, _METRICS))
    return {"debug": f"http://{address}:{debug}/debug", "metrics": f"http://{address}:{metrics}/metrics"}

"""Which addresses of this machine lead into which pod."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from meshproof.probes.kubernetes import Api, Credentials
from meshproof.probes.pod_lines import PodLine
from meshproof.targets.embedded.addresses import Addresses
from meshproof.targets.embedded.state import ProcessState, SiteState, TargetState
from meshproof.targets.kind import outsider
from meshproof.targets.kind.ways import Ways

#: Envoy's admin interface, and istiod's debug and metrics: each listens at its pod's own loopback.
_ADMIN: Final = 15_000
_DEBUG: Final = 8_080
_METRICS: Final = 15_014
#: Nobody has it (RFC 2544): what answers there is the proxy that captured the connection.
NOWHERE: Final = "198.18.0.1"


def reached(state: TargetState, ways: Ways, addresses: Addresses) -> TargetState:
    """The target with addresses of this machine in the place of those of its pods."""
    return state.model_copy(update={"sites": [_site(one, ways, addresses) for one in state.sites]})


def _site(site: SiteState, ways: Ways, addresses: Addresses) -> SiteState:
    processes = [_process(one, site.credentials, ways, addresses) for one in site.processes]
    return site.model_copy(update={"processes": processes, **_control_plane(site, ways, addresses)})


def _process(pod: ProcessState, credentials: Credentials, ways: Ways, addresses: Addresses) -> ProcessState:
    """A stranger reaches the pod's ports from its node; the workload itself calls from its own container."""
    address, outbound = addresses.take(), addresses.take()
    for port in set(pod.ports.values()):
        line = PodLine.out_of(outsider.NAMESPACE, outsider.NAME, outsider.NAME, pod.address, port)
        ways.lead(address, port, line, credentials)
    for port in pod.local:
        container = pod.workload.rpartition("/")[2]
        ways.lead(outbound, port, PodLine.out_of(pod.namespace, pod.name, container, NOWHERE, port), credentials)
    admin = ways.lead(address, 0, PodLine.into(pod.namespace, pod.name, _ADMIN), credentials)
    return pod.model_copy(update={"address": address, "outbound": outbound, "admin": f"http://{address}:{admin}"})


def _control_plane(site: SiteState, ways: Ways, addresses: Addresses) -> Mapping[str, str]:
    """The way to what the pod of istiod says of itself."""
    api = Api(site.credentials)
    rows = api.get("/api/v1/namespaces/istio-system/pods", labelSelector="app=istiod").get("items", [])
    api.close()
    if not rows or not site.processes:
        return {}
    name, address = rows[0]["metadata"]["name"], addresses.take()
    debug, metrics = (
        ways.lead(address, 0, PodLine.into("istio-system", name, port), site.credentials) for port in (_DEBUG, _METRICS)
    )
    return {"debug": f"http://{address}:{debug}/debug", "metrics": f"http://{address}:{metrics}/metrics"}

"""What carries a connection into a pod or out of it.

Where this process may enter the network of a pod (root, on Docker's own machine), connections are opened in there.
Elsewhere the API server carries each: a command in a container, or a forwarded port. That takes a process for each of
them in the node, so that checks under load have no time for theirs and are unknown.
"""

from __future__ import annotations

import os
from collections.abc import Coroutine, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

from meshproof.errors import ProbeError, TargetError
from meshproof.probes.entered import Network, entered
from meshproof.probes.kubernetes import Api, Credentials
from meshproof.probes.pod_lines import PodLine, carry
from meshproof.probes.workload import Pod, pod_of
from meshproof.targets.embedded.state import ProcessState, SiteState
from meshproof.targets.kind import outsider
from meshproof.targets.kind.docker import docker
from meshproof.targets.kind.freezing import process_of

Carry = partial[Coroutine[Any, Any, None]]
#: Nobody has it (RFC 2544): what answers there is the proxy that captured the connection.
NOWHERE: Final = "198.18.0.1"
_LOOPBACK: Final = "127.0.0.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """Of one site; `networks` by the name of a pod or a node, as far as they were entered."""

    credentials: Credentials
    nodes: Mapping[str, str] = field(default_factory=dict)
    networks: Mapping[str, Network] = field(default_factory=dict)

    def towards(self, pod: ProcessState, port: int) -> Carry:
        """From the pod's node, as a stranger calls it."""
        if node := self.networks.get(self.nodes.get(pod.name, "")):
            return partial(node.carry, pod.address, port)
        return self._asked(PodLine.out_of(outsider.NAMESPACE, outsider.NAME, outsider.NAME, pod.address, port))

    def out_of(self, pod: ProcessState, port: int) -> Carry:
        """From within: what the workload sends is captured."""
        if inside := self.networks.get(pod.name):
            return partial(inside.carry, NOWHERE, port)
        container = pod.workload.rpartition("/")[2]
        return self._asked(PodLine.out_of(pod.namespace, pod.name, container, NOWHERE, port))

    def into(self, namespace: str, pod: str, port: int) -> Carry:
        """To a port of its own loopback."""
        if inside := self.networks.get(pod):
            return partial(inside.carry, _LOOPBACK, port)
        return self._asked(PodLine.into(namespace, pod, port))

    def _asked(self, line: PodLine) -> Carry:
        return partial(carry, line, self.credentials, self.credentials.tls())


@contextmanager
def lines(site: SiteState, others: Mapping[str, str]) -> Iterator[Lines]:
    """Lines to a site's pods, and to `others` by name and namespace."""
    with ExitStack() as stack:
        pods = list(_pods(site, {**{one.name: one.namespace for one in site.processes}, **others}))
        networks: dict[str, Network] = {}
        try:
            for node, number in {one.node: first_process(one.node) for one in pods}.items():
                networks[node] = stack.enter_context(entered(Path(f"/proc/{number}/ns/net")))
                for one in pods:
                    if one.node == node:
                        seen = Path(f"/proc/{number}/root/proc/{process_of(one)}/ns/net")
                        networks[one.name] = stack.enter_context(entered(seen))
        except (ProbeError, TargetError):
            networks = {}
        yield Lines(credentials=site.credentials, nodes={one.name: one.node for one in pods}, networks=networks)


def _pods(site: SiteState, wanted: Mapping[str, str]) -> Iterator[Pod]:
    api = Api(site.credentials)
    try:
        for name, namespace in wanted.items():
            yield pod_of(api.get(f"/api/v1/namespaces/{namespace}/pods/{name}"))
    finally:
        api.close()


def first_process(node: str) -> int:
    """The node's first process, as this machine counts. Raises TargetError where it is another's, or only root's."""
    told = docker("inspect", "--format", "{{.State.Pid}}", node)
    if told.returncode != 0 or not told.stdout.strip().isdigit() or os.geteuid() != 0:
        message = f"the network of {node} is not entered: {told.last_words(1)}"
        raise TargetError(message)
    return int(told.stdout)

"""Figures of the embedded target: how long it takes to start, and how its control plane bears many clients."""

from __future__ import annotations

import asyncio
import re
import statistics
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import grpc
from envoy.service.discovery.v3 import ads_pb2_grpc, discovery_pb2
from google.protobuf import json_format

from meshproof.process import run
from meshproof.settings import read_settings
from meshproof.targets.embedded.lease import attach, discard
from meshproof.targets.embedded.mesh import Mesh
from meshproof.targets.embedded.state import TargetState
from meshproof.targets.plan import declaration_of

ROOT: Final = Path(__file__).parents[1]
CLUSTERS: Final = "type.googleapis.com/envoy.config.cluster.v3.Cluster"
#: Clients of each step, and changes that are pushed to all of them in it.
STEPS: Final = (10, 50, 200)
CHANGES: Final = 10
WITHIN_S: Final = 60.0
#: The name in the control plane's certificate.
ISTIOD: Final = "istiod.istio-system.svc"
#: A namespace that every client may read and that no declared object lies in.
NAMESPACE: Final = "default"


@contextmanager
def running() -> Iterator[tuple[TargetState, float]]:
    """The target, and the seconds from asking for it to both sites ready."""
    began = time.monotonic()
    lease, state = attach(read_settings(ROOT, {}), ROOT / "fixtures" / "programs.toml")
    try:
        yield state, time.monotonic() - began
    finally:
        discard(lease)


def embedded() -> list[tuple[str, str]]:
    """A warm start, its parts, and the scale probe."""
    declaration = declaration_of(read_settings(ROOT, {}))
    with running() as (state, seconds):
        proxies = sum(len(site.processes) for site in state.sites)
        rows = [(f"start of two sites with {proxies} proxies, to ready", f"{seconds:.1f} s")]
        for site in state.sites:
            parts = ", ".join(f"{name} {took:.1f} s" for name, took in site.seconds.items())
            rows.append((f"{site.name}: its parts", parts))
        rows.append(("memory of all its processes", f"{memory_of(state.directory) / 2**30:.1f} GiB"))
        return rows + asyncio.run(_scale(state, Mesh(state, declaration)))


def memory_of(directory: Path) -> int:
    """Bytes that the target's processes hold for themselves (proportional set size)."""
    argv = ["ps", "-eo", "pid=,args="]
    pids = [line.split()[0] for line in run(argv, within_s=5).stdout.splitlines() if str(directory) in line]
    totals = (re.search(r"^Pss:\s+(\d+)", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.MULTILINE) for pid in pids)
    return sum(int(one[1]) * 1024 for one in totals if one)


async def _scale(state: TargetState, mesh: Mesh) -> list[tuple[str, str]]:
    """Clients without Envoy on the primary's istiod: what one change costs as their number grows."""
    site = state.sites[0]
    rows: list[tuple[str, str]] = []
    clients: list[Client] = []
    for size in STEPS:
        clients += [await Client.connect(site.xds, mesh, number) for number in range(len(clients), size)]
        seconds = [took for change in range(CHANGES) for took in await _pushed(mesh, clients, change)]
        percentiles = statistics.quantiles(seconds, n=100)
        memory = _resident(site.istiod_pid) / 2**20
        p50, p99 = (percentiles[at] * 1000 for at in (49, 98))
        says = f"p50 {p50:.0f} ms, p99 {p99:.0f} ms, istiod {memory:.0f} MiB"
        rows.append((f"a change to {size} xDS clients ({len(seconds)} seen)", says))
    for client in clients:
        await client.close()
    return rows


def _resident(pid: int) -> int:
    found = re.search(r"^VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    return int(found[1]) * 1024 if found else 0


async def _pushed(mesh: Mesh, clients: list[Client], change: int) -> list[float]:
    """Seconds from the API server's answer to a new service at each client that was told of it."""
    host = f"probe-{change}-{len(clients)}.example"
    api = mesh.api("primary")
    waiting = [asyncio.create_task(one.told_of(host)) for one in clients]
    answer = await asyncio.to_thread(api.apply, _service(host))
    if not answer.accepted:
        message = f"the API server refused the probe's service: {answer}"
        raise RuntimeError(message)
    began = time.monotonic()
    told = await asyncio.wait_for(asyncio.gather(*waiting), WITHIN_S)
    await asyncio.to_thread(api.delete, _service(host))
    return [max(at - began, 0.0) for at in told]


def _service(host: str) -> dict[str, Any]:
    return {
        "apiVersion": "networking.istio.io/v1",
        "kind": "ServiceEntry",
        "metadata": {"name": host.replace(".", "-"), "namespace": NAMESPACE},
        "spec": {
            "hosts": [host],
            "location": "MESH_INTERNAL",
            "resolution": "STATIC",
            "ports": [{"number": 80, "name": "http", "protocol": "HTTP"}],
            "endpoints": [{"address": "192.0.2.1"}],
        },
    }


class Client:
    """One xDS client that holds every cluster, as a sidecar does, and acknowledges what it is sent."""

    def __init__(self, channel: grpc.aio.Channel, node: dict[str, Any]) -> None:
        """Use `connect`."""
        self._channel = channel
        self._node = json_format.ParseDict({"node": node, "typeUrl": CLUSTERS}, discovery_pb2.DiscoveryRequest())
        self._seen: dict[str, float] = {}
        self._news = asyncio.Condition()
        self._answers: asyncio.Queue[Any] = asyncio.Queue()

    @classmethod
    async def connect(cls, xds: str, mesh: Mesh, number: int) -> Client:
        """A client with an identity of the mesh, once it has been sent all clusters."""
        identity = mesh.authority.issue(f"probe-{number}", names=[mesh.spiffe(NAMESPACE, "default")])
        credentials = grpc.ssl_channel_credentials(
            mesh.authority.root.pem.encode(), identity.key_pem.encode(), identity.chain_pem.encode()
        )
        options = [
            ("grpc.ssl_target_name_override", "istiod.istio-system.svc"),
            ("grpc.max_receive_message_length", -1),
        ]
        channel = grpc.aio.secure_channel(xds, credentials, options=options)
        metadata = {"NAMESPACE": NAMESPACE, "SERVICE_ACCOUNT": "default", "CLUSTER_ID": "primary", "MESH_ID": "probe"}
        name = f"sidecar~192.0.2.{number % 250}~probe-{number}.{NAMESPACE}~{NAMESPACE}.svc.cluster.local"
        client = cls(channel, {"id": name, "metadata": metadata})
        client._reader = asyncio.create_task(client._read())
        await asyncio.wait_for(client.told_of(""), WITHIN_S)
        return client

    async def close(self) -> None:
        """End the stream."""
        self._reader.cancel()
        await self._channel.close()

    async def told_of(self, host: str) -> float:
        """When it was first sent a cluster for this host."""
        async with self._news:
            await self._news.wait_for(lambda: host in self._seen)
        return self._seen[host]

    async def _requests(self) -> AsyncIterator[Any]:
        yield self._node
        while True:
            answer = await self._answers.get()
            yield discovery_pb2.DiscoveryRequest(
                type_url=CLUSTERS, version_info=answer.version_info, response_nonce=answer.nonce
            )

    async def _read(self) -> None:
        stub = ads_pb2_grpc.AggregatedDiscoveryServiceStub(self._channel)
        async for answer in stub.StreamAggregatedResources(self._requests()):
            at = time.monotonic()
            hosts = {"", *(name.decode() for each in answer.resources for name in HOST.findall(each.value))}
            async with self._news:
                self._seen |= {host: at for host in hosts if host not in self._seen}
                self._news.notify_all()
            await self._answers.put(answer)


#: The host in a cluster's name, read from the message's bytes: decoding every cluster would measure protobuf.
HOST: Final = re.compile(rb"outbound\|80\|\|(probe-[\w.-]+?\.example)")

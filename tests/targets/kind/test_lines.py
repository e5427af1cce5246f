"""Which way a connection into a pod goes: through its own network where that was entered, else by the API server."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from meshproof.errors import TargetError
from meshproof.probes.entered import Network
from meshproof.probes.kubernetes import Credentials
from meshproof.probes.pod_lines import PodLine
from meshproof.targets.embedded.state import ProcessState
from meshproof.targets.kind import lines
from meshproof.targets.kind.lines import NOWHERE, Lines
from tests.targets.kind.test_docker import command

API = Credentials(url="https://127.0.0.1:1", authority=Path("/nowhere"))
POD = ProcessState(
    name="orders-1",
    kind="echo",
    workload="primary/Rollout/shop/orders",
    site="primary",
    namespace="shop",
    account="orders",
    labels={},
    address="10.244.0.7",
    outbound="10.244.0.7",
    locality="",
    ports={"http": 8080},
    local={8080: 8080},
    admin="",
    proxy_pid=0,
    app_pid=0,
    log=Path(),
    ready_s=0.0,
)


def test_each_end_of_a_call_has_a_network_of_its_own() -> None:
    """A stranger calls from the node, the workload from its pod, where its proxy is asked too."""
    with ThreadPoolExecutor(1) as thread:
        node, pod = Network(thread), Network(thread)
        by = Lines(credentials=API, nodes={"orders-1": "one"}, networks={"one": node, "orders-1": pod})

        found = [by.towards(POD, 8080), by.out_of(POD, 8080), by.into("shop", "orders-1", 15_000)]

        assert [(one.func, one.args) for one in found] == [
            (node.carry, ("10.244.0.7", 8080)),
            (pod.carry, (NOWHERE, 8080)),
            (pod.carry, ("127.0.0.1", 15_000)),
        ]


def test_without_them_the_api_server_carries(monkeypatch: pytest.MonkeyPatch) -> None:
    """A command in the pod outside the mesh, one in the workload's container, a forwarded port."""
    monkeypatch.setattr(Credentials, "tls", lambda _: None)
    by = Lines(credentials=API, nodes={"orders-1": "one"}, networks={})

    found = [by.towards(POD, 8080), by.out_of(POD, 8080), by.into("shop", "orders-1", 15_000)]

    assert [one.args[0] for one in found] == [
        PodLine.out_of("default", "meshproof-outsider", "meshproof-outsider", "10.244.0.7", 8080),
        PodLine.out_of("shop", "orders-1", "orders", NOWHERE, 8080),
        PodLine.into("shop", "orders-1", 15_000),
    ]


def test_a_node_of_another_machine_is_not_entered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Docker knows no such container."""
    command(tmp_path, monkeypatch, 'echo "Error: No such object: one" >&2; exit 1')

    with pytest.raises(TargetError, match=r"^the network of one is not entered: Error: No such object: one$"):
        lines.first_process("one")

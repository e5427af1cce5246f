"""What runs behind a proxy is started from its declared container, and given other files while it runs."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from pathlib import Path

import pytest

from meshproof.targets.embedded.addresses import free_ports
from meshproof.targets.embedded.applications import APPLICATIONS, Start, files_of, mount_again
from meshproof.targets.embedded.containers import Container
from meshproof.targets.embedded.state import ProcessState
from meshproof.targets.embedded.translate import Process
from meshproof.targets.embedded.workloads import Program
from meshproof.toolchain import find
from meshproof.toolchain.needs import is_here

COUNTERS: Mapping[str, object] = {
    "name": "counters-0",
    "kind": "redis",
    "workload": "primary/Deployment/limits/counters",
    "site": "primary",
    "namespace": "limits",
    "account": "counters",
    "labels": {"app": "counters"},
    "address": "127.70.0.2",
    "outbound": "127.70.0.3",
    "locality": "a/a",
    "ports": {"tcp-counters": 6379},
}


def test_every_word_of_the_programs_file_is_a_gateway_or_has_a_starter() -> None:
    """A row that nothing starts would be a process that is not there."""
    words = Program.model_fields["runs"].annotation

    assert set(getattr(words, "__args__", ())) - {"gateway"} == set(APPLICATIONS)


@pytest.mark.skipif(not is_here("redis-server"), reason="redis-server missing; run: meshproof fetch")
def test_a_store_gets_its_declared_arguments_on_a_port_of_its_own(tmp_path: Path) -> None:
    """The container's port is the sidecar's; the program listens behind it."""
    (port,) = free_ports(1)
    process = Process(**COUNTERS, local={6379: port})  # type: ignore[arg-type]  # read as a whole
    container = Container(arguments=("--save", "", "--maxmemory", "12mb"))
    start = Start(
        programs={"redis-server": find("redis-server").path},
        process=process,
        container=container,
        site="primary",
        directory=tmp_path,
    )

    with APPLICATIONS["redis"].start(start), socket.create_connection(("127.0.0.1", port), timeout=2) as line:
        line.sendall(b"CONFIG GET maxmemory\r\n")
        said = line.recv(200)

    assert said.split()[-1] == str(12 * 2**20).encode()


def test_files_are_mounted_again_for_what_gives_no_account_of_them(tmp_path: Path) -> None:
    """They are there at once: nobody can say when they were read."""
    state = ProcessState.model_validate(
        {**COUNTERS, "local": {}, "admin": "", "proxy_pid": 0, "app_pid": 0, "log": tmp_path, "ready_s": 0}
    )

    mount_again(state, tmp_path, Container(files={"/etc/x/y": "z"}))

    assert (files_of(tmp_path) / "etc" / "x" / "y").read_text() == "z"

"""What runs behind a proxy is started from its declared container, and given other files while it runs."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from pathlib import Path

import pytest

from meshproof.errors import UsageError
from meshproof.targets.embedded.addresses import free_ports
from meshproof.targets.embedded.applications import APPLICATIONS, Start, files_of, mount_again
from meshproof.targets.embedded.containers import Container
from meshproof.targets.embedded.state import ProcessState
from meshproof.targets.embedded.translate import Process
from meshproof.targets.embedded.workloads import Program, read_programs
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
        row=Program(image="*", runs="redis", why="it is one"),
        site="primary",
        directory=tmp_path,
    )

    with APPLICATIONS["redis"].start(start), socket.create_connection(("127.0.0.1", port), timeout=2) as line:
        line.sendall(b"CONFIG GET maxmemory\r\n")
        said = line.recv(200)

    assert said.split()[-1] == str(12 * 2**20).encode()


def _program(directory: Path, **row: object) -> tuple[Start, int]:
    (port,) = free_ports(1)
    process = Process(**{**COUNTERS, "kind": "program", "ports": {"http": 8080}}, local={8080: port})  # type: ignore[arg-type]
    found = Program.model_validate({"image": "*/shop:*", "runs": "program", "why": "it is ours", **row})
    container = Container(environment={"SITE": "declared", "LEVEL": "info"})
    return Start(
        programs={}, process=process, container=container, row=found, site="primary", directory=directory
    ), port


def test_a_row_says_what_program_runs_and_what_it_is_told_beside_its_declared_environment(tmp_path: Path) -> None:
    """It listens where the row says that it is told to, and the row's words win over the declared ones."""
    script = (
        "import http.server, os; told = ' '.join(os.environ[one] for one in ('SITE', 'LEVEL', 'WHO')); "
        "open('told', 'w').write(told); "
        "http.server.HTTPServer(('127.0.0.1', int(os.environ['PORT'])), None).serve_forever()"
    )
    told = {"PORT": "{port_http}", "SITE": "{site}", "WHO": "{name}"}
    start, port = _program(tmp_path / "app", command=["{python}", "-c", script], environment=told)

    with APPLICATIONS["program"].start(start), socket.create_connection(("127.0.0.1", port), timeout=2):
        said = (tmp_path / "app" / "told").read_text()

    assert said == "primary info counters-0"


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ({"command": ["{pyhton}"]}, "nothing stands for 'pyhton'; known are directory, here, name"),
        ({"command": ["x"], "serves": ["grpc"]}, "has no port grpc"),
    ],
)
def test_a_row_that_cannot_be_followed_is_told_in_a_sentence(tmp_path: Path, row: dict[str, object], says: str) -> None:
    """What stands for nothing, and a port that the workload does not have."""
    start, _ = _program(tmp_path / "app", **row)

    with pytest.raises(UsageError, match=says):
        APPLICATIONS["program"].start(start)


@pytest.mark.parametrize("row", ['runs = "program"', 'runs = "echo"\ncommand = ["x"]'])
def test_a_command_belongs_to_a_program_and_to_nothing_else(tmp_path: Path, row: str) -> None:
    """A row that says one without the other is refused with its file."""
    file = tmp_path / "programs.toml"
    file.write_text(f'[[program]]\nimage = "*"\nwhy = "-"\n{row}\n', encoding="utf-8")

    with pytest.raises(UsageError, match=r"programs.toml: program.0: .* a command belongs to a program"):
        read_programs(file)


def test_files_are_mounted_again_for_what_gives_no_account_of_them(tmp_path: Path) -> None:
    """They are there at once: nobody can say when they were read."""
    state = ProcessState.model_validate(
        {**COUNTERS, "local": {}, "admin": "", "proxy_pid": 0, "app_pid": 0, "log": tmp_path, "ready_s": 0}
    )

    mount_again(state, tmp_path, Container(files={"/etc/x/y": "z"}))

    assert (files_of(tmp_path) / "etc" / "x" / "y").read_text() == "z"

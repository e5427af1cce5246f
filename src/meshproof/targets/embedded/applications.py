"""What runs behind a process's proxy: one starter for each word that `runs` may say in programs.toml."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from meshproof.components.echo import EchoPorts, echo
from meshproof.components.program import program
from meshproof.components.ratelimit import RatelimitPorts, limits, ratelimit
from meshproof.components.redis import redis
from meshproof.errors import UsageError
from meshproof.process import Running
from meshproof.targets.embedded.addresses import free_ports
from meshproof.targets.embedded.containers import Container, environment_here, write_files
from meshproof.targets.embedded.state import ProcessState
from meshproof.targets.embedded.translate import Process
from meshproof.targets.embedded.workloads import Program
from meshproof.waiting import until

_READ_WITHIN_S: Final = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """What an application is started from, in a directory of its own."""

    programs: Mapping[str, Path]
    process: Process
    container: Container
    row: Program
    site: str
    directory: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """How one is started, the container ports that it serves, and whether it needs the mesh when it starts.

    `says` gives its own account of its mounted files: it changes once it has read others.
    """

    start: Callable[[Start], AbstractContextManager[Running]]
    serves: tuple[str, ...]
    needs_the_mesh: bool = False
    says: Callable[[ProcessState], str] | None = None


def _echo(one: Start) -> AbstractContextManager[Running]:
    grpc, tcp = free_ports(2)
    return echo(
        one.programs["echo-server"],
        name=one.process.name,
        version=one.process.labels.get("version", one.process.name),
        site=one.site,
        ports=EchoPorts(http=_port(one, "http"), grpc=grpc, tcp=tcp),
        directory=one.directory,
    )


def _program(one: Start) -> AbstractContextManager[Running]:
    ports = {f"port_{name}": str(_port(one, name)) for name in _served(one)}
    known = {
        "python": sys.executable,
        "here": str(one.row.here),
        "site": one.site,
        "name": one.process.name,
        "directory": str(one.directory),
        **ports,
    }
    try:
        command = [word.format_map(known) for word in one.row.command]
        environment = {name: value.format_map(known) for name, value in one.row.environment.items()}
    except (KeyError, ValueError) as error:
        message = f"the row of {one.row.image}: nothing stands for {error}; known are {', '.join(sorted(known))}"
        raise UsageError(message) from error
    return program(
        command,
        name=one.process.name,
        environment={**one.container.environment, **environment},
        port=int(next(iter(ports.values()))),
        directory=one.directory,
    )


def _served(one: Start) -> list[str]:
    served = [name for name in one.row.serves if name in one.process.ports]
    if not served:
        message = f"the row of {one.row.image}: {one.process.workload} has no port {' or '.join(one.row.serves)}"
        raise UsageError(message)
    return served


def _ratelimit(one: Start) -> AbstractContextManager[Running]:
    root = files_of(one.directory)
    write_files(one.container, root)
    return ratelimit(
        one.programs["ratelimit"],
        name=one.process.name,
        environment=environment_here(one.container, root, one.process.outbound),
        ports=RatelimitPorts(grpc=_port(one, "grpc"), http=_port(one, "http"), debug=one.process.debug),
        directory=one.directory,
    )


def _limits(process: ProcessState) -> str:
    return limits(process.debug)


def _redis(one: Start) -> AbstractContextManager[Running]:
    return redis(
        one.programs["redis-server"],
        name=one.process.name,
        arguments=one.container.arguments,
        port=_port(one, "tcp-counters"),
        directory=one.directory,
    )


#: A gateway has nothing behind it; what a program serves is said by its row.
APPLICATIONS: Final[Mapping[str, Application]] = {
    "echo": Application(start=_echo, serves=("http",)),
    "program": Application(start=_program, serves=()),
    "ratelimit": Application(start=_ratelimit, serves=("grpc", "http"), needs_the_mesh=True, says=_limits),
    "redis": Application(start=_redis, serves=("tcp-counters",)),
}


def mount_again(process: ProcessState, directory: Path, container: Container) -> None:
    """Give a running application other files, in the directory that it was started in, and wait until it has them.

    Raises NotYet.
    """
    root, says = files_of(directory), APPLICATIONS[process.kind].says
    if says is None:
        write_files(container, root)
        return
    before = says(process)
    write_files(container, root)
    until(lambda: says(process), lambda now: now != before, within_s=_READ_WITHIN_S, what=f"{process.name}'s new files")


def files_of(directory: Path) -> Path:
    """Where the file system of an application begins."""
    return directory / "root"


def _port(one: Start, name: str) -> int:
    return one.process.local[one.process.ports[name]]

"""What runs behind a process's proxy: one starter for each word that `runs` may say in programs.toml."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from meshproof.components.echo import EchoPorts, echo
from meshproof.components.ratelimit import RatelimitPorts, limits, ratelimit
from meshproof.components.redis import redis
from meshproof.process import Running
from meshproof.targets.embedded.addresses import free_ports
from meshproof.targets.embedded.containers import Container, environment_here, write_files
from meshproof.targets.embedded.state import ProcessState
from meshproof.targets.embedded.translate import Process
from meshproof.waiting import until

_READ_WITHIN_S: Final = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """What an application is started from, in a directory of its own."""

    programs: Mapping[str, Path]
    process: Process
    container: Container
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


#: A gateway has nothing behind it.
APPLICATIONS: Final[Mapping[str, Application]] = {
    "echo": Application(start=_echo, serves=("http",)),
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

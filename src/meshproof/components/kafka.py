"""Kafka as real processes without ZooKeeper: a controller and its brokers, with the properties that are declared."""

from __future__ import annotations

import base64
import re
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

from meshproof.components.kafka_properties import Properties
from meshproof.components.readiness import await_ready
from meshproof.errors import TargetError, UsageError
from meshproof.process import Running
from meshproof.toolchain import find, find_bundle

_STARTED: Final = "Kafka Server started"
#: A Java program on two cores with three others that start at the same time.
_READY_WITHIN_S: Final = 120.0
#: A cheap collector, the first compiler only: a broker of a drill lives for a minute.
_JAVA: Final = ("-Xms96m", "-Xmx320m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData")
_LOG: Final = """log4j.rootLogger=INFO, out
log4j.appender.out=org.apache.log4j.ConsoleAppender
log4j.appender.out.layout=org.apache.log4j.PatternLayout
log4j.appender.out.layout.ConversionPattern=%d %p %m (%c)%n
"""
_REFUSED: Final = re.compile(r"(?:ConfigException|IllegalArgumentException|requirement failed): ([^|]+)")
#: The buffers are this machine's; the rest is how a process finds the others.
_OWN: Final = """log.cleaner.dedupe.buffer.size=8388608
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
controller.listener.names=CONTROLLER
"""


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """Where the processes of one cluster are: `nodes` maps a node's number to its address; 0 is the controller.

    All listen on `ports`: the controller's and the brokers'. Each has a directory of its own below `directory`.
    """

    nodes: Mapping[int, str]
    ports: tuple[int, int]
    directory: Path
    properties: Properties

    @cached_property
    def identity(self) -> str:
        """The cluster's own name, as Kafka makes them."""
        return base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")

    @property
    def brokers(self) -> tuple[int, ...]:
        """The numbers of the brokers."""
        return tuple(sorted(number for number in self.nodes if number))

    @property
    def bootstrap(self) -> str:
        """Where clients begin."""
        return ",".join(f"{self.nodes[number]}:{self.ports[1]}" for number in self.brokers)

    def home(self, number: int) -> Path:
        """A node's directory."""
        return self.directory / f"node-{number}"


def prepare(cluster: Cluster) -> None:
    """Make the directories of all nodes as Kafka's storage tool does, which would start Java once for each."""
    for number in cluster.nodes:
        data = cluster.home(number) / "data"
        data.mkdir(mode=0o700, parents=True)
        own = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        (data / "meta.properties").write_text(
            f"version=1\nnode.id={number}\ncluster.id={cluster.identity}\ndirectory.id={own}\n", encoding="utf-8"
        )
        (cluster.home(number) / "log4j.properties").write_text(_LOG, encoding="utf-8")
        (cluster.home(number) / "server.properties").write_text(_lines(cluster, number), encoding="utf-8")


@contextmanager
def node(cluster: Cluster, number: int, *, prefix: tuple[str, ...] = ()) -> Iterator[Running]:
    """Run one node over its prepared directory until the end of the block, once it serves.

    `prefix` goes before its command: a namespace of its own, for example.
    Raises UsageError with Kafka's own message and the address of the declaration for a property that it refuses,
    TargetError with its last words for anything else.
    """
    home = cluster.home(number)
    log = home / "kafka.log"
    begin = log.stat().st_size if log.exists() else 0
    name = f"Kafka's {'broker ' + str(number) if number else 'controller'}"
    with Running([*prefix, *_argv(home)], log=log, cwd=home, name=name, stop_within_s=0.2) as process:
        try:
            await_ready(process, lambda: _has_started(log, begin, process), within_s=_READY_WITHIN_S, what=name)
        except TargetError as error:
            raise _explained(error, process, cluster.properties) from error
        yield process


def _argv(home: Path) -> list[str | Path]:
    jars = find_bundle("kafka").root
    memory = (*_JAVA, f"-Dlog4j.configuration=file:{home / 'log4j.properties'}")
    return [find("java").path, *memory, "-cp", f"{jars}/*", "kafka.Kafka", home / "server.properties"]


def _lines(cluster: Cluster, number: int) -> str:
    controller, broker = cluster.ports
    address = cluster.nodes[number]
    listeners = f"PLAINTEXT://{address}:{broker}" if number else f"CONTROLLER://{address}:{controller}"
    own = {
        "process.roles": "broker" if number else "controller",
        "node.id": str(number),
        "controller.quorum.voters": f"0@{cluster.nodes[0]}:{controller}",
        "listeners": listeners,
        "log.dirs": str(cluster.home(number) / "data"),
    }
    if number:
        own |= {"advertised.listeners": listeners, "broker.rack": f"zone-{number}"}
    return cluster.properties.lines() + _OWN + "".join(f"{name}={value}\n" for name, value in own.items())


def _has_started(log: Path, begin: int, process: Running) -> bool:
    """Whether it says so; one that ended says nothing more."""
    if process.returncode is not None:
        return False
    with log.open("rb") as file:
        file.seek(begin)
        return _STARTED.encode() in file.read()


def _explained(error: TargetError, process: Running, properties: Properties) -> Exception:
    """A refused property has an address; anything else is told as it came."""
    said = process.last_words(40)
    if found := _REFUSED.search(said):
        name = next((one for one in properties.values if one in found[1]), "")
        if name:
            value = properties.values[name]
            message = f"{properties.address}: Kafka refuses {name} = {value}: {found[1].strip()}"
            return UsageError(message)
    return error

"""What does not go on: a container, stopped from its node, where its own view of processes ends; or a whole node."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from meshproof.errors import TargetError
from meshproof.probes.workload import Pod
from meshproof.targets.kind.docker import docker

_PID: Final = "{{.info.pid}}"


def frozen(pod: Pod) -> None:
    """Stop the process of a pod's first container, until the pod is killed. Raises TargetError."""
    done = docker("exec", pod.node, "kill", "-STOP", str(process_of(pod)))
    if done.returncode != 0:
        message = f"the process of {pod.namespace}/{pod.name} cannot be stopped: {done.last_words(1)}"
        raise TargetError(message)


def process_of(pod: Pod) -> int:
    """The process of a pod's first container, as its node counts. Raises TargetError."""
    words = ("crictl", "inspect", "--output", "go-template", "--template", _PID, pod.container)
    told = docker("exec", pod.node, *words)
    number = told.stdout.strip()
    if told.returncode != 0 or not number.isdigit():
        message = f"the process of {pod.namespace}/{pod.name} is not found at {pod.node}: {told.last_words(1)}"
        raise TargetError(message)
    return int(number)


@contextmanager
def held(pod: Pod) -> Iterator[None]:
    """As `frozen`, until the end of the block: it goes on then, if it was not killed meanwhile."""
    number = str(process_of(pod))
    frozen(pod)
    try:
        yield
    finally:
        docker("exec", pod.node, "kill", "-CONT", number)


@contextmanager
def paused(node: str) -> Iterator[None]:
    """Stop every process of a node until the end of the block. Raises TargetError."""
    done = docker("pause", node)
    if done.returncode != 0:
        message = f"the node {node} cannot be stopped: {done.last_words(1)}"
        raise TargetError(message)
    try:
        yield
    finally:
        docker("unpause", node)

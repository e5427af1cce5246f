"""A container's process is found and stopped from its node, or it is said why not."""

from pathlib import Path

import pytest

from meshproof.errors import TargetError
from meshproof.probes.workload import pod_of
from meshproof.targets.kind.freezing import frozen, held, paused

POD = pod_of(
    {
        "metadata": {"namespace": "shop", "name": "orders-1"},
        "spec": {"nodeName": "one-control-plane"},
        "status": {"containerStatuses": [{"containerID": "containerd://abc"}]},
    }
)


def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, inspected: str) -> Path:
    """A `docker` on PATH that answers for crictl and writes down what it is called with."""
    log, file = tmp_path / "log", tmp_path / "docker"
    file.write_text(f'#!/bin/sh\necho "$@" >>{log}\ncase "$*" in *inspect*) {inspected};; esac\n')
    file.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return log


def test_its_process_is_stopped_from_the_node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From inside the container the first process takes no such signal."""
    log = docker(tmp_path, monkeypatch, "echo 4711")

    frozen(POD)

    assert log.read_text().splitlines()[-1] == "exec one-control-plane kill -STOP 4711"


def test_its_process_goes_on_at_the_end_of_the_block(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one that was stopped: a container that was started anew has another."""
    log = docker(tmp_path, monkeypatch, "echo 4711")

    with held(POD):
        log.write_text("")

    assert log.read_text().splitlines() == ["exec one-control-plane kill -CONT 4711"]


def test_a_container_that_is_gone_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing was stopped, so nothing can be concluded."""
    docker(tmp_path, monkeypatch, "echo 'no such container' >&2; exit 1")

    with pytest.raises(
        TargetError, match=r"^the process of shop/orders-1 is not found at one-control-plane: .*no such"
    ):
        frozen(POD)


def test_a_node_stands_still_until_the_end_of_the_block(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And goes on after it."""
    log = docker(tmp_path, monkeypatch, "true")

    with paused("one-worker"):
        assert log.read_text().splitlines() == ["pause one-worker"]

    assert log.read_text().splitlines()[-1] == "unpause one-worker"

"""The part of a node in the addresses of a cluster's pods, and the ways to the others."""

import os
from pathlib import Path

import kind
import pytest

from meshproof.process import run

SCRIPT = Path(kind.__file__).with_name("pod-network")
#: What Docker says of a cluster with two workers: a line for each kind of socket.
KNOWN = """case $2 in
shop-control-plane) echo "10.213.0.4 STREAM shop-control-plane"; echo "10.213.0.4 DGRAM" ;;
shop-worker) echo "10.213.0.2 STREAM shop-worker" ;;
shop-worker2) echo "10.213.0.7 STREAM shop-worker2" ;;
*) exit 2 ;;
esac"""
ALONE = """case $2 in shop-control-plane) echo "10.213.0.4 STREAM" ;; *) exit 2 ;; esac"""


@pytest.mark.parametrize(
    ("node", "known", "part", "routes"),
    [
        pytest.param("shop-control-plane", ALONE, "10.244.0", [], id="the only one"),
        pytest.param(
            "shop-control-plane",
            KNOWN,
            "10.244.0",
            ["10.244.1.0/24 via 10.213.0.2", "10.244.2.0/24 via 10.213.0.7"],
            id="the first",
        ),
        pytest.param(
            "shop-worker",
            KNOWN,
            "10.244.1",
            ["10.244.0.0/24 via 10.213.0.4", "10.244.2.0/24 via 10.213.0.7"],
            id="a worker",
        ),
        pytest.param(
            "shop-worker2",
            KNOWN,
            "10.244.2",
            ["10.244.0.0/24 via 10.213.0.4", "10.244.1.0/24 via 10.213.0.2"],
            id="another",
        ),
    ],
)
def test_each_node_has_its_part_and_ways_to_the_others(
    tmp_path: Path, node: str, known: str, part: str, routes: list[str]
) -> None:
    """Without a name that Docker does not know there is no such node."""
    log = tmp_path / "routes"
    log.touch()
    for name, text in (("hostname", f"echo {node}"), ("getent", known), ("ip", f'echo "$@" >>{log}')):
        (tmp_path / name).write_text(f"#!/bin/sh\n{text}\n")
        (tmp_path / name).chmod(0o755)
    (tmp_path / "template").write_text('{"gateway": "PART.1",\n"rangeEnd": "PART.254"}')

    done = run(
        ["sh", "-c", f"{SCRIPT} <{tmp_path}/template"],
        within_s=20,
        env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"},
    )

    assert (done.returncode, done.stdout) == (0, f'{{"gateway": "{part}.1",\n"rangeEnd": "{part}.254"}}')
    assert log.read_text().splitlines() == [f"route replace {one}" for one in routes]

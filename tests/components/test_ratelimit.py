"""The real limiter over a real store: it keeps the limits of its file, and reads another one while it runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from meshproof.components.ratelimit import RatelimitPorts, limits, ratelimit
from meshproof.components.redis import redis
from meshproof.errors import ProbeError
from meshproof.targets.embedded.addresses import free_ports
from meshproof.targets.embedded.containers import Container, environment_here, write_files
from meshproof.toolchain import find
from meshproof.toolchain.needs import is_here
from meshproof.waiting import until

MISSING = [name for name in ("ratelimit", "redis-server") if not is_here(name)]
pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"{', '.join(MISSING)} missing; run: meshproof fetch")
FILE = "/data/ratelimit/config/shop.yaml"
ENVIRONMENT = {
    "BACKEND_TYPE": "redis",
    "REDIS_SOCKET_TYPE": "tcp",
    "RUNTIME_ROOT": "/data",
    "RUNTIME_SUBDIRECTORY": "ratelimit",
    "RUNTIME_WATCH_ROOT": "false",
    "USE_STATSD": "false",
}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[int]:
    """The port of a store."""
    (port,) = free_ports(1)
    arguments = ["--save", "", "--appendonly", "no"]
    with redis(find("redis-server").path, name="x", arguments=arguments, port=port, directory=tmp_path / "store"):
        yield port


def limiting(per_second: int, **more: str) -> Container:
    """What the limiter is told."""
    text = f"domain: d\ndescriptors:\n  - {{key: k, rate_limit: {{unit: second, requests_per_unit: {per_second}}}}}\n"
    return Container(environment={**ENVIRONMENT, **more}, files={FILE: text})


@contextmanager
def running(told: Container, directory: Path) -> Iterator[int]:
    """The limiter with its files mounted; yields the port of its own account."""
    grpc, http, debug = free_ports(3)
    write_files(told, directory)
    environment = environment_here(told, directory, "127.0.0.1")
    ports = RatelimitPorts(grpc=grpc, http=http, debug=debug)
    program, own = find("ratelimit").path, directory / "own"
    with ratelimit(program, name="x", environment=environment, ports=ports, directory=own):
        yield debug


def test_it_reads_another_file_while_it_runs(tmp_path: Path, store: int) -> None:
    """As a kubelet changes a mounted ConfigMap: the directory that begins with dots is not read twice."""
    told = limiting(20, REDIS_URL=f"127.0.0.1:{store}", RUNTIME_IGNOREDOTFILES="true")
    with running(told, tmp_path) as debug:
        before = limits(debug)
        write_files(limiting(30), tmp_path)
        after = until(lambda: limits(debug), lambda said: said != before, within_s=5.0, what="the other file").value

    assert ("requests_per_unit=20" in before, "requests_per_unit=30" in after) == (True, True)


def test_a_mounted_file_that_is_read_twice_leaves_no_limit_at_all(tmp_path: Path, store: int) -> None:
    """What happens without the setting: two limits of one name, and a limiter that is well and limits nothing."""
    told = limiting(20, REDIS_URL=f"127.0.0.1:{store}")
    with running(told, tmp_path) as debug:
        assert limits(debug) == ""

    assert "duplicate domain" in (tmp_path / "own" / "ratelimit.log").read_text()


def test_one_that_does_not_answer_keeps_no_known_limits() -> None:
    """Silence is nothing seen."""
    (nobody,) = free_ports(1)
    with pytest.raises(ProbeError, match="does not say which limits"):
        limits(nobody)

"""A real API server that no target of a run has made."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from meshproof.components.etcd import etcd
from meshproof.components.kube_apiserver import ApiServer, kube_apiserver
from meshproof.targets.embedded.addresses import free_ports
from meshproof.toolchain import find
from meshproof.toolchain.needs import is_here


@pytest.fixture(scope="session")
def api_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    """With nothing in it but what comes with it."""
    with _running(tmp_path_factory.mktemp("server")) as server:
        yield server


@pytest.fixture(scope="session")
def other_api_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    """Another such one, of the other site."""
    with _running(tmp_path_factory.mktemp("other")) as server:
        yield server


@contextmanager
def _running(directory: Path) -> Iterator[ApiServer]:
    if missing := [one for one in ("etcd", "kube-apiserver") if not is_here(one)]:
        pytest.skip(f"{', '.join(missing)} missing")
    client, peer, secure = free_ports(3)
    with (
        etcd(find("etcd").path, address="127.0.0.1", ports=(client, peer), directory=directory / "etcd") as store,
        kube_apiserver(
            find("kube-apiserver").path,
            etcd=store.url,
            address="127.0.0.1",
            port=secure,
            directory=directory / "api",
            name="foreign",
        ) as server,
    ):
        yield server

"""A real API server that no target of a run has made."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from meshproof.components.etcd import etcd
from meshproof.components.kube_apiserver import ApiServer, kube_apiserver
from meshproof.targets.embedded.addresses import free_ports
from meshproof.toolchain import find
from meshproof.toolchain.needs import is_here


@pytest.fixture(scope="session")
def api_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    """With nothing in it but what comes with it."""
    if missing := [one for one in ("etcd", "kube-apiserver") if not is_here(one)]:
        pytest.skip(f"{', '.join(missing)} missing")
    directory = tmp_path_factory.mktemp("server")
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

"""A server, a cache and the network's absence for the tests of the toolchain."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from meshproof.toolchain.cache import Cache
from tests.toolchain.release_server import ReleaseServer, release_server


@pytest.fixture
def server() -> Iterator[ReleaseServer]:
    """A web server on the loopback."""
    with release_server() as running:
        yield running


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    """An empty cache."""
    return Cache(root=tmp_path / "cache")

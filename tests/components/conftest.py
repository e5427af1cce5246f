"""One emulated account for the tests that need one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from meshproof.components.moto import Account, emulated_account
from meshproof.targets.embedded.addresses import free_ports


@pytest.fixture(scope="session")
def running_account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    """An empty account of its own number."""
    (port,) = free_ports(1)
    with emulated_account("111122223333", port=port, directory=tmp_path_factory.mktemp("account")) as account:
        yield account


@pytest.fixture
def account(running_account: Account) -> Account:
    """The account, with nothing of another test in it."""
    running_account.reset()
    return running_account

"""The emulated account: whose it is, that a copy is a copy, and what is said when it is gone."""

from __future__ import annotations

import importlib.util
import pickle
import signal
from pathlib import Path

import pytest

from meshproof.components.moto import Account, emulated_account
from meshproof.errors import TargetError
from meshproof.probes.aws import Clients
from meshproof.targets.embedded.addresses import free_ports


def test_account_has_its_own_number(account: Account) -> None:
    """STS says so."""
    clients = Clients(account.environment)

    assert clients.of("sts", "eu-west-1").get_caller_identity()["Account"] == "111122223333"


def test_a_copy_holds_what_was_there_and_nothing_later(account: Account) -> None:
    """Queues made in one are not in the other."""
    original = Clients(account.environment).of("sqs", "eu-west-1")
    original.create_queue(QueueName="before")
    with account.copied() as copy:
        copied = Clients(copy.environment).of("sqs", "eu-west-1")
        copied.create_queue(QueueName="in-the-copy")
        original.create_queue(QueueName="in-the-original")

        assert _names(copied) == {"before", "in-the-copy"}
        assert _names(original) == {"before", "in-the-original"}


def test_a_copy_of_a_copy_ends_with_its_block(account: Account) -> None:
    """Each is a process of its own."""
    with account.copied() as copy:
        with copy.copied() as second:
            second.require_alive()
        copy.require_alive()
    with pytest.raises(TargetError, match="has ended"):
        copy.require_alive()


def test_another_process_reaches_it(account: Account) -> None:
    """It survives pickling, as the place where it answers."""
    found = pickle.loads(pickle.dumps(account))  # noqa: S301  our own

    assert (found.number, found.endpoint) == (account.number, account.endpoint)
    found.require_alive()


def test_a_dead_emulator_is_one_sentence(tmp_path: Path) -> None:
    """Killed, it is told of with its number."""
    (port,) = free_ports(1)
    with emulated_account("111122223333", port=port, directory=tmp_path) as account:
        assert account.process is not None
        account.process.signal(signal.SIGKILL)
        with pytest.raises(TargetError, match=r"111122223333 has ended.*nothing that was applied to it is left"):
            account.require_alive()


def test_missing_moto_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sentence names the command that installs it."""
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "moto" else found(name))
    with pytest.raises(TargetError, match=r"pip install 'meshproof\[aws\]'"), _never(tmp_path):
        pass


def _never(directory: Path):  # noqa: ANN202
    return emulated_account("111122223333", port=1, directory=directory)


def _names(client: object) -> set[str]:
    urls = client.list_queues().get("QueueUrls", [])  # type: ignore[attr-defined]  # boto3 makes its clients
    return {url.rpartition("/")[2] for url in urls}

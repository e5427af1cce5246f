"""The account beside the clusters: what is said where LocalStack cannot be had, and what its account cannot do."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from meshproof.components.moto import Account
from meshproof.errors import TargetError
from meshproof.targets.kind.images import Images
from meshproof.targets.kind.localstack import LOCALSTACK, ended, localstack_account
from tests.targets.kind.test_docker import MEMORY, command

NUMBER = "111122223333"


def test_no_docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where to get it, and what goes without."""
    monkeypatch.setenv("PATH", str(tmp_path))

    with (
        pytest.raises(TargetError, match=r"^docker is not on PATH: install Docker .*--target embedded$"),
        localstack_account(NUMBER, Images()),
    ):
        pass


def test_an_image_that_cannot_be_pulled_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With how to preload it, and the option that names another."""
    command(tmp_path, monkeypatch, f'[ "$1" = info ] && echo {MEMORY} && exit; echo "no network" >&2; exit 1')

    with (
        pytest.raises(TargetError, match=r"the image localstack/localstack:4\.14\.0 .*docker save.*with --images"),
        localstack_account(NUMBER, Images()),
    ):
        pass


@pytest.mark.parametrize(
    ("status", "words", "says"),
    [
        pytest.param(
            55, "License activation failed!", "LocalStack wants a licence; set LOCALSTACK_AUTH_TOKEN", id="token"
        ),
        pytest.param(1, "no room", "ended with status 1 before it answered: no room", id="anything else"),
        pytest.param(1, "", "before it answered: it said nothing", id="nothing"),
    ],
)
def test_a_container_that_ended_says_why(status: int, words: str, says: str) -> None:
    """In one sentence, which names the image."""
    found = ended("mirror.example/localstack:latest", status, words)

    assert found.startswith(f"mirror.example/localstack:latest ended with status {status}")
    assert says in found


def test_its_account_has_the_declared_number_and_is_not_copied() -> None:
    """It takes the access key for the number; another worker of the run finds the same."""
    account = pickle.loads(pickle.dumps(Account(NUMBER, "http://127.0.0.1:1", emulator=LOCALSTACK)))  # noqa: S301 - our own

    assert account.emulator == LOCALSTACK
    assert account.environment["AWS_ACCESS_KEY_ID"] == NUMBER
    with pytest.raises(TargetError, match="LocalStack cannot copy an account"), account.copied():
        pass

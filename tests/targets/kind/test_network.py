"""The clusters' network: of a range that nobody has, among the addresses that declared policies open."""

from ipaddress import ip_network
from pathlib import Path

import pytest

from meshproof.errors import TargetError
from meshproof.targets.kind.network import RANGES, create
from tests.targets.kind.test_docker import command

DECLARED = ip_network("10.0.0.0/8")
OF_KIND = [ip_network("10.244.0.0/16"), ip_network("10.96.0.0/16")]


def test_every_range_is_private_and_none_is_of_kind() -> None:
    """Policies name the API server by these."""
    assert [one for one in RANGES if not one.subnet_of(DECLARED)] == []
    assert [one for one in RANGES if any(one.overlaps(other) for other in OF_KIND)] == []


def test_a_range_that_is_taken_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next is asked for."""
    says = "Error response from daemon: Pool overlaps with other one on this address space"
    command(
        tmp_path, monkeypatch, f'[ "$4" = {RANGES[0]} ] && {{ echo "{says}" >&2; exit 1; }}; echo "$@" >> "$0.said"'
    )

    create("meshproof-one")

    assert (tmp_path / "docker.said").read_text() == f"network create --subnet {RANGES[1]} meshproof-one\n"


def test_no_range_is_free(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What to do about it."""
    command(tmp_path, monkeypatch, 'echo "Pool overlaps with other one" >&2; exit 1')

    with pytest.raises(TargetError, match=r"^every range from 10\.213\.0\.0/24 to 10\.213\.15\.0/24 is taken: `docker"):
        create("meshproof-one")


def test_what_else_docker_says_is_handed_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without another try."""
    command(tmp_path, monkeypatch, 'echo "permission denied" >&2; exit 1')

    with pytest.raises(TargetError, match="join the group docker"):
        create("meshproof-one")

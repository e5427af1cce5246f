"""Addresses and ports that no two targets share."""

from __future__ import annotations

import random
import socket
from collections.abc import Iterator

import pytest

from meshproof.errors import TargetError
from meshproof.targets.embedded import addresses
from meshproof.targets.embedded.addresses import Addresses, free_ports, leased


def same_dice() -> random.Random:
    """Chance that falls the same way each time."""
    return random.Random(7)  # noqa: S311 - keeps no secret


@pytest.fixture(autouse=True)
def marks(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[socket.socket]]:
    """Ports given out in a test are free again after it."""
    own: list[socket.socket] = []
    with monkeypatch.context() as patched:
        patched.setattr(addresses, "_MARKS", own)
        yield own
    for one in own:
        one.close()


def test_two_targets_never_get_the_same_block() -> None:
    """The same dice are thrown twice: the second target passes over what the first one holds."""
    with leased(same_dice()) as first, leased(same_dice()) as second:
        assert (first.second, first.third) != (second.second, second.third)


def test_a_block_is_free_again_with_its_holder() -> None:
    """Nothing has to be cleaned up."""
    with leased(same_dice()) as first:
        held = first.take()
    with leased(same_dice()) as again:
        assert again.take() == held


def test_a_block_gives_a_thousand_addresses_and_says_when_it_is_empty() -> None:
    """All different, none a network's first or last, and none the one that holds the block."""
    block = Addresses(64, 4)
    taken = [block.take() for _ in range(999)]

    assert len(set(taken)) == 999
    assert not [one for one in taken if one.endswith((".0", ".254", ".255"))]
    with pytest.raises(TargetError, match=r"more than 1,000 loopback addresses in 127\.64\.4\.0/22"):
        block.take()


def test_a_port_in_use_is_not_given_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever listens on one of two ports, the other one is given."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen(1)
        used = int(holder.getsockname()[1])
        free = next(one for one in range(20_000, 30_000) if one != used)
        monkeypatch.setattr(addresses, "_PORTS", (used, free))
        monkeypatch.setattr(addresses, "_TRIES", 2)

        assert free_ports(1) == (free,)


def test_a_port_is_given_once_though_nothing_listens_on_it_yet(
    monkeypatch: pytest.MonkeyPatch, marks: list[socket.socket]
) -> None:
    """A program needs a moment until it listens; meanwhile nobody else gets its port."""
    pair = free_ports(2)
    for one in marks:
        one.close()
    marks.clear()
    monkeypatch.setattr(addresses, "_PORTS", pair)
    monkeypatch.setattr(addresses, "_TRIES", 2)

    assert sorted(free_ports(2)) == sorted(pair)
    with pytest.raises(TargetError, match=r"no port of 127\.0\.0\.1 is free .*`meshproof down`"):
        free_ports(1)

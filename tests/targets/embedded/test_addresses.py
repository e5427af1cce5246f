"""Addresses and ports that no two targets share."""

from __future__ import annotations

import os
import random
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from meshproof.errors import TargetError
from meshproof.targets.embedded import addresses
from meshproof.targets.embedded.addresses import Addresses, free_ports, leased, lowest_port, require_free


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


def test_a_port_in_use_is_not_given_out(monkeypatch: pytest.MonkeyPatch, marks: list[socket.socket]) -> None:
    """Whoever listens on one of two ports, the other one is given."""
    with socket.socket() as holder:
        first = _unmarked(marks)
        holder.bind(("127.0.0.1", first + 1))
        holder.listen(1)
        monkeypatch.setattr(addresses, "_OURS", addresses._Ports())
        monkeypatch.setattr(addresses, "_PORTS", range(first, first + 2))
        monkeypatch.setattr(addresses, "_RUN", 2)
        monkeypatch.setattr(addresses, "_TRIES", 1)

        assert free_ports(1) == (first,)


def test_a_port_is_given_once_though_nothing_listens_on_it_yet(
    monkeypatch: pytest.MonkeyPatch, marks: list[socket.socket]
) -> None:
    """A program needs a moment until it listens; meanwhile nobody else gets its port."""
    monkeypatch.setattr(addresses, "_OURS", addresses._Ports())
    four = range(first := _unmarked(marks), first + 4)
    monkeypatch.setattr(addresses, "_PORTS", four)
    monkeypatch.setattr(addresses, "_RUN", 2)
    monkeypatch.setattr(addresses, "_TRIES", 2)

    assert sorted((*free_ports(3), *free_ports(1))) == list(four)
    assert len(marks) == 2
    with pytest.raises(TargetError, match=r"no port of 127\.0\.0\.1 is free .*`meshproof down`"):
        free_ports(1)


def _unmarked(marks: list[socket.socket]) -> int:
    """The first of four ports that nobody has, as the last one who was given some lets go of them."""
    run = addresses._marked()
    marks.pop().close()
    return run[0]


def test_a_declared_port_that_is_taken_everywhere_is_named() -> None:
    """Only a program that listens at every address is in the way: one at its own address is not."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen(1)
        require_free("127.77.4.2", [holder.getsockname()[1]])
    with socket.socket() as holder:
        holder.bind(("", 0))
        holder.listen(1)
        used = holder.getsockname()[1]

        with pytest.raises(
            TargetError, match=rf"declared port {used} cannot be had on 127\.77\.4\.2: .*in use.*ss -ltnp"
        ):
            require_free("127.77.4.2", [used])


def test_an_ordinary_user_has_no_low_ports(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The kernel says which; where it does not, they are those below 1024. Root has them all."""
    told = tmp_path / "start"
    told.write_text("80\n", encoding="ascii")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(addresses, "_FIRST_FREE", told)
    kernel = lowest_port()
    monkeypatch.setattr(addresses, "_FIRST_FREE", tmp_path / "none")
    silent = lowest_port()
    monkeypatch.setattr(os, "geteuid", lambda: 0)

    assert (kernel, silent, lowest_port()) == (80, 1024, 1)

"""A ledger says what was about to be sent, keeps what is known apart, and ends where it was cut."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshproof.errors import ProbeError
from meshproof.history.ledger import INTENT, Ledger, LedgerBroken, encoded
from meshproof.history.operation import Outcome, client_of, value_of
from meshproof.history.reading import read_ledger
from meshproof.history.sets import check_set

OUTCOMES = [None, Outcome.OK, Outcome.FAIL, Outcome.INDETERMINATE]


def _written(path: Path, outcomes: list[Outcome | None]) -> list[int]:
    values = [value_of(number % 3, number) for number in range(len(outcomes))]
    with Ledger(path) as ledger:
        for value, outcome in zip(values, outcomes, strict=True):
            ledger.intend(value, "new connection", "127.0.0.1:1")
            match outcome:
                case Outcome.OK:
                    ledger.acknowledged(value, by="primary", epoch=1, position=value)
                case Outcome.FAIL:
                    ledger.refused(value, "é\n\t")
                case Outcome.INDETERMINATE:
                    ledger.unheard(value, "reset")
    return values


def test_what_is_known_of_each_write_is_kept_apart(tmp_path: Path) -> None:
    """An acknowledged, a refused and an unheard write are three things; one without any outcome is unheard."""
    values = _written(tmp_path / "ledger", OUTCOMES)

    history = read_ledger(tmp_path / "ledger")

    assert not history.cut
    assert [one.value for one in history.operations] == values
    assert [one.outcome for one in history.operations] == [Outcome.INDETERMINATE, *OUTCOMES[1:]]
    assert history.operations[0].ended_at_ns is None
    assert (history.operations[1].by, history.operations[1].position) == ("primary", values[1])
    assert history.operations[2].why == "é\n\t"
    assert history.operations[1].client == client_of(values[1])


def test_an_intent_is_on_disk_before_the_call_returns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What has been synced when a client may send holds its intent."""
    path, synced = tmp_path / "ledger", []
    real = os.fdatasync
    monkeypatch.setattr(os, "fdatasync", lambda fd: (real(fd), synced.append(path.read_bytes()))[0])

    with Ledger(path) as ledger:
        ledger.intend(7, "pool", "127.0.0.1:1")

        assert b'"send",7,' in synced[-1]


def test_threads_share_a_ledger(tmp_path: Path) -> None:
    """No line of many writers is mixed with another's or left out."""
    with Ledger(tmp_path / "ledger") as ledger:

        def write(client: int) -> None:
            for sequence in range(50):
                ledger.intend(value_of(client, sequence), "pool", "x")
                ledger.acknowledged(value_of(client, sequence), by="primary", epoch=1, position=0)

        threads = [threading.Thread(target=write, args=(client,)) for client in range(8)]
        for one in threads:
            one.start()
        for one in threads:
            one.join()

    history = read_ledger(tmp_path / "ledger")
    assert not history.cut
    assert len(history.having(Outcome.OK)) == 400


@given(outcomes=st.lists(st.sampled_from(OUTCOMES), min_size=1, max_size=30), share=st.floats(0, 1, exclude_max=True))
def test_a_record_that_is_cut_off_never_makes_a_write_lost(
    tmp_path_factory: pytest.TempPathFactory, outcomes: list[Outcome | None], share: float
) -> None:
    """Wherever the file ends, what the store holds is not called lost; a cut inside a record is told."""
    path = tmp_path_factory.mktemp("cut") / "ledger"
    values = _written(path, outcomes)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])

    history = read_ledger(path)

    assert bool(history.cut) == (not path.read_bytes().endswith(b"\n") and path.stat().st_size > 0)
    stored = [value for value, outcome in zip(values, outcomes, strict=True) if outcome is not Outcome.FAIL]
    known = {one.value for one in history.operations}
    if history.operations:
        assert not check_set(history, [value for value in stored if value in known]).lost


@given(at=st.integers(0, 200), flip=st.integers(1, 255))
def test_a_byte_that_changed_ends_the_history_before_its_record(
    tmp_path_factory: pytest.TempPathFactory, at: int, flip: int
) -> None:
    """Nothing after a damaged record is trusted, and nothing before it is doubted."""
    path = tmp_path_factory.mktemp("damaged") / "ledger"
    values = _written(path, [Outcome.OK] * 5)
    damaged = bytearray(path.read_bytes())
    damaged[at] ^= flip
    path.write_bytes(bytes(damaged))

    history = read_ledger(path)

    assert history.cut
    assert [one.value for one in history.operations] == values[: len(history.operations)]
    assert len(history.operations) < len(values)


def test_a_full_disk_is_said_before_anything_is_sent() -> None:
    """Where an intent cannot be stored it is refused, and so is everything after it."""
    with Ledger(Path("/dev/full")) as ledger:
        for _ in range(2):
            with pytest.raises(LedgerBroken, match=r"No space left.*free some space"):
                ledger.intend(1, "pool", "x")


def test_strangers_of_a_history_that_is_cut_are_not_called_strangers(tmp_path: Path) -> None:
    """Their intents may be what was cut off: unknown, neither pass nor fail."""
    values = _written(tmp_path / "ledger", [Outcome.OK] * 3)
    whole = (tmp_path / "ledger").read_bytes()
    (tmp_path / "ledger").write_bytes(whole[:-40])

    history = read_ledger(tmp_path / "ledger")

    with pytest.raises(ProbeError, match="ledger:6: the record is cut off"):
        check_set(history, [*values, 99])


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ([[INTENT, 1, 0, "pool", "x"]] * 2, "1 is sent twice"),
        ([["ok", 1, 0, "primary", 1, 0, ""]], "1 has an outcome and was never sent"),
        ([[INTENT, 1, 0, "pool", "x"], *([["ok", 1, 0, "primary", 1, 0, ""]] * 2)], "1 has an outcome and had one"),
    ],
    ids=["sent-twice", "never-sent", "settled-twice"],
)
def test_a_ledger_that_contradicts_itself_ends_there(tmp_path: Path, rows: list[list[object]], says: str) -> None:
    """What no client could have written is not interpreted."""
    (tmp_path / "ledger").write_bytes(b"".join(encoded(row) for row in rows))

    assert says in read_ledger(tmp_path / "ledger").cut

"""How far clients have come, told while they write, against what the ledger says of it afterwards."""

from __future__ import annotations

import tempfile
from itertools import count
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.drill.measured import recovered
from fixtures.drill.progress import Progress
from meshproof.history.ledger import Ledger
from meshproof.history.operation import value_of
from meshproof.history.reading import read_ledger

CLIENTS = dict.fromkeys(range(3), "new connection")
NANOSECOND_S = 1e-9
TURNS = st.lists(
    st.tuples(st.sampled_from(list(CLIENTS)), st.sampled_from(["taken", "taken", "taken", "refused", "unheard"])),
    max_size=30,
)


@given(turns=TURNS)
@settings(max_examples=200, deadline=None)
def test_a_window_that_is_told_of_is_found_in_the_ledger(turns: list[tuple[int, str]]) -> None:
    """However the writes of three clients are mixed: a drill that waits for the window stops at once when it came."""
    with tempfile.TemporaryDirectory(prefix="meshproof-") as scratch, Ledger(Path(scratch) / "ledger") as ledger:
        progress, numbers = Progress(ledger), count()
        waiting: dict[int, int] = {}
        settled: list[str] = []
        for client, outcome in turns:
            if client not in waiting:
                waiting[client] = value_of(client, next(numbers))
                progress.intend(waiting[client], CLIENTS[client], "127.0.0.1")
                continue
            _settle(progress, waiting.pop(client), outcome)
            settled.append(outcome)
        told_s = progress.steady_s

        recovery = recovered(
            read_ledger(ledger.path),
            CLIENTS,
            to="standby",
            fault_at_ns=0,
            instants={"detected": None, "decided": None, "fenced": None, "promoted": None},
            window_s=told_s - NANOSECOND_S,  # as exact as the instants are
            own_s=0.0,
        )

    assert told_s == 0 or recovery.in_objective_s is not None
    assert (recovery.spoilt == "none") == all(outcome == "taken" for outcome in settled)


def test_a_write_without_an_answer_ends_the_window(tmp_path: Path) -> None:
    """What was sent after it does not count: it may be refused yet, and then nothing was steady."""
    with Ledger(tmp_path / "ledger") as ledger:
        progress = Progress(ledger)
        for value in (value_of(0, 0), value_of(0, 1)):
            progress.intend(value, CLIENTS[0], "127.0.0.1")
            _settle(progress, value, "taken")
        before_s = progress.steady_s
        progress.intend(value_of(1, 0), CLIENTS[1], "127.0.0.1")
        progress.intend(value_of(2, 0), CLIENTS[2], "127.0.0.1")
        _settle(progress, value_of(2, 0), "taken")

        assert progress.steady_s == before_s > 0
        _settle(progress, value_of(1, 0), "refused")
        assert progress.steady_s == 0


def _settle(progress: Progress, value: int, outcome: str) -> None:
    if outcome == "taken":
        progress.acknowledged(value, by="standby", epoch=1, position=1)
    elif outcome == "refused":
        progress.refused(value, "503")
    else:
        progress.unheard(value, "timed out")

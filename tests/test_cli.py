"""The command line of `meshproof`: every status is the one that README has for it."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest

from meshproof import cli
from meshproof.commands import programs, runs
from meshproof.errors import UsageError

Status = Callable[..., object]


@pytest.fixture
def status(monkeypatch: pytest.MonkeyPatch) -> Status:
    """What the command ends with."""

    def of(*arguments: str) -> object:
        monkeypatch.setattr(sys, "argv", ["meshproof", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return ended.value.code

    return of


@pytest.mark.parametrize(
    "arguments",
    [("merje",), ("merge",), ("merge", "a", "--in-to", "b"), ("rights", "azure"), ("diff", "a", "b", "c")],
    ids=["no-command", "no-argument", "no-option", "no-choice", "one-too-many"],
)
def test_a_command_line_that_makes_no_sense_is_bad_usage(
    status: Status, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]
) -> None:
    """As pytest's own is: 2 is an interrupted run."""
    assert status(*arguments) == 4
    assert "Usage: " in capsys.readouterr().err


@pytest.mark.parametrize("ends", [0, 1, 2, 6])
def test_what_a_command_ends_with_stays(status: Status, monkeypatch: pytest.MonkeyPatch, ends: int) -> None:
    """Also 2, which a merged run that was interrupted has."""
    monkeypatch.setattr(programs, "doctor", lambda _: ends)

    assert status("doctor") == ends


@pytest.mark.parametrize(("raised", "ends"), [(KeyboardInterrupt(), 2), (UsageError("x: no"), 4)], ids=["^C", "input"])
def test_what_a_command_raises_is_said_by_its_status(
    status: Status, monkeypatch: pytest.MonkeyPatch, raised: BaseException, ends: int
) -> None:
    """Whoever presses Ctrl-C has interrupted it."""

    def explain(*_: object, **__: object) -> None:
        raise raised

    monkeypatch.setattr(runs, "explain", explain)

    assert status("explain", "EKS-001") == ends

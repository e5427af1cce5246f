"""Runs one step of the gate and notes how long it took; `step.py table` prints all steps beside their budgets.

Usage: step.py NAME BUDGET_MINUTES COMMAND…; a budget of 0 means that none is set.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from subprocess import call

from rich.console import Console
from rich.table import Table

TIMES = Path(os.environ.get("STEP_TIMES", "step-times.tsv"))


#: What a step ends with that says itself why it could not be, or not see all: its row says so, and it fails nothing.
NOT_SEEN = "75"


def run(name: str, budget_min: str, command: list[str]) -> int:
    """The command's own exit status, 0 where it could not be; its time is noted whatever that is."""
    began = time.monotonic()
    status = call(command)
    with TIMES.open("a", encoding="utf-8") as times:
        times.write(f"{name}\t{budget_min}\t{time.monotonic() - began:.1f}\t{status}\n")
    return 0 if str(status) == NOT_SEEN else status


def _ended(status: str) -> str:
    return {"0": "ok", NOT_SEEN: "NOT SEEN"}.get(status, f"status {status}")


def table() -> Table:
    """Every step that ran: minutes used, minutes budgeted."""
    found = Table("step", "minutes", "budget", "ended", title="What this run cost", title_justify="left")
    for line in TIMES.read_text(encoding="utf-8").splitlines() if TIMES.exists() else []:
        name, budget, seconds, status = line.split("\t")
        minutes = float(seconds) / 60
        over = float(budget) and minutes > float(budget)
        ended = "over budget" if over else _ended(status)
        found.add_row(
            name, f"{minutes:.1f}", budget if float(budget) else "-", ended, style="" if ended == "ok" else "red"
        )
    return found


if __name__ == "__main__":
    if sys.argv[1:] == ["table"]:
        Console(width=100).print(table())
        TIMES.unlink(missing_ok=True)
    else:
        sys.exit(run(sys.argv[1], sys.argv[2], sys.argv[3:]))

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


def run(name: str, budget_min: str, command: list[str]) -> int:
    """The command's own exit status; its time is noted whatever that is."""
    began = time.monotonic()
    status = call(command)
    with TIMES.open("a", encoding="utf-8") as times:
        times.write(f"{name}\t{budget_min}\t{time.monotonic() - began:.1f}\t{status}\n")
    return status


def table() -> Table:
    """Every step that ran: minutes used, minutes budgeted."""
    found = Table("step", "minutes", "budget", "ended", title="What this run cost", title_justify="left")
    for line in TIMES.read_text(encoding="utf-8").splitlines() if TIMES.exists() else []:
        name, budget, seconds, status = line.split("\t")
        minutes = float(seconds) / 60
        over = float(budget) and minutes > float(budget)
        ended = "over budget" if over else "ok" if status == "0" else f"status {status}"
        found.add_row(name, f"{minutes:.1f}", budget if float(budget) else "-", ended, style="red" if over else "")
    return found


if __name__ == "__main__":
    if sys.argv[1:] == ["table"]:
        Console(width=100).print(table())
        TIMES.unlink(missing_ok=True)
    else:
        sys.exit(run(sys.argv[1], sys.argv[2], sys.argv[3:]))

"""Kills what a process started once that process is gone: run as a script, one per process that starts programs.

Reads lines from stdin: `+PGID` when a process group starts, `-PGID` when it has ended, `~PATH` for a directory that
goes with them. The end of input means that whoever started the groups is gone, by whatever death: every group still
listed is killed, and on Linux everything below its processes, and every process that carries the same token in its
environment (argument 1), so that daemons in sessions of their own go too; then the directories are removed.
Imports nothing but the standard library: it starts in about 15 ms with `python -I -S`.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sys
import time
from collections.abc import Iterable
from pathlib import Path

#: The variable of the environment that marks every process started by one keeper's master.
TOKEN = "MESHPROOF_KEEPER"  # noqa: S105  a name, not a secret


def groups_left(lines: Iterable[str]) -> set[int]:
    """Process groups that were started and have not ended when the lines stop."""
    groups: set[int] = set()
    for line in lines:
        mark, number = line[:1], line[1:].strip()
        if mark == "+":
            groups.add(int(number))
        elif mark == "-":
            groups.discard(int(number))
    return groups


def directories_left(lines: Iterable[str]) -> list[str]:
    """Directories that are to be removed when the lines stop."""
    return [line[1:].rstrip("\n") for line in lines if line.startswith("~")]


def remove(directories: Iterable[str]) -> None:
    """Remove each directory; what a dying process still writes meanwhile is removed by another try."""
    for directory in directories:
        for _ in range(20):
            shutil.rmtree(directory, ignore_errors=True)
            if not os.path.lexists(directory):
                break
            time.sleep(0.05)  # noqa: TID251  imports nothing of ours


def kill_groups(groups: Iterable[int]) -> None:
    """End every group at once; a group that is gone already is fine."""
    for group in groups:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(group, signal.SIGKILL)


def descendants(groups: Iterable[int], proc: Path = Path("/proc")) -> set[int]:
    """Everything below the processes of these groups, in whatever group it is, where /proc shows it.

    Some servers write over the environment that they were given: of them only the family tells whose they are.
    """
    wanted, children, todo = set(groups), dict[int, list[int]](), list[int]()
    for entry in proc.glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, ValueError):
            pid = int(entry.parent.name)
            fields = entry.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
            children.setdefault(int(fields[1]), []).append(pid)
            if int(fields[2]) in wanted:
                todo.append(pid)
    found = set[int]()
    while todo:
        pid = todo.pop()
        if pid not in found:
            found.add(pid)
            todo += children.get(pid, [])
    return found - {os.getpid()}


def kill_all(pids: Iterable[int]) -> None:
    """End every process; one that is gone already is fine."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)


def kill_marked(token: str, proc: Path = Path("/proc")) -> None:
    """End every process, other than this one, whose environment carries the token (where /proc shows it)."""
    mark = f"{TOKEN}={token}".encode()
    for entry in proc.glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):
            pid = int(entry.parent.name)
            if pid != os.getpid() and mark in entry.read_bytes().split(b"\0"):
                os.kill(pid, signal.SIGKILL)


def main() -> None:
    """Wait for the end of input, then leave nothing behind."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    lines = list(sys.stdin)
    groups = groups_left(lines)
    family = descendants(groups)
    kill_groups(groups)
    kill_all(family)
    kill_marked(sys.argv[1])
    remove(directories_left(lines))


if __name__ == "__main__":
    main()

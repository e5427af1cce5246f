"""This process's keeper, which is told of every process group and directory that must not outlive it."""

from __future__ import annotations

import contextlib
import os
import subprocess  # noqa: TID251  the keeper cleans up after the module that starts all others
import sys
import threading
import uuid
from pathlib import Path

from meshproof.keeper import TOKEN


class Keeper:
    """This process's keeper, started with the first program; a forked child gets one of its own."""

    _lock = threading.Lock()
    _current: Keeper | None = None

    def __init__(self) -> None:
        self.token = uuid.uuid4().hex
        self._owner = os.getpid()
        script = Path(__file__).with_name("keeper.py")
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(script), self.token],
            env={name: value for name, value in os.environ.items() if name != TOKEN},
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )

    @classmethod
    def of_this_process(cls) -> Keeper:
        """The keeper, started now if there is none or if it died."""
        with cls._lock:
            keeper = cls._current
            if keeper is None or keeper._owner != os.getpid() or keeper._process.poll() is not None:  # noqa: SLF001
                keeper = cls._current = cls()
            return keeper

    @classmethod
    def forget(cls) -> None:
        """In a forked child: let go of the parent's keeper, which would otherwise wait for the child's death too."""
        cls._lock = threading.Lock()
        keeper, cls._current = cls._current, None
        if keeper is not None and keeper._process.stdin is not None:  # noqa: SLF001
            with contextlib.suppress(OSError):
                os.close(keeper._process.stdin.fileno())  # noqa: SLF001

    def tell(self, line: str) -> None:
        """Pass one line on; a keeper that died meanwhile is replaced at the next start."""
        pipe = self._process.stdin
        if pipe is None:
            return
        with self._lock, contextlib.suppress(OSError):
            pipe.write(f"{line}\n".encode())
            pipe.flush()


os.register_at_fork(after_in_child=Keeper.forget)

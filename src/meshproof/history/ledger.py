"""The ledger: one file outside every failure domain that says what was about to be sent before it is sent.

A line is the CRC-32 of what follows it, in eight hexadecimal digits, and a JSON list: what became of which write.
"""

from __future__ import annotations

import errno
import json
import os
import threading
import time
import zlib
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from meshproof.errors import ProbeError
from meshproof.history.operation import Outcome

#: The first element of a line that states an intent; the others are an `Outcome`.
INTENT: Final = "send"


class LedgerBroken(ProbeError):
    """The ledger cannot be written: what is not in it must not be sent."""


class Ledger:
    """Appends to the file at `path`; many threads may use it at once."""

    def __init__(self, path: Path) -> None:
        """Nothing is opened before the block is entered."""
        self.path = path
        self._descriptor = -1
        self._writing, self._syncing = threading.Lock(), threading.Lock()
        self._written = self._synced = 0
        self._broken = ""

    def __enter__(self) -> Self:
        """Open the file for appending. Raises LedgerBroken."""
        try:
            self._descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        except OSError as error:
            raise self._unwritable(error) from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file."""
        os.close(self._descriptor)
        self._descriptor = -1

    def intend(self, value: int, client_class: str, endpoint: str) -> int:
        """State that the value is about to be sent there; on return that is on disk. The instant it states is given.

        Raises LedgerBroken: the value must then not be sent.
        """
        now_ns = time.monotonic_ns()
        mark = self._append([INTENT, value, now_ns, client_class, endpoint])
        self._sync(mark)
        return now_ns

    def acknowledged(self, value: int, *, by: str, epoch: int, position: int) -> None:
        """State that the store took it: who, under which term, and where in its log.

        Raises LedgerBroken, as do the two below: then it stays indeterminate.
        """
        self._settle(value, Outcome.OK, by, epoch, position, "")

    def refused(self, value: int, why: str) -> None:
        """State that it was certainly not written."""
        self._settle(value, Outcome.FAIL, "", -1, -1, why)

    def unheard(self, value: int, why: str) -> None:
        """State that it was sent and that nobody knows what became of it."""
        self._settle(value, Outcome.INDETERMINATE, "", -1, -1, why)

    @property
    def is_broken(self) -> bool:
        """Whether it could not be written: nothing more will be sent."""
        return bool(self._broken)

    def require_unbroken(self) -> None:
        """Raise LedgerBroken where it could not be written: what was waited for in vain was never sent."""
        if self._broken:
            raise LedgerBroken(self._broken)

    def _settle(self, value: int, outcome: Outcome, *said: object) -> None:
        self._append([outcome.value, value, time.monotonic_ns(), *said])

    def _append(self, row: list[object]) -> int:
        line = encoded(row)
        with self._writing:
            if self._broken:
                raise LedgerBroken(self._broken)
            try:
                whole = os.write(self._descriptor, line) == len(line)
            except OSError as error:
                raise self._unwritable(error) from error
            if not whole:
                # Nothing may follow a line that is not whole: a reader ends there.
                raise self._unwritable(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))
            self._written += 1
            return self._written

    def _sync(self, mark: int) -> None:
        """One fsync serves all lines that were written before it began."""
        with self._syncing:
            if self._synced >= mark:
                return
            reached = self._written
            try:
                os.fdatasync(self._descriptor)
            except OSError as error:
                raise self._unwritable(error) from error
            self._synced = reached

    def _unwritable(self, error: OSError) -> LedgerBroken:
        reason = error.strerror or str(error)
        self._broken = f"{self.path.name}: the ledger cannot be written: {reason}; free some space and run again"
        return LedgerBroken(self._broken)


def encoded(row: list[object]) -> bytes:
    """One line of the file."""
    text = json.dumps(row, separators=(",", ":"), ensure_ascii=True).encode()
    return b"%08x %s\n" % (zlib.crc32(text), text)

"""Waits until something is true, or watches that it stays true: the only module that sleeps.

Durations are in seconds on the monotonic clock and count from the call.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from meshproof.errors import CannotSee, NotYet

T = TypeVar("T")

#: What a look may raise and be asked again: the thing is not there yet. Anything else is a defect and ends the wait.
_NOT_THERE = (CannotSee, OSError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waited(Generic[T]):
    """What was accepted in the end.

    `seconds`: how long it took to become true: to the end of the first look of the accepted row; `looks`: all of them.
    """

    value: T
    seconds: float
    looks: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched(Generic[T]):
    """Whether every look was accepted; `value` is what the last look saw, `seconds` after the call."""

    held: bool
    value: T
    seconds: float
    looks: int


def until(  # noqa: PLR0913  the terms of a wait, by name
    look: Callable[[], T],
    accepts: Callable[[T], bool],
    *,
    within_s: float,
    every_s: float = 0.05,
    in_a_row: int = 1,
    gives_up_when: Callable[[T], bool] | None = None,
    what: str = "",
) -> Waited[T]:
    """Look every `every_s` seconds until `in_a_row` looks in a row are accepted.

    `within_s` bounds when it became true: a row that began in time is looked at to its end. There is always one look.
    CannotSee and OSError from a look mean "not yet"; any other exception passes through. `what` names the thing
    awaited; without it the condition's name does.
    Raises NotYet with the last observation and error, at once when `gives_up_when` says that it can no longer come.
    """
    wait = _Wait(look=look, accepts=accepts, within_s=within_s)
    while not wait.row_began_in_time or wait.row < in_a_row:
        hopeless = gives_up_when is not None and wait.row == 0 and any(map(gives_up_when, wait.seen))
        if hopeless or (wait.seconds >= within_s and not wait.row_began_in_time):
            raise NotYet(
                what or getattr(accepts, "__name__", repr(accepts)),
                within_s=within_s,
                last_seen=wait.seen[-1] if wait.seen else None,
                last_error=wait.error,
            )
        _pause(every_s if wait.row else min(every_s, max(0.0, within_s - wait.seconds)))
        wait.look_again()
    return Waited(value=wait.seen[-1], seconds=wait.row_began_s, looks=wait.looks)


def throughout(
    look: Callable[[], T], accepts: Callable[[T], bool], *, for_s: float, every_s: float = 0.05
) -> Watched[T]:
    """Look every `every_s` seconds for `for_s` seconds, the first and the last instant included.

    Ends early, with `held` False, at the first look that is not accepted. What a look raises passes through: a time
    in which nothing could be seen proves nothing.
    """
    began_at_s = time.monotonic()
    looks = 0
    while True:
        asked_s = time.monotonic() - began_at_s
        value = look()
        looks += 1
        held = accepts(value)
        if not held or asked_s >= for_s:
            return Watched(held=held, value=value, seconds=time.monotonic() - began_at_s, looks=looks)
        _pause(min(every_s, max(0.0, for_s - (time.monotonic() - began_at_s))))


@contextlib.contextmanager
def ticking(act: Callable[[], object], *, every_s: float, after_s: float = 0.0) -> Iterator[None]:
    """Call `act` every `every_s` seconds, first after `after_s`, in a thread of its own until the block ends.

    A call that takes longer than its turn is not made up for. CannotSee and OSError from it mean that this turn saw
    nothing; any other exception ends the ticking and is raised at the end of the block.
    """
    over, broke = threading.Event(), list[BaseException]()

    def turns() -> None:
        due_s = time.monotonic() + after_s
        while not over.wait(max(0.0, due_s - time.monotonic())):
            try:
                with contextlib.suppress(*_NOT_THERE):
                    act()
            except BaseException as error:  # noqa: BLE001 - raised where the block ends
                broke.append(error)
                return
            due_s = max(due_s + every_s, time.monotonic())

    thread = threading.Thread(target=turns, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
    if broke:
        raise broke[0]


def _pause(seconds: float) -> None:
    time.sleep(seconds)  # noqa: TID251  this is the module that sleeps


class _Wait(Generic[T]):
    """The looks so far: `row` were accepted in a row, the first of them at `row_began_s` after the beginning."""

    def __init__(self, *, look: Callable[[], T], accepts: Callable[[T], bool], within_s: float) -> None:
        self._look, self._accepts, self._within_s = look, accepts, within_s
        self._began_at_s = time.monotonic()
        #: The last value seen, if any look gave one.
        self.seen: tuple[T, ...] = ()
        self.error: Exception | None = None
        self.seconds = self.row_began_s = 0.0
        self.looks = self.row = 0
        self.look_again()

    @property
    def row_began_in_time(self) -> bool:
        return self.row > 0 and self.row_began_s <= self._within_s

    def look_again(self) -> None:
        accepted, self.error = False, None
        try:
            value = self._look()
            self.seen = (value,)
            accepted = self._accepts(value)
        except _NOT_THERE as error:
            self.error = error
        self.seconds = time.monotonic() - self._began_at_s
        self.looks += 1
        self.row = self.row + 1 if accepted else 0
        if self.row == 1:
            self.row_began_s = self.seconds

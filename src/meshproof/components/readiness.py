"""Waiting for a program that was started, with its last words where it does not come up."""

from __future__ import annotations

from collections.abc import Callable

import httpx

from meshproof.errors import CannotSee, NotYet, ProbeError, TargetError
from meshproof.process import Running
from meshproof.waiting import until

_EVERY_S = 0.05


def await_ready(process: Running, is_ready: Callable[[], bool], *, within_s: float, what: str) -> float:
    """Wait until a program answers; returns the seconds it took.

    Raises TargetError with the program's last words where it ends early or is not ready in time.
    """

    def look() -> bool:
        if process.returncode is not None:
            message = f"{what} ended with status {process.returncode}: {process.last_words() or 'it said nothing'}"
            raise TargetEndedError(message)
        try:
            return is_ready()
        except (httpx.HTTPError, CannotSee, OSError) as error:
            message = f"{what} does not answer yet: {error}"
            raise ProbeError(message) from error

    try:
        return until(look, bool, within_s=within_s, every_s=_EVERY_S, what=f"{what} ready").seconds
    except TargetEndedError as error:
        raise TargetError(str(error)) from error
    except NotYet as error:
        words = process.last_words()
        message = f"{what} is not ready within {within_s:g} s: {error.last_error or ''}; its last words: {words}"
        raise TargetError(message) from error


class TargetEndedError(Exception):
    """The program ended while it was waited for: no more looking."""

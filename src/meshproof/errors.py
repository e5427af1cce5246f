"""What can go wrong, as one family.

- MeshproofError: one clear sentence: what, where, what to do
    - UsageError: the input or the command line is bad (exit 4)
    - CannotSee: ends a check as unknown, never as a failure
        - TargetError: the target could not be built
        - ProbeError: the target is there but could not be looked at
            - ValueUnknown: the value is known only after apply
        - NotYet: waited, and it did not become true
    - NotApplicable: there is nothing of the kind this control judges
"""

from __future__ import annotations


class MeshproofError(Exception):
    """A sentence for a person: what happened, where, and what to do about it."""


class UsageError(MeshproofError):
    """The declaration, a suite or the command line is not usable as it stands."""


class CannotSee(MeshproofError):
    """The promise could neither be confirmed nor refuted: verdict *unknown*."""


class TargetError(CannotSee):
    """The target could not be built."""


class ProbeError(CannotSee):
    """The target is there, but what the check asks about could not be seen."""


class ValueUnknown(ProbeError):
    """The value is decided only by the provider, after apply."""

    def __init__(self, address: str, path: str) -> None:
        """Name the item and the dotted path whose value is not known yet."""
        super().__init__(f"{address}: {path} is known only after apply")
        self.address = address
        self.path = path


class NotYet(CannotSee):
    """Waited for something that did not become true in time.

    `last_seen` and `last_error` are what the last look gave; `within_s` is in seconds.
    """

    def __init__(
        self, what: str, *, within_s: float, last_seen: object = None, last_error: Exception | None = None
    ) -> None:
        """Say what was awaited and what was seen instead."""
        seen = f"last error: {last_error}" if last_error is not None else f"last seen: {last_seen!r}"
        super().__init__(f"waited {within_s:g} s for {what}; {seen}")
        self.what = what
        self.within_s = within_s
        self.last_seen = last_seen
        self.last_error = last_error


class NotApplicable(MeshproofError):
    """Nothing of the kind that the control judges is declared: never a pass."""

"""A CloudWatch alarm on the health of an endpoint, judged at the end of each period, as its alarms are."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from meshproof.components.route53 import Check, stated
from meshproof.declaration.platform import Item
from meshproof.waiting import ticking


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmSpec:
    """An alarm as declared: `period_s` in declared seconds, `periods` that must be bad in a row."""

    address: str
    period_s: float
    periods: int

    def raised_after(self, bad_after_s: float) -> float:
        """Declared seconds from the beginning of a period to the alarm, when the metric drops that long after it."""
        return (math.floor(bad_after_s / self.period_s) + self.periods) * self.period_s


def alarm_of(item: Item) -> AlarmSpec:
    """What an alarm declares. Raises UsageError naming the address where a number is missing."""
    return AlarmSpec(
        address=item.address, period_s=stated(item, "period"), periods=int(stated(item, "evaluation_periods"))
    )


class Alarm:
    """Calls `raised` once for each time that enough periods in a row held a bad minimum."""

    def __init__(self, spec: AlarmSpec, check: Check, raised: Callable[[], None], *, scale: float) -> None:
        """Nothing is judged before `watching`."""
        self.spec = spec
        self._check, self._raised, self._scale = check, raised, scale
        self._bad = 0
        self._from_ns = 0

    @contextmanager
    def watching(self, *, since_ns: int | None = None) -> Iterator[None]:
        """Judge until the end of the block; the first period begins now, or began at `since_ns` (monotonic)."""
        period_s = self.spec.period_s * self._scale
        self._from_ns = time.monotonic_ns() if since_ns is None else since_ns
        gone_s = (time.monotonic_ns() - self._from_ns) / 1e9
        with ticking(self._judge, every_s=period_s, after_s=max(0.0, period_s - gone_s)):
            yield

    def _judge(self) -> None:
        began_ns, self._from_ns = self._from_ns, time.monotonic_ns()
        bad = not self._check.healthy or any(not healthy for at_ns, healthy in self._check.changes if at_ns >= began_ns)
        self._bad = self._bad + 1 if bad else 0
        if self._bad == self.spec.periods:
            self._raised()

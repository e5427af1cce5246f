"""Route 53's failover as a state machine: checkers, calculated checks and failover records, all from the plan.

Every time that is declared is multiplied by the run's scale; what Route 53 itself fixes is stated here with its
source. Source: https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/dns-failover.html
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Final, Protocol

from meshproof.declaration.platform import Item
from meshproof.errors import UsageError
from meshproof.probes.dns import Answer
from meshproof.waiting import ticking

#: An endpoint is healthy while more than this share of the checkers say so (dns-failover-determining-health).
HEALTHY_SHARE: Final = 0.18
#: A checker gives up after four seconds for the connection and two for the answer.
GIVES_UP_AFTER_S: Final = 6.0
#: An alias to a load balancer is answered with the balancer's own TTL (resource-record-sets-values-alias).
ALIAS_TTL_S: Final = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckSpec:
    """One health check as declared; times are in declared seconds."""

    address: str
    interval_s: float
    threshold: int
    checkers: int

    @property
    def detects_within_s(self) -> float:
        """The declared time from an outage, whose refusals come at once, until every checker has seen enough of it."""
        return self.interval_s * self.threshold


def check_of(item: Item) -> CheckSpec:
    """What a health check declares. Raises UsageError naming the address where a number is missing."""
    return CheckSpec(
        address=item.address,
        interval_s=stated(item, "request_interval"),
        threshold=int(stated(item, "failure_threshold")),
        checkers=max(1, len(item.sequence("regions"))),
    )


def ttl_of(item: Item) -> float:
    """The declared TTL of a record in seconds; of an alias, which has none, its target's. Raises UsageError."""
    return ALIAS_TTL_S if item.sequence("alias") else stated(item, "ttl")


def stated(item: Item, name: str) -> float:
    """A number that must be declared. Raises UsageError naming the address."""
    value = item.number(name)
    if value is None:
        message = f"{item.address}: does not declare {name}; state it, because no default stands in for it"
        raise UsageError(message)
    return value


class Health(Protocol):
    """Whatever is healthy or not at this moment."""

    @property
    def healthy(self) -> bool: ...  # noqa: D102 - a protocol's attribute


class Check:
    """The checkers of one endpoint, each with its own count of failures or successes in a row."""

    def __init__(self, spec: CheckSpec, look: Callable[[], bool], *, scale: float) -> None:
        """`look` says whether the endpoint answers as it must, and must give up by itself."""
        self.spec = spec
        self._look, self._scale = look, scale
        self._lock = threading.Lock()
        self._says = [True] * spec.checkers
        self._against = [0] * spec.checkers
        #: Instants (monotonic, nanoseconds) at which the endpoint became unhealthy or healthy again.
        self.changes: list[tuple[int, bool]] = []

    @property
    def healthy(self) -> bool:
        """More than 18 % of the checkers say so."""
        return sum(self._says) > HEALTHY_SHARE * len(self._says)

    @contextmanager
    def checking(self) -> Iterator[None]:
        """Look until the end of the block: checkers take turns, so that the endpoint is asked at even distances."""
        every_s = self.spec.interval_s * self._scale
        with ExitStack() as stack:
            for number in range(self.spec.checkers):
                after_s = every_s * (number + 1) / self.spec.checkers
                stack.enter_context(ticking(partial(self._turn, number), every_s=every_s, after_s=after_s))
            yield

    def _turn(self, number: int) -> None:
        answered = self._look()
        with self._lock:
            before = self.healthy
            if answered == self._says[number]:
                self._against[number] = 0
                return
            self._against[number] += 1
            if self._against[number] >= self.spec.threshold:
                self._says[number], self._against[number] = answered, 0
            if self.healthy != before:
                self.changes.append((time.monotonic_ns(), self.healthy))


@dataclass(frozen=True, slots=True, kw_only=True)
class Calculated:
    """Healthy while at least `threshold` of the children are."""

    threshold: int
    children: tuple[Health, ...]

    @property
    def healthy(self) -> bool:
        """Counted now."""
        return sum(child.healthy for child in self.children) >= self.threshold


class Always:
    """A record without a health check."""

    healthy = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One of two failover records: where it leads and what says that it may be given out."""

    answer: Answer
    health: Health


class Failover:
    """A name with a primary and a secondary record."""

    def __init__(self, primary: Record, secondary: Record) -> None:
        """Nothing was asked yet."""
        self._primary, self._secondary = primary, secondary

    def answer(self) -> Answer:
        """The primary while it is healthy, else the secondary; the primary where neither is (never no answer)."""
        if not self._primary.health.healthy and self._secondary.health.healthy:
            return self._secondary.answer
        return self._primary.answer

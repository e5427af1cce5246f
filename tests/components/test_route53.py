"""Checkers count in a row, an endpoint falls with the last of them, and the name never goes without an answer."""

from __future__ import annotations

import time

import pytest

from meshproof.components.alarm import Alarm, AlarmSpec
from meshproof.components.dns import serving
from meshproof.components.route53 import Always, Calculated, Check, CheckSpec, Failover, Record
from meshproof.errors import ProbeError
from meshproof.probes.dns import Answer, resolve
from meshproof.targets.embedded.addresses import free_ports
from meshproof.waiting import until

#: The UDP twin of a port of 127.0.0.1 is held by whoever was given it.
SERVER = "127.0.0.3"
HERE, THERE = Answer(address="127.0.0.1", ttl_s=60), Answer(address="127.0.0.2", ttl_s=6)


class Fixed:
    """Healthy or not, as told."""

    def __init__(self, *, healthy: bool) -> None:
        self.healthy = healthy


@pytest.mark.parametrize(
    ("here", "there", "answer"),
    [(True, True, HERE), (True, False, HERE), (False, True, THERE), (False, False, HERE)],
    ids=["both", "primary-only", "secondary-only", "neither-fails-open"],
)
def test_who_is_answered(*, here: bool, there: bool, answer: Answer) -> None:
    """The primary unless only the secondary is healthy."""
    failover = Failover(
        Record(answer=HERE, health=Fixed(healthy=here)), Record(answer=THERE, health=Fixed(healthy=there))
    )

    assert failover.answer() == answer


def test_a_check_of_others_counts_its_healthy_children() -> None:
    """Two of two are needed here."""
    both = Calculated(threshold=2, children=(Always(), Fixed(healthy=False)))

    assert not both.healthy


def test_an_outage_shorter_than_the_threshold_changes_nothing_and_a_longer_one_is_seen_in_time() -> None:
    """At 0.02 s between looks and a threshold of three: two failures in a row are a flap."""
    answers = {"now": True}
    spec = CheckSpec(address="a", interval_s=2.0, threshold=3, checkers=1)
    looks: list[bool] = []

    def look() -> bool:
        looks.append(answers["now"])
        return answers["now"]

    check = Check(spec, look, scale=0.05)
    with check.checking():
        until(lambda: len(looks), lambda count: count >= 1, within_s=5.0, every_s=0.001)
        answers["now"] = False
        seen = len(looks)
        until(lambda: len(looks), lambda count: count >= seen + 2, within_s=5.0, every_s=0.001)
        answers["now"] = True
        until(lambda: len(looks), lambda count: count >= seen + 4, within_s=5.0, every_s=0.001)
        assert check.changes == []

        answers["now"] = False
        began = time.monotonic_ns()
        until(lambda: check.healthy, lambda healthy: not healthy, within_s=5.0, every_s=0.001)

    assert (check.changes[0][0] - began) / 1e9 >= 2 * 0.1 - 0.01
    assert [healthy for _, healthy in check.changes] == [False]


def test_one_checker_of_five_that_still_answers_keeps_the_endpoint() -> None:
    """A fifth is more than 18 %."""
    check = Check(CheckSpec(address="a", interval_s=10, threshold=1, checkers=5), lambda: False, scale=1)

    for number in range(5):
        assert check.healthy, number
        check._turn(number)

    assert not check.healthy


@pytest.mark.parametrize(("bad_after_s", "periods", "raised_s"), [(28, 1, 60), (61, 1, 120), (28, 3, 180)])
def test_an_alarm_is_raised_at_the_end_of_a_period(bad_after_s: float, periods: int, raised_s: float) -> None:
    """Of the period in which the metric dropped, or of as many as must be bad."""
    assert AlarmSpec(address="a", period_s=60, periods=periods).raised_after(bad_after_s) == raised_s


def test_a_name_is_answered_with_its_ttl_and_others_are_not() -> None:
    """What the function says now is what is answered."""
    now = {"answer": HERE}
    (port,) = free_ports(1)
    with serving({"shop.example": lambda: now["answer"]}, address=SERVER, port=port):
        first = resolve("shop.example", SERVER, port=port)
        now["answer"] = THERE
        second = resolve("SHOP.example.", SERVER, port=port)
        with pytest.raises(ProbeError, match="knows no address \\(NXDOMAIN\\)"):
            resolve("other.example", SERVER, port=port)

    assert (first, second) == (HERE, THERE)
    with pytest.raises(ProbeError, match="does not answer"):
        resolve("shop.example", SERVER, port=port, within_s=0.2)


def test_an_alarm_counts_its_period_from_the_instant_it_is_told() -> None:
    """A fault that took a while to carry out does not move the end of the period."""
    check = Check(CheckSpec(address="a", interval_s=10, threshold=1, checkers=1), lambda: False, scale=1)
    check._turn(0)
    raised: list[int] = []
    alarm = Alarm(
        AlarmSpec(address="a", period_s=5, periods=1), check, lambda: raised.append(time.monotonic_ns()), scale=0.1
    )
    since = time.monotonic_ns() - 300_000_000

    with alarm.watching(since_ns=since):
        until(lambda: raised, bool, within_s=5.0, every_s=0.005)

    assert 0.5 <= (raised[0] - since) / 1e9 < 0.75

"""Waiting and watching."""

import time
from collections.abc import Callable, Iterator

import pytest

from meshproof.errors import NotYet, ProbeError
from meshproof.waiting import throughout, ticking, until


def looks(*values: object) -> Callable[[], object]:
    """A look that gives these values in turn, the last one for ever; exceptions among them are raised."""
    left: Iterator[object] = iter(values)
    last: list[object] = []

    def look() -> object:
        last[:] = [next(left, *last)]
        if isinstance(last[0], Exception):
            raise last[0]
        return last[0]

    return look


def ready(value: object) -> bool:
    """The condition of these tests."""
    return value == "ready"


def test_the_first_accepted_value_is_returned() -> None:
    """Looking goes on until a value is accepted, and all looks are counted."""
    waited = until(looks("starting", "starting", "ready"), ready, within_s=5, every_s=0.001)

    assert (waited.value, waited.looks) == ("ready", 3)
    assert 0 < waited.seconds < 5


def test_none_can_be_what_is_awaited() -> None:
    """A value that is None is a value."""
    assert until(looks(1, None), lambda value: value is None, within_s=5, every_s=0.001).value is None


def test_it_takes_as_many_in_a_row_as_demanded() -> None:
    """A refused look begins a new row, and the time is that of the row's first look."""
    waited = until(looks("ready", "down", "ready", "ready", "ready"), ready, within_s=5, every_s=0.001, in_a_row=3)

    assert waited.looks == 5


def test_a_row_that_began_in_time_is_finished() -> None:
    """The limit is on when it became true, not on how long that is confirmed."""
    waited = until(looks("ready"), ready, within_s=0.05, every_s=0.02, in_a_row=5)

    assert waited.looks == 5
    assert waited.seconds <= 0.05


def test_there_is_always_one_look() -> None:
    """With no time at all the first look still tells what was seen."""
    with pytest.raises(NotYet) as caught:
        until(looks("down"), ready, within_s=0)

    assert caught.value.last_seen == "down"


def test_what_was_seen_last_is_told() -> None:
    """After the time-out: what was awaited, for how long, the last value and the last error."""
    with pytest.raises(NotYet, match=r"waited 0.01 s for the gateway") as caught:
        until(looks("down", ProbeError("refused")), ready, within_s=0.01, every_s=0.001, what="the gateway")

    assert (caught.value.last_seen, str(caught.value.last_error)) == ("down", "refused")


def test_the_condition_names_itself() -> None:
    """Without a name for the thing awaited, the condition's is used."""
    with pytest.raises(NotYet, match="for ready"):
        until(looks("down"), ready, within_s=0.001)


@pytest.mark.parametrize("error", [ProbeError("no answer"), ConnectionRefusedError()], ids=["probe", "os"])
def test_what_cannot_be_seen_yet_is_looked_at_again(error: Exception) -> None:
    """A thing that is not there yet is no defect."""
    assert until(looks(error, "ready"), ready, within_s=5, every_s=0.001).looks == 2


def test_a_defect_ends_the_wait() -> None:
    """An exception that does not mean "not yet" passes through at once."""
    with pytest.raises(TypeError):
        until(looks(TypeError()), ready, within_s=60)


def test_a_hopeless_wait_is_given_up() -> None:
    """When it can no longer come true nobody waits for the time-out."""
    with pytest.raises(NotYet) as caught:
        until(looks("down", "dead"), ready, within_s=60, every_s=0.001, gives_up_when=lambda value: value == "dead")

    assert caught.value.last_seen == "dead"


def test_a_steady_thing_holds() -> None:
    """Every look in the stated time was accepted."""
    watched = throughout(looks("ready"), ready, for_s=0.02, every_s=0.005)

    assert watched.held
    assert watched.seconds >= 0.02
    assert watched.looks >= 2


def test_the_first_breach_ends_the_watch() -> None:
    """What broke it is the value returned."""
    watched = throughout(looks("ready", "down"), ready, for_s=60, every_s=0.001)

    assert (watched.held, watched.value, watched.looks) == (False, "down", 2)


def test_a_blind_watch_proves_nothing() -> None:
    """What a look raises passes through."""
    with pytest.raises(ProbeError):
        throughout(looks("ready", ProbeError("no answer")), ready, for_s=60, every_s=0.001)


def test_ticking_calls_at_its_pace_and_ends_with_its_block() -> None:
    """A turn that sees nothing is followed by the next."""
    seen: list[float] = []

    def act() -> None:
        seen.append(time.monotonic())
        message = "not there"
        raise ProbeError(message)

    began = time.monotonic()
    with ticking(act, every_s=0.02, after_s=0.05):
        until(lambda: len(seen), lambda count: count >= 3, within_s=5.0, every_s=0.001)
    count = len(seen)

    assert seen[0] - began >= 0.05
    assert seen[2] - seen[0] >= 0.035
    assert throughout(lambda: len(seen), lambda now: now == count, for_s=0.06).held


def test_a_defect_in_ticking_is_raised_where_the_block_ends() -> None:
    """It is neither swallowed nor repeated."""

    def act() -> None:
        message = "broken"
        raise ValueError(message)

    with pytest.raises(ValueError, match="broken"), ticking(act, every_s=0.01):
        assert throughout(lambda: True, bool, for_s=0.05).held

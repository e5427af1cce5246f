"""Numbers that a check measures: recorded while it runs, and only if they are numbers."""

from __future__ import annotations

import math

import pytest

from meshproof.errors import ProbeError
from meshproof.measurement import Measured, measure, measuring


def test_numbers_are_recorded_in_order_and_only_in_the_block() -> None:
    """The value comes back, with or without anybody who records it."""
    with measuring() as seen:
        assert measure("first", 1, "s", objective=3, objective_source="infra/slo.yaml") == 1
        measure("second", 2.5, "requests")

    assert measure("third", 3, "s") == 3
    assert seen == [
        Measured(name="first", value=1.0, unit="s", objective=3, objective_source="infra/slo.yaml"),
        Measured(name="second", value=2.5, unit="requests"),
    ]


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_what_is_no_number_is_nothing_seen(value: float) -> None:
    """A time that never came is not infinite: it was not measured."""
    with measuring() as seen, pytest.raises(ProbeError, match="is no measurement"):
        measure("recovery", value, "s")

    assert not seen

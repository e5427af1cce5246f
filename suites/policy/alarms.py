"""What every CloudWatch alarm owes, and whether a thing is watched at all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from meshproof.declaration.platform import Item

#: The services publish once a minute; a shorter period sees no data.
PUBLISHED_S = 60

#: An incident is known within ten minutes, or most of a month's error budget of 99.9 % (43 min) is gone before work starts.
DETECTION_S = 600

Bounds = Mapping[str, tuple[float, float]]


def sound(alarm: Item, bounds: Bounds) -> list[str]:
    """Complaints of one alarm; `bounds` gives the lowest and highest useful threshold of a metric."""
    said = []
    metric = alarm.text("metric_name")
    if alarm.get("actions_enabled", default=True) is not True:
        said.append(f"{metric}: its actions are switched off")
    said += [
        f"{metric}: {path} reaches no topic"
        for path in ("alarm_actions", "ok_actions")
        if not alarm.refers(path, "aws_sns_topic")
    ]
    if alarm.text("treat_missing_data") not in ("breaching", "notBreaching"):
        said.append(f"{metric}: missing data is neither good nor bad")
    return [*said, *_timing(alarm, metric), *_threshold(alarm, metric, bounds)]


def _timing(alarm: Item, metric: str) -> list[str]:
    period, periods = alarm.number("period") or 0, alarm.number("evaluation_periods") or 0
    points = alarm.number("datapoints_to_alarm")
    points = periods if points is None else points
    said = []
    if period < PUBLISHED_S or period % PUBLISHED_S:
        said.append(f"{metric}: a period of {period:g} s is not a whole number of minutes")
    if not 0 < period * periods <= DETECTION_S:
        said.append(f"{metric}: decides after {period * periods:g} s, later than {DETECTION_S} s or never")
    if not periods / 2 <= points <= periods or points < 1:
        said.append(f"{metric}: {points:g} of {periods:g} points is not a majority of them")
    return said


def _threshold(alarm: Item, metric: str, bounds: Bounds) -> list[str]:
    low, high = bounds.get(metric, (float("-inf"), float("inf")))
    threshold = alarm.number("threshold")
    if threshold is None or low <= threshold <= high:
        return []
    return [f"{metric}: a threshold of {threshold:g} lies outside {low:g} to {high:g}"]


def unwatched(alarms: Iterable[Item], metrics: Iterable[str], dimension: str, values: Iterable[str]) -> list[str]:
    """What has no alarm: each of `metrics` for each of `values` of the dimension."""
    seen = {(one.text("metric_name"), one.text(("dimensions", dimension))) for one in alarms}
    return [
        f"{metric} of {dimension} {value} has no alarm"
        for value in values
        for metric in metrics
        if (metric, value) not in seen
    ]

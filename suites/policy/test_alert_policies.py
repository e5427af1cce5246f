"""Cloud Monitoring: alert policies and the channels they reach."""

from meshproof import Control, Level, Pillar, checks, edit, judge
from meshproof.declaration.platform import Item, Platform
from suites.policy.quantities import outside, seconds

PERIODS_S = (60.0, 300.0)
#: Utilisation is worth a word before it is complete; an alert closes by itself within hours.
UTILISATION, AUTO_CLOSE_S, DURATION_S = (0.5, 0.95), (1800.0, 7200.0), (60.0, 900.0)


POLICY = Control(
    id="MET-004",
    title="An alert policy of the standby's cloud MUST be on, say what to do, reach a channel, and decide within bounds",
    system="metrics",
    pillar=Pillar.OPERATIONS,
    level=Level.MUST,
    since="1.0",
    source="https://cloud.google.com/monitoring/alerts/concepts-indepth",
    remedy="Set enabled, documentation, notification_channels, auto_close, duration, alignment and threshold within the bounds.",
    frameworks={"nist": "SI-4", "soc2": "CC7.2"},
    relates=("google_monitoring_alert_policy", "google_monitoring_notification_channel"),
    mutants=[
        edit(
            "google_monitoring_alert_policy",
            "module.standby_observability.*database-down*",
            {"enabled": False},
            says="is off",
        ),
        edit(
            "google_monitoring_alert_policy",
            "module.standby_observability.*database-cpu*",
            {"conditions": [{"condition_threshold": [{"threshold_value": 8.5}]}]},
            says="the threshold is 8.5",
        ),
        edit(
            "google_monitoring_alert_policy",
            "module.standby_observability.*database-cpu*",
            {"documentation": None},
            says="does not say what to do",
        ),
        edit(
            "google_monitoring_notification_channel",
            "module.standby_observability.*mail",
            {"enabled": False},
            says="a channel is off",
            name="channel-off",
        ),
    ],
)


@checks(POLICY)
def test_alert_policies_are_sound(platform: Platform) -> None:
    """Every alert policy and the channels it reaches."""
    findings = judge(platform.all("google_monitoring_alert_policy"), _is_policed)

    assert not findings.broken, findings.table()


def _is_policed(policy: Item) -> list[str]:
    said: list[str | None] = [] if policy.get("enabled") is True else ["is off"]
    said += [] if policy.has("documentation.0.content") else ["does not say what to do"]
    channels = policy.refers("notification_channels", "google_monitoring_notification_channel")
    said += [] if channels else ["reaches nobody"]
    said += (
        []
        if all(one.get("enabled") is True and one.get("force_delete") is not True for one in channels)
        else ["a channel is off"]
    )
    said.append(outside("auto_close", seconds(policy.get("alert_strategy.0.auto_close")), AUTO_CLOSE_S))
    conditions = policy.mappings("conditions")
    said += [] if conditions else ["has no condition"]
    for position in range(len(conditions)):
        at = f"conditions.{position}.condition_threshold.0"
        if not policy.has(at):
            said += [] if policy.has(f"conditions.{position}.condition_matched_log.0.filter") else ["matches nothing"]
            said.append(
                outside(
                    "the rate limit",
                    seconds(policy.get("alert_strategy.0.notification_rate_limit.0.period")),
                    (60.0, 900.0),
                )
            )
            continue
        said.append(outside("the duration", seconds(policy.get(f"{at}.duration")), DURATION_S))
        said.append(outside("the alignment", seconds(policy.get(f"{at}.aggregations.0.alignment_period")), PERIODS_S))
        said.append(outside("the trigger", policy.number(f"{at}.trigger.0.count"), (1.0, 1.0)))
        said.append(_threshold(policy, at))
    return [one for one in said if one]


def _threshold(policy: Item, at: str) -> str | None:
    value, aligned = policy.number(f"{at}.threshold_value"), policy.text(f"{at}.aggregations.0.per_series_aligner")
    if value is not None and 0 < value < 1 and aligned == "ALIGN_RATE":
        return outside("the threshold", value, (0.0005, 0.005))
    if aligned == "ALIGN_MEAN" and (value or 0) <= UTILISATION[1] * 10:
        return outside("the threshold", value, UTILISATION)
    if aligned == "ALIGN_MEAN":
        return outside("the threshold", value, (100.0, 1000.0))
    return outside("the threshold", value, (1.0, 1.0) if value else (0.0, 0.0))

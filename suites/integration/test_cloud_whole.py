"""All of prod's AWS part, applied to the emulated account: what it takes, and what it cannot hold, by address."""

from collections.abc import Iterator
from typing import Any

from fixtures.cloud.applied import Cloud, observed
from meshproof import Control, Level, Pillar, checks, judge, remove
from meshproof.declaration.platform import Platform
from meshproof.observation import Observed

TAKEN = Control(
    id="AWS-231",
    title="Every declared AWS resource MUST be taken by the API, or be on the list of what the emulator cannot hold",
    system="terraform",
    pillar=Pillar.OPERATIONS,
    level=Level.MUST,
    since="1.0",
    source="https://docs.getmoto.org/en/latest/docs/services/index.html",
    remedy="Correct what the API names; what only the emulator lacks belongs into fixtures/cloud/moto.toml, with its reason.",
    targets=("embedded",),
    tier="nightly",
    mutants=[
        remove(
            "aws_cloudwatch_metric_alarm",
            "module.global_failover.aws_cloudwatch_metric_alarm.observer",
            says="module.global_failover.aws_cloudwatch_metric_alarm.observer: is not taken",
        ),
    ],
)


@checks(TAKEN)
def test_everything_is_taken(own_platform: Platform, whole_cloud: Cloud) -> None:
    """By what Terraform remembers as made."""
    findings = judge(_everything(own_platform, whole_cloud), _is_taken)

    assert not findings.broken, findings.table()


def _everything(platform: Platform, cloud: Cloud) -> Iterator[Observed[Any]]:
    errors = {one.address: one.summary for one in cloud.refused}
    for item in (one for address in cloud.targets if (one := platform.item(address)) is not None):
        yield observed(item, (item.address in cloud.state, errors.get(item.address, "")))


def _is_taken(seen: Observed[Any]) -> str | None:
    is_there, error = seen.value
    return None if is_there else f"is not taken: {error or 'what it depends on is not there'}"

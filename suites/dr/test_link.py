"""The link between the sites: what its silence costs, what it forbids, and what a promotion must find in place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from fixtures.drill.link import LinkBroken
from meshproof import Control, Level, Pillar, checks, edit, judge, measure
from meshproof.errors import ProbeError
from meshproof.observation import Observed

SHOWN_BY: Final = ("embedded",)
LOGICAL: Final = "https://www.postgresql.org/docs/15/logical-replication-restrictions.html"
CLOUD_SQL: Final = "*standby_database*"
#: Where flags stand among the declared ones, which are in the order of their names.
LOGICAL_DECODING, WORKERS = 4, 23


def _flag(position: int, value: str) -> dict[str, object]:
    return {"settings": [{"database_flags": [{}] * position + [{"value": value}]}]}


CAUGHT_UP = Control(
    id="DR-331",
    title="A standby whose link was silent MUST catch up by itself, without a write lost or doubled",
    system="aurora",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source="https://www.postgresql.org/docs/15/logical-replication.html",
    remedy="Declare workers for the subscriptions, and slots that keep the log for as long as the link may be silent.",
    targets=SHOWN_BY,
    tier="nightly",
    frameworks={"nist": "CP-9", "soc2": "A1.2"},
    mutants=[edit("google_sql_database_instance", CLOUD_SQL, _flag(WORKERS, "0"), says="nobody follows the primary")],
)


@checks(CAUGHT_UP)
def test_the_standby_catches_up(link_broken: Observed[LinkBroken]) -> None:
    """Only the processes that send the log stand still while clients write, and then go on."""
    findings = judge([link_broken], lambda one: _caught_up(one.value))

    assert not findings.broken, findings.table()


def _caught_up(drill: LinkBroken) -> Iterator[str]:
    if drill.unlinked or drill.verdict is None:
        yield drill.unlinked
        return
    if drill.behind <= 0:
        message = "the standby lacked nothing while the link was silent: the fault took no effect"
        raise ProbeError(message)
    measure("writes that a silent link held back", drill.behind, "writes")
    if not drill.caught_up:
        yield "the standby did not catch up once the link was back"
    yield from drill.verdict.complaints()


REFUSED = Control(
    id="DR-332",
    title="A standby further behind than the recovery point MUST NOT be promoted unless a person accepts the loss",
    system="dr",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source="https://docs.aws.amazon.com/wellarchitected/latest/reliability-pillar/rel_planning_for_recovery_dr_tested.html",
    remedy="Let the promotion ask how far the standby is behind, allow the recovery point, and ask a person beyond it.",
    targets=SHOWN_BY,
    tier="nightly",
    frameworks={"nist": "CP-10", "soc2": "A1.3"},
    mutants=[
        edit(
            "StateMachine",
            "*promotion",
            {"States": {"CheckLag": {"Parameters": {"Payload": {"within_s": 3600}}}}},
            says="promoted although",
        ),
    ],
)


@checks(REFUSED)
def test_a_standby_behind_is_not_promoted(link_broken: Observed[LinkBroken]) -> None:
    """The link is silent for longer than the recovery point when the primary dies; the runbook is started, nobody answers."""
    findings = judge([link_broken], lambda one: _is_refused(one.value))

    assert not findings.broken, findings.table()


def _is_refused(drill: LinkBroken) -> Iterator[str]:
    if drill.execution is None:
        raise ProbeError(drill.unlinked)
    if drill.execution.step("CheckLag") is None:
        message = f"the runbook ended in {drill.execution.last} and never asked for the lag"
        raise ProbeError(message)
    if drill.opened or drill.execution.step("Promote") is not None:
        yield f"the standby was promoted although it was more than {drill.rpo_s:g} s behind"
    elif not any("behind" in one for one in drill.asked):
        yield f"the runbook ended in {drill.execution.last} and told nobody that the standby is behind"


ONCE = Control(
    id="DR-333",
    title="A promoted standby MUST hand out no key that the primary had handed out, and hold the slots of the way back",
    system="aurora",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source=LOGICAL,
    remedy="Start each sequence well above its column at the promotion, and make the subscriptions of the way back.",
    targets=SHOWN_BY,
    tier="nightly",
    frameworks={"nist": "CP-10", "soc2": "PI1.4"},
    mutants=[edit("google_sql_database_instance", CLOUD_SQL, _flag(LOGICAL_DECODING, "off"), says="wal_level")],
)


@checks(ONCE)
def test_no_key_is_handed_out_twice(link_broken: Observed[LinkBroken]) -> None:
    """The keys of both sites, the primary's up to its death and those that the standby never heard of included."""
    findings = judge([link_broken], lambda one: _is_once(one.value))

    assert not findings.broken, findings.table()


def _is_once(drill: LinkBroken) -> Iterator[str]:
    if drill.execution is None:
        yield f"the standby holds no slot for the way back: {drill.unlinked}"
        return
    if not drill.handed_out:
        message = "the promoted standby took no write: nothing was seen of its keys"
        raise ProbeError(message)
    measure("keys handed out after the promotion", drill.handed_out, "keys")
    if drill.twice:
        yield f"{len(drill.twice)} keys were handed out by both sites: {', '.join(map(str, drill.twice[:5]))}"
    if missing := [one for one in drill.databases if f"shop_{one}" not in drill.slots]:
        yield f"no slot for the way back of {', '.join(missing)}"

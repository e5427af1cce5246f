"""Failover runbooks: what a Step Functions definition decides, and in which order it acts."""

from meshproof import Control, Level, Pillar, checks, edit, judge
from meshproof.declaration.platform import Item, Platform
from suites.policy.runbooks import (
    ABSENT,
    ALL,
    CRASH,
    NONE,
    acts,
    calls,
    mutates,
    named,
    payload_of,
    reached,
    real_run,
    runbooks,
    states_of,
)

ASL = "https://docs.aws.amazon.com/step-functions/latest/dg/concepts-states.html"
CHOICE = "https://docs.aws.amazon.com/step-functions/latest/dg/state-choice.html"
PLANNING = "https://docs.aws.amazon.com/wellarchitected/latest/reliability-pillar/rel_planning_for_recovery_game_days_resiliency.html"
FENCING = "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.ConditionExpressions.html"

PROMOTION = "*promotion"

WHOLE = Control(
    id="DR-001",
    title="Every transition of a runbook MUST lead to a state that exists, and every state MUST be reachable",
    system="dr",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source=ASL,
    remedy="Name an existing state in Next, Default and Catch; take away the state that nothing leads to.",
    frameworks={"nist": "CP-2", "soc2": "A1.2"},
    mutants=[
        edit("StateMachine", PROMOTION, {"States": {"CloseStandby": None}}, says="CloseStandby does not exist"),
        edit("StateMachine", PROMOTION, {"States": {"Announce": {"Next": "Nowhere"}}}, says="Nowhere does not exist"),
    ],
)


@checks(WHOLE)
def test_transitions_lead_somewhere(platform: Platform) -> None:
    """No transition dangles and no state is dead."""
    findings = judge(platform.all("StateMachine"), _is_whole)

    assert not findings.broken, findings.table()


def _is_whole(machine: Item) -> list[str]:
    states, entered = states_of(machine), reached(machine, {})
    dangling = [f"the state {name} does not exist" for name in sorted(entered - set(states))]
    return dangling + [f"no transition leads to {name}" for name in sorted(set(states) - entered)]


INPUT = Control(
    id="DR-002",
    title="A runbook MUST refuse an input that does not say in the right types whether it is a dry run, and why it runs",
    system="dr",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source=CHOICE,
    remedy="Begin with a choice that demands IsPresent and the type of dry_run and cause, and fails otherwise.",
    frameworks={"nist": "SI-10"},
    mutants=[
        edit(
            "StateMachine",
            PROMOTION,
            {"States": {"CheckInput": {"Choices": [{"And": [{}, {"IsBoolean": False}]}]}}},
            says="refuses",
        ),
        edit(
            "StateMachine",
            PROMOTION,
            {"States": {"CheckInput": {"Choices": [{"And": [{}, None]}]}}},
            says="dry_run='yes'",
            name="type-not-asked",
        ),
    ],
)


@checks(INPUT)
def test_malformed_input_is_refused(platform: Platform) -> None:
    """A malformed input reaches no task; a well-formed one does."""
    findings = judge(runbooks(platform), _refuses_malformed_input)

    assert not findings.broken, findings.table()


def _refuses_malformed_input(machine: Item) -> list[str]:
    said = []
    for dry_run, cause in ((ABSENT, "drill"), ("yes", "drill"), (True, ABSENT), (True, 5), (True, "drill")):
        entered = reached(machine, {"$.dry_run": dry_run, "$.cause": cause})
        shown = f"dry_run={'absent' if dry_run is ABSENT else repr(dry_run)}, cause={'absent' if cause is ABSENT else repr(cause)}"
        accepted = any(states_of(machine).get(name, {}).get("Type") == "Task" for name in entered)
        if CRASH in entered:
            said.append(f"crashes on {shown}")
        elif accepted != (dry_run is True and cause == "drill"):
            said.append(f"{'accepts' if accepted else 'refuses'} {shown}")
    return said


REHEARSAL = Control(
    id="DR-003",
    title="A rehearsal of a runbook MUST try every step that changes nothing, and reach no step that changes something",
    system="dr",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source=PLANNING,
    remedy="Put a choice on $.dry_run before every step that changes something, and lead it to the rehearsing step.",
    frameworks={"nist": "CP-4", "soc2": "A1.3"},
    mutants=[
        edit(
            "StateMachine",
            PROMOTION,
            {"States": {"RehearseOrPromote": {"Choices": [{"BooleanEquals": False}]}}},
            says="a rehearsal changes something: Promote",
        ),
        edit(
            "StateMachine",
            PROMOTION,
            {"States": {"RehearseOrFence": {"Choices": [None]}}},
            says="a rehearsal changes something",
            name="always-fences",
        ),
    ],
)


@checks(REHEARSAL)
def test_rehearsal_changes_nothing(platform: Platform) -> None:
    """A dry run reaches its rehearsal and no step that changes anything, whatever the witness says."""
    findings = judge(runbooks(platform), _rehearses_harmlessly)

    assert not findings.broken, findings.table()


def _rehearses_harmlessly(machine: Item) -> list[str]:
    states, said = states_of(machine), []
    for up, down in ((ALL, NONE), (NONE, ALL), (NONE, NONE)):
        given = real_run(dry_run=True, witness__up=up, witness__down=down)
        entered = [name for name in sorted(reached(machine, given)) if name in states]
        said += [f"a rehearsal changes something: {name}" for name in entered if mutates(states[name])]
        said += [f"a rehearsal asks a person: {one}" for one in entered if calls(states[one], ".waitForTaskToken")]
        if up == ALL and not any(acts(states[one], "rehearse") for one in entered):
            said.append("a rehearsal never reaches its rehearsing step")
    real = reached(machine, real_run())
    return said + [f"a real run only rehearses: {one}" for one in real if acts(states.get(one, {}), "rehearse")]


CONSENT = Control(
    id="DR-004",
    title="A runbook MUST NOT change anything without a majority of observers or the consent of a person",
    system="dr",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source="https://patroni.readthedocs.io/en/latest/ha_multi_dc.html",
    remedy="Lead a missing majority and a missing or refusing answer to a state that ends or undoes the run.",
    frameworks={"nist": "CP-10", "soc2": "CC7.5"},
    mutants=[
        edit("StateMachine", PROMOTION, {"States": {"GateDecision": {"Default": "ReadEpoch"}}}, says="without consent"),
        edit(
            "StateMachine",
            PROMOTION,
            {"States": {"LossDecision": {"Choices": [{"And": [{"IsPresent": False}]}]}}},
            says="crashes",
        ),
    ],
)


@checks(CONSENT)
def test_nothing_moves_without_consent(platform: Platform) -> None:
    """No votes and no approval: nothing is changed. A majority and an approval: the traffic is switched."""
    findings = judge(runbooks(platform), _asks_first)

    assert not findings.broken, findings.table()


def _asks_first(machine: Item) -> list[str]:
    states, said = states_of(machine), []
    for approved in (ABSENT, False):
        given = real_run(witness__up=NONE, witness__down=NONE, gate__approved=approved)
        entered = reached(machine, given)
        said += [f"{one} runs without consent" for one in sorted(entered) if mutates(states.get(one, {}))]
        for gate in named(machine, ".waitForTaskToken"):
            refused = reached(machine, given, start=str(states[gate].get("Next")))
            said += [
                f"{one} runs although {gate} was refused"
                for one in refused
                if calls(states.get(one, {}), ":putMetricData")
            ]
            said += [f"{gate} crashes when the answer says nothing"] if CRASH in refused else []
    for gate in named(machine, ".waitForTaskToken"):
        granted = reached(machine, real_run(), start=str(states[gate].get("Next")), failures=False)
        if not any(calls(states.get(one, {}), ":putMetricData") for one in granted):
            said.append(f"consent at {gate} does not lead to the switch")
    passed = [one.get("Result") for one in states.values() if one.get("Type") == "Pass"]
    counts = {result.get(key) for result in passed if isinstance(result, dict) for key in ("up", "down")}
    return said + [f"a count that could not be taken stands as {one!r} votes" for one in counts if one != 0]


ORDER = Control(
    id="DR-005",
    title="A runbook MUST witness, read the epoch, fence, open and probe the new writer before it switches the traffic",
    system="dr",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source=FENCING,
    remedy="Order the states so that no way leads to the switch past the witness, the fence, the opening or the probe.",
    frameworks={"nist": "CP-10", "soc2": "A1.2"},
    mutants=[
        edit("StateMachine", PROMOTION, {"States": {"Promote": {"Next": "Switch"}}}, says="without probe"),
        edit("StateMachine", PROMOTION, {"States": {"RehearseOrFence": {"Default": "CheckLag"}}}, says="without fence"),
    ],
)


@checks(ORDER)
def test_steps_come_in_order(platform: Platform) -> None:
    """Every way to the switch passes witness, epoch, fence, opening and probe; a moved epoch needs resume."""
    findings = judge(runbooks(platform), _comes_in_order)

    assert not findings.broken, findings.table()


def _comes_in_order(machine: Item) -> list[str]:
    states = states_of(machine)
    first = reached(machine, real_run(resume=ABSENT), failures=False)
    steps = {
        "fence": [one for one in named(machine, ":updateItem") if one in first],
        "epoch": named(machine, ":getItem"),
        "witness": [
            one for one in first if calls(states.get(one, {}), "lambda:invoke") and not payload_of(states[one])
        ],
        "open": [one for one in first if acts(states.get(one, {}), "open")],
        "probe": [one for one in first if acts(states.get(one, {}), "probe")],
    }
    said = [] if CRASH not in first else ["crashes when resume is absent"]
    for switch in named(machine, ":putMetricData"):
        if switch not in first:
            said.append(f"a majority and consent do not reach {switch}")
        for step, found in steps.items():
            past = [
                one
                for one in found
                if switch not in reached(machine, real_run(resume=ABSENT), without=one, failures=False)
            ]
            said += [] if past else [f"reaches {switch} without {step}"]
    for fence in steps["fence"]:
        holder = states[fence].get("Parameters", {}).get("ExpressionAttributeValues", {}).get(":next", {}).get("S")  # type: ignore[attr-defined]  # a DynamoDB request
        moved = reached(machine, real_run(resume=ABSENT, epoch__holder=holder), failures=False)
        said += [f"{one} runs although {holder} already writes" for one in moved if mutates(states.get(one, {}))]
        resumed = reached(machine, real_run(resume=True, epoch__holder=holder), failures=False)
        reads_resume = any("$.resume" in str(state) for state in states.values())
        said += (
            ["resume does not reach the switch"]
            if reads_resume and not resumed & set(named(machine, ":putMetricData"))
            else []
        )
    return said

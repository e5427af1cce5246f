"""Failover runbooks: how each task asks, waits, repeats and is undone."""

from collections.abc import Mapping

from meshproof import Control, Level, Pillar, checks, edit, judge
from meshproof.declaration.platform import Item, Platform
from suites.policy.runbooks import (
    State,
    blocks,
    calls,
    named,
    objective,
    reached,
    real_run,
    runbooks,
    states_of,
)

ERRORS = "https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html"
CONDITIONS = "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.ConditionExpressions.html"
#: A cold function and a TLS handshake across regions take up to this; less gives up on what would have answered.
SHORTEST_S = 5
#: More than tripling the wait after each attempt leaves the outage to the pause.
BACKOFF = (1.0, 3.0)
#: One attempt does not survive one lost packet; more than ten is not a transient error.
ATTEMPTS = (2, 15)
#: A condition that is awaited is asked for at least once a minute.
POLL_S = 60
#: An execution that is older than a week is forgotten, not in progress.
WHOLE_RUN_S = (3600, 7 * 86400)
CONFLICT = "DynamoDB.ConditionalCheckFailedException"
PROMOTION = "*promotion"


def _tasks(machine: Item) -> dict[str, State]:
    return {name: one for name, one in states_of(machine).items() if one.get("Type") == "Task"}


def _errors(block: State) -> list[str]:
    found = block.get("ErrorEquals")
    return [str(one) for one in found] if isinstance(found, (list, tuple)) else []


def _number(state: State, key: str) -> float:
    value = state.get(key, 0)
    return float(value) if isinstance(value, (int, float)) else 0.0


def _request(state: State) -> State:
    found = state.get("Parameters")
    return found if isinstance(found, Mapping) else {}


BOUNDED = Control(
    id="DR-006",
    title="Every task of a runbook MUST give up, repeats included, before the recovery time objective is spent",
    system="dr",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source=ERRORS,
    remedy="Set TimeoutSeconds, IntervalSeconds, BackoffRate, MaxAttempts and MaxDelaySeconds so that their sum stays below the objective.",
    relates=("StateMachine", "SLO"),
    frameworks={"nist": "CP-10", "soc2": "A1.2"},
    mutants=[
        edit(
            "StateMachine",
            PROMOTION,
            {"States": {"Promote": {"TimeoutSeconds": 600}}},
            says="more than the objective of 300 s",
        ),
        edit("StateMachine", PROMOTION, {"States": {"ReadEpoch": {"TimeoutSeconds": 0}}}, says="TimeoutSeconds 0"),
        edit(
            "SLO", "*recovery-time", {"spec": {"objectives": [{"value": 30}]}}, says="more than the objective of 30 s"
        ),
    ],
)


@checks(BOUNDED)
def test_tasks_end_within_the_objective(platform: Platform) -> None:
    """Attempts, timeouts and waits of each task add up to less than the recovery time objective."""
    rto_s = objective(platform, "rto")
    findings = judge(runbooks(platform) if rto_s else [], lambda one: _bounded(one, rto_s or 0))

    assert not findings.broken, findings.table()


def _bounded(machine: Item, rto_s: float) -> list[str]:
    low, high = WHOLE_RUN_S
    whole = machine.number("TimeoutSeconds") or 0
    said = [] if low <= whole <= high else [f"the whole run may take {whole:g} s, not {low} to {high}"]
    for name, task in _tasks(machine).items():
        timeout = _number(task, "TimeoutSeconds")
        gate = calls(task, ".waitForTaskToken")
        if timeout < (0 if gate else SHORTEST_S) or "TimeoutSeconds" not in task:
            said.append(f"{name}: TimeoutSeconds {timeout:g} is less than {SHORTEST_S} or missing")
        for retry in blocks(task, "Retry"):
            worst = timeout * (_number(retry, "MaxAttempts") + 1) + sum(_waits(retry))
            if not gate and worst > rto_s:
                said.append(f"{name}: {worst:g} s with its repeats, more than the objective of {rto_s:g} s")
    waits = [(name, _number(one, "Seconds")) for name, one in states_of(machine).items() if one.get("Type") == "Wait"]
    return said + [f"{name} waits {one:g} s" for name, one in waits if not 0 <= one <= rto_s / 2]


def _waits(retry: State) -> list[float]:
    first, rate = _number(retry, "IntervalSeconds"), _number(retry, "BackoffRate")
    limit = _number(retry, "MaxDelaySeconds") or float("inf")
    return [min(first * rate**turn, limit) for turn in range(int(_number(retry, "MaxAttempts")))]


REPEATED = Control(
    id="DR-007",
    title="Every task of a runbook MUST repeat what is transient with a bounded backoff and catch whatever is left",
    system="dr",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source=ERRORS,
    remedy="Give the task a Retry of the service's transient errors with MaxDelaySeconds, and a last Catch of States.ALL.",
    frameworks={"nist": "CP-10"},
    mutants=[
        edit(
            "StateMachine",
            PROMOTION,
            {"States": {"Promote": {"Catch": [None]}}},
            says="Promote: catches not everything",
        ),
        edit(
            "StateMachine",
            PROMOTION,
            {"States": {"Promote": {"Retry": [{"BackoffRate": 20.0}]}}},
            says="BackoffRate 20",
        ),
        edit("StateMachine", PROMOTION, {"States": {"Promote": {"Retry": [None]}}}, says="repeats nothing"),
    ],
)


@checks(REPEATED)
def test_tasks_repeat_and_catch(platform: Platform) -> None:
    """Each task has a bounded repeat of transient errors and a catch of everything else."""
    findings = judge(runbooks(platform), _repeats)

    assert not findings.broken, findings.table()


def _repeats(machine: Item) -> list[str]:
    said = []
    for name, task in _tasks(machine).items():
        retries, caught = blocks(task, "Retry"), blocks(task, "Catch")
        if not caught or "States.ALL" not in _errors(caught[-1]):
            said.append(f"{name}: catches not everything")
        transient = {"States.ALL", "Lambda.ServiceException", "SNS.SdkClientException"}
        if not any(transient & set(_errors(one)) for one in retries):
            said.append(f"{name}: repeats nothing that is transient")
        for retry in retries:
            said += [f"{name}: {one}" for one in _sound_retry(retry, _number(task, "TimeoutSeconds"))]
    return said


def _sound_retry(retry: State, timeout_s: float) -> list[str]:
    first, rate, attempts = (_number(retry, key) for key in ("IntervalSeconds", "BackoffRate", "MaxAttempts"))
    limit, grows = _number(retry, "MaxDelaySeconds"), _number(retry, "BackoffRate") > 1
    said = [] if BACKOFF[0] <= rate <= BACKOFF[1] else [f"BackoffRate {rate:g} is not within {BACKOFF}"]
    if first < 1 or (
        not grows and first > max(timeout_s, POLL_S if len(_errors(retry)) == 1 and timeout_s > POLL_S / 4 else 0)
    ):
        said.append(f"IntervalSeconds {first:g} is shorter than a second or longer than an attempt ({timeout_s:g} s)")
    if attempts < 0 or attempts > ATTEMPTS[1] or (grows and attempts < ATTEMPTS[0]):
        said.append(f"MaxAttempts {attempts:g} is not within {ATTEMPTS}")
    if grows and not first < limit <= first * rate**attempts:
        said.append(f"MaxDelaySeconds {limit:g} does not bound waits that begin at {first:g} s")
    return said


UNDONE = Control(
    id="DR-008",
    title="Every step between the fence and the switch MUST, when it fails, lead back to a writer that may write",
    system="dr",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source=CONDITIONS,
    remedy="Let Catch of the step lead, by closing what was opened, to the update that returns the epoch.",
    frameworks={"nist": "CP-10", "soc2": "A1.2"},
    mutants=[
        edit(
            "StateMachine",
            PROMOTION,
            {"States": {"Promote": {"Catch": [{"Next": "AnnounceAbort"}]}}},
            says="Promote: its failure does not return the epoch",
        ),
    ],
)


@checks(UNDONE)
def test_failures_are_undone(platform: Platform) -> None:
    """Whatever fails after the fence can reach the update that gives the epoch back."""
    findings = judge(runbooks(platform), _undoes)

    assert not findings.broken, findings.table()


def _undoes(machine: Item) -> list[str]:
    states = states_of(machine)
    forward = reached(machine, real_run(), failures=False)
    fences = [one for one in named(machine, ":updateItem") if one in forward]
    returns = set(named(machine, ":updateItem")) - forward
    said = [f"nothing returns the epoch that {one} took" for one in fences if not returns]
    for fence in fences:
        taken = reached(machine, real_run(), start=str(states[fence].get("Next")), failures=False)
        before = [
            one
            for switch in named(machine, ":putMetricData")
            for one in taken - reached(machine, real_run(), start=switch, failures=False)
        ]
        for name in sorted(set(before) & set(_tasks(machine))):
            ends = {
                state
                for one in blocks(states[name], "Catch")
                for state in reached(machine, real_run(), start=str(one.get("Next")))
            }
            said += [] if ends & returns else [f"{name}: its failure does not return the epoch"]
    return said

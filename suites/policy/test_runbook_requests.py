"""Failover runbooks: what each task asks for, and what it keeps of the answer."""

import re
from collections.abc import Mapping

from meshproof import Control, Level, Pillar, checks, edit, judge
from meshproof.declaration.platform import Item, Platform
from suites.policy.runbooks import (
    State,
    acts,
    blocks,
    calls,
    named,
    payload_of,
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


EPOCH = Control(
    id="DR-009",
    title="The epoch MUST move by one, conditionally on what was read, and be read consistently",
    system="dr",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source=CONDITIONS,
    remedy="Update with a ConditionExpression on epoch and holder, add exactly one, never repeat a lost race; read with ConsistentRead.",
    relates=("StateMachine", "aws_dynamodb_table_item"),
    frameworks={"nist": "SC-24"},
    mutants=[
        edit(
            "StateMachine",
            PROMOTION,
            {"States": {"Fence": {"Parameters": {"ExpressionAttributeValues": {":one": {"N": "10"}}}}}},
            says="moves by 10",
        ),
        edit(
            "StateMachine",
            PROMOTION,
            {"States": {"ReadEpoch": {"Parameters": {"ConsistentRead": False}}}},
            says="not consistent",
        ),
        edit("aws_dynamodb_table_item", "*failover*", {"item": {"holder": None}}, says="holder"),
    ],
)


@checks(EPOCH)
def test_epoch_moves_by_one(platform: Platform) -> None:
    """Each update of the epoch is conditional, adds one, names what its item holds and gives up a lost race."""
    held = [set(one.mapping("item")) for one in platform.all("aws_dynamodb_table_item")]
    first = [one.text("item.epoch.N") for one in platform.all("aws_dynamodb_table_item")]
    findings = judge(runbooks(platform), lambda one: _moves_by_one(one, held, first))

    assert not findings.broken, findings.table()


def _moves_by_one(machine: Item, held: list[set[str]], first: list[str]) -> list[str]:
    tasks = _tasks(machine)
    said = [f"the first epoch is {one}, not 1" for one in first if one != "1"]
    for name in named(machine, ":getItem"):
        said += [] if _request(tasks[name]).get("ConsistentRead") is True else [f"{name}: not consistent"]
    for name in named(machine, ":getItem") + named(machine, ":updateItem"):
        key = _request(tasks[name]).get("Key")
        fields = set(key) if isinstance(key, Mapping) else set()
        said += (
            []
            if fields and any(fields <= one for one in held)
            else [f"{name}: its key {sorted(fields)} is not that of a declared item"]
        )
    for name in named(machine, ":updateItem"):
        said += [f"{name}: {one}" for one in _conditional(tasks[name], held)]
    return said


def _conditional(task: State, held: list[set[str]]) -> list[str]:
    request = _request(task)
    condition, update = str(request.get("ConditionExpression", "")), str(request.get("UpdateExpression", ""))
    values = request.get("ExpressionAttributeValues")
    given = values if isinstance(values, Mapping) else {}
    used = set(re.findall(r":\w+", f"{condition} {update}"))
    said = [f"{one} has no value" for one in sorted(used - set(given))] + [
        f"{one} is not used" for one in sorted(set(given) - used)
    ]
    step = given.get(":one")
    said += [f"moves by {step.get('N')}" for step in [step] if isinstance(step, Mapping) and step.get("N") != "1"]
    fields = set(re.findall(r"(\w+) = :", condition))
    if not {"epoch", "holder"} <= fields or not any(fields <= one for one in held):
        said.append(
            f"its condition is on {sorted(fields)}, the item does not hold all of them or epoch and holder are missing"
        )
    retries, caught = blocks(task, "Retry"), blocks(task, "Catch")
    if not any(CONFLICT in _errors(one) and _number(one, "MaxAttempts") == 0 for one in retries):
        said.append("repeats a lost race")
    return said + ([] if any(CONFLICT in _errors(one) for one in caught) else ["does not catch a lost race"])


ASKED = Control(
    id="DR-010",
    title="Every task of a runbook MUST send a whole request and keep of the answer only what later states read",
    system="dr",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source="https://docs.aws.amazon.com/step-functions/latest/dg/concepts-input-output-filtering.html",
    remedy="Name the function and its payload, the topic and its message; set ResultPath, and ResultSelector where it is not null.",
    relates=("StateMachine", "aws_cloudwatch_metric_alarm", "aws_route53_health_check"),
    mutants=[
        edit(
            "StateMachine",
            PROMOTION,
            {"States": {"Promote": {"Parameters": {"Payload": None}}}},
            says="Promote: sends no action and site",
        ),
        edit(
            "StateMachine",
            PROMOTION,
            {"States": {"Switch": {"Parameters": {"MetricData": [{"Value": 0}]}}}},
            says="sets the latch to 0",
        ),
    ],
)


@checks(ASKED)
def test_tasks_ask_in_full(platform: Platform) -> None:
    """Requests are whole, answers are trimmed, quorums agree, and the latch is set to what its alarm waits for."""
    machines = runbooks(platform)
    latches = [
        alarm
        for one in platform.all("aws_route53_health_check")
        for alarm in one.refers("cloudwatch_alarm_name", "aws_cloudwatch_metric_alarm")
    ]
    thrown = max((one.number("threshold") or 0 for one in latches), default=1)
    quorums = {
        str(rule["NumericGreaterThanEquals"])
        for one in machines
        for state in states_of(one).values()
        for choice in blocks(state, "Choices")
        for rule in (choice, *blocks(choice, "And"))
        if "NumericGreaterThanEquals" in rule
    }
    findings = judge(
        machines,
        lambda one: [
            *_asks(one, thrown),
            *([f"quorums differ: {sorted(quorums)}"] if len(quorums) > 1 or "-1" in quorums else []),
        ],
    )

    assert not findings.broken, findings.table()


def _asks(machine: Item, thrown: float) -> list[str]:
    said = []
    for name, task in _tasks(machine).items():
        request, payload = _request(task), payload_of(task)
        if calls(task, "lambda:invoke") and (
            "Payload" not in request
            or "FunctionName" not in request
            or (payload and not {"action", "site"} <= set(payload))
        ):
            said.append(f"{name}: sends no action and site")
        if payload.get("within_s", 0) not in (0, 1) and not isinstance(payload.get("within_s"), str):
            said.append(f"{name}: tolerates a lag of {payload.get('within_s')} s")
        if "sns:publish" in str(task.get("Resource")) and not {"TopicArn", "Message"} <= set(request):
            said.append(f"{name}: publishes no message")
        if (
            task.get("ResultPath", "") is not None
            and "ResultSelector" not in task
            and not calls(task, ".waitForTaskToken")
        ):
            said.append(f"{name}: keeps the whole answer")
        if calls(task, ":putMetricData"):
            said += [f"{name}: {one}" for one in _sets_latch(machine, task, thrown)]
    return said


def _sets_latch(machine: Item, task: State, thrown: float) -> list[str]:
    follower = states_of(machine).get(str(task.get("Next")), {})
    data = blocks(_request(task), "MetricData")
    if not data or not acts(follower, "route"):
        return ["sets no latch, or nobody verifies the route afterwards"]
    value = _number(data[0], "Value")
    away = payload_of(follower).get("site") != "primary"
    return (
        [] if value == (thrown if away else 0) else [f"sets the latch to {value:g}, its alarm goes off at {thrown:g}"]
    )

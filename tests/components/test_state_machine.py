"""Definitions are executed as Step Functions would: choices, data, repeats, catches, time-outs and where they end."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import pytest

from meshproof.components.state_machine import Execution, StateMachine, TaskFailed
from meshproof.errors import TargetError

PASSED: Mapping[str, Any] = {"Type": "Succeed"}
REFUSED: Mapping[str, Any] = {"Type": "Fail", "Error": "Refused"}


class Tasks:
    """Fails as often as it is told, then answers; remembers what it was asked."""

    def __init__(self, *errors: str, answer: object = None) -> None:
        self.errors = list(errors)
        self.asked: list[Mapping[str, Any]] = []
        self.answer = answer

    def __call__(self, resource: str, parameters: Mapping[str, Any]) -> object:
        """Do one task."""
        self.asked.append(parameters)
        if self.errors:
            raise TaskFailed(name=self.errors.pop(0), cause=resource)
        return self.answer


def execute(states: Mapping[str, Any], tasks: Tasks | None = None, given: Mapping[str, Any] | None = None) -> Execution:
    """Run from the first state, a hundred times as fast as declared."""
    definition = {"StartAt": next(iter(states)), "States": states}
    return StateMachine(definition=definition, perform=tasks or Tasks(), scale=0.01).execute(
        given or {}, execution_id="e-1"
    )


def task(**more: object) -> dict[str, object]:
    """A task that leads to Done."""
    return {"Type": "Task", "Resource": "r", "Next": "Done", **more}


@pytest.mark.parametrize(
    ("rule", "given", "last"),
    [
        ({"Variable": "$.n", "NumericGreaterThanEquals": 2}, {"n": 2}, "Done"),
        ({"Variable": "$.n", "NumericGreaterThanEquals": 2}, {"n": 1}, "Other"),
        ({"Variable": "$.a.b", "StringEquals": "x"}, {"a": {"b": "x"}}, "Done"),
        ({"Variable": "$.a", "IsPresent": True}, {}, "Other"),
        (
            {"And": [{"Variable": "$.a", "IsPresent": True}, {"Variable": "$.a", "BooleanEquals": True}]},
            {"a": True},
            "Done",
        ),
        ({"And": [{"Variable": "$.a", "IsPresent": True}, {"Variable": "$.a", "BooleanEquals": True}]}, {}, "Other"),
    ],
)
def test_a_choice_is_made_by_its_rules(rule: dict[str, object], given: dict[str, object], last: str) -> None:
    """The first rule that holds decides, else the default."""
    states = {
        "Choose": {"Type": "Choice", "Choices": [{**rule, "Next": "Done"}], "Default": "Other"},
        "Done": PASSED,
        "Other": REFUSED,
    }

    ended = execute(states, given=given)

    assert (ended.last, ended.status) == (last, "SUCCEEDED" if last == "Done" else "FAILED")


def test_a_variable_that_is_not_there_ends_the_execution() -> None:
    """Step Functions fails at run time where a rule reads what is not there."""
    states = {
        "Choose": {"Type": "Choice", "Choices": [{"Variable": "$.a", "StringEquals": "x", "Next": "Done"}]},
        "Done": PASSED,
    }

    with pytest.raises(TargetError, match=r"\$\.a is not there when it is compared"):
        execute(states)


def test_data_flow_from_answer_to_parameters() -> None:
    """What one task answers is selected, stored at a path, and filled into the next one's parameters."""
    tasks = Tasks(answer={"Payload": {"down": 2}, "noise": 1})
    first = task(Next="Second", ResultSelector={"down.$": "$.Payload.down"}, ResultPath="$.witness")
    second = task(Parameters={"list": [{"n.$": "$.witness.down"}], "id.$": "$$.Execution.Id", "fixed": 1})

    execute({"First": first, "Second": second, "Done": PASSED}, tasks)

    assert tasks.asked[1] == {"list": [{"n": 2}], "id": "e-1", "fixed": 1}


def test_an_error_is_repeated_by_its_own_rule_and_then_caught_by_name() -> None:
    """Attempts are counted rule by rule; what is left goes to the first catch that covers it."""
    retry = [{"ErrorEquals": ["Late"], "IntervalSeconds": 1, "MaxAttempts": 2, "BackoffRate": 1.0}]
    catch = [
        {"ErrorEquals": ["Gone"], "Next": "Other"},
        {"ErrorEquals": ["States.ALL"], "ResultPath": "$.f", "Next": "Done"},
    ]
    states = {"Do": task(Retry=retry, Catch=catch), "Done": PASSED, "Other": REFUSED}

    late = execute(states, Tasks("Late", "Late", "Late"))
    gone = execute(states, Tasks("Gone"))
    fine = execute(states, Tasks("Late"))

    assert [(one.last, one.steps[0].attempts, bool(one.steps[0].error)) for one in (late, gone, fine)] == [
        ("Done", 3, True),
        ("Other", 1, True),
        ("Done", 2, True),
    ]


def test_declared_waits_are_scaled() -> None:
    """Fifty declared seconds take half a second at a hundredth."""
    began = time.monotonic()

    ended = execute({"Wait": {"Type": "Wait", "Seconds": 50, "Next": "Done"}, "Done": PASSED})

    step = ended.step("Wait")
    assert step is not None
    assert 0.5 <= (step.left_at_ns - step.entered_at_ns) / 1e9 <= time.monotonic() - began


@pytest.mark.parametrize(
    ("states", "says"),
    [
        ({"A": {"Type": "Pass", "Next": "B"}}, "leads to 'B', which is no state"),
        ({"A": {"Type": "Pass", "Next": "A"}}, "has not ended after 500 states"),
        ({"A": {"Type": "Parallel", "Next": "A"}}, "A: a state of type Parallel is not executed here"),
        ({"A": task(Catch=[])}, "catches no Gone"),
    ],
    ids=["nowhere", "circle", "unknown-type", "uncaught"],
)
def test_a_definition_that_cannot_be_executed_is_unknown(states: dict[str, object], says: str) -> None:
    """It is said in one sentence, and is no verdict."""
    with pytest.raises(TargetError, match=says):
        execute(states, Tasks("Gone"))

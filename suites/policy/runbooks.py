"""A Step Functions definition as a graph: what an execution can enter, given what is known of its variables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from meshproof.declaration.platform import Item, Platform

#: What a runbook may ask an operator function for without changing anything.
READING = frozenset({"compare", "confirm", "drained", "lag", "probe", "rehearse", "route", "seeded"})
#: A count of votes that reaches every quorum, and one that reaches none.
ALL, NONE = 99, -1
ABSENT = object()
#: Pseudo-state: Step Functions ends the execution when a choice reads a variable that is not there.
CRASH = "(runtime error)"
State = Mapping[str, object]


def states_of(machine: Item) -> dict[str, State]:
    """The states of a machine by their name."""
    return {name: one for name, one in machine.mapping("States").items() if isinstance(one, Mapping)}


def blocks(state: State, key: str) -> list[State]:
    """The mappings in a list of a state (Choices, Catch, Retry, And)."""
    found = state.get(key)
    return [one for one in found if isinstance(one, Mapping)] if isinstance(found, (list, tuple)) else []


def payload_of(state: State) -> State:
    """What the task sends to its function."""
    parameters = state.get("Parameters")
    payload = parameters.get("Payload") if isinstance(parameters, Mapping) else None
    return payload if isinstance(payload, Mapping) else {}


def calls(state: State, operation: str) -> bool:
    """Whether the resource of a task ends like this."""
    return str(state.get("Resource", "")).endswith(operation)


def acts(state: State, action: str) -> bool:
    """Whether the task asks its function for this action."""
    return payload_of(state).get("action") == action


def mutates(state: State) -> bool:
    """Whether the task changes anything outside the execution."""
    action = payload_of(state).get("action")
    return any(calls(state, one) for one in (":updateItem", ":putMetricData")) or (
        action is not None and action not in READING
    )


def named(machine: Item, operation: str) -> list[str]:
    """Names of the states whose resource ends like this."""
    return [name for name, state in states_of(machine).items() if calls(state, operation)]


def _decides(rule: State, given: Mapping[str, object]) -> bool | None:  # noqa: PLR0911 - one return for each operator
    """Whether a rule of a choice holds; None where `given` does not say. Raises KeyError on an absent variable."""
    if "And" in rule:
        answer: bool | None = True
        for one in blocks(rule, "And"):
            decided = _decides(one, given)
            if decided is False:
                return False
            answer = None if decided is None else answer
        return answer
    variable = str(rule.get("Variable"))
    if variable not in given:
        return None
    value = given[variable]
    if "IsPresent" in rule:
        return (value is not ABSENT) is rule["IsPresent"]
    if value is ABSENT:
        raise KeyError(variable)
    if "IsBoolean" in rule:
        return isinstance(value, bool) is rule["IsBoolean"]
    if "IsString" in rule:
        return isinstance(value, str) is rule["IsString"]
    if "NumericGreaterThanEquals" in rule:
        return float(str(value)) >= float(str(rule["NumericGreaterThanEquals"]))
    return value == rule.get("BooleanEquals", rule.get("StringEquals"))


def _after(state: State, given: Mapping[str, object], *, failures: bool) -> Iterable[str]:
    found: list[object] = [state.get("Next")] if "Next" in state else []
    if failures:
        found += [one.get("Next") for one in blocks(state, "Catch")]
    for rule in blocks(state, "Choices"):
        try:
            decided = _decides(rule, given)
        except KeyError:
            return [CRASH]
        if decided is not False:
            found.append(rule.get("Next"))
        if decided:
            return [str(one) for one in found]
    return [str(one) for one in (*found, state.get("Default")) if one is not None]


def reached(
    machine: Item, given: Mapping[str, object], *, start: str = "", without: str = "", failures: bool = True
) -> set[str]:
    """States that an execution can enter, given what is known of its variables."""
    states = states_of(machine)
    todo, seen = [start or machine.text("StartAt")], set[str]()
    while todo:
        name = todo.pop()
        if name in seen or name == without:
            continue
        seen.add(name)
        todo += _after(states.get(name, {}), given, failures=failures)
    return seen


def runbooks(platform: Platform) -> list[Item]:
    """The definitions that move traffic; each knows a dry run."""
    return [one for one in platform.all("StateMachine") if named(one, ":putMetricData") or named(one, ":updateItem")]


def real_run(**more: object) -> dict[str, object]:
    """Variables of a run that is no rehearsal, with every vote and every consent, and `more` (`__` stands for a dot)."""
    known = {
        "$.dry_run": False,
        "$.cause": "drill",
        "$.witness.up": ALL,
        "$.witness.down": ALL,
        "$.gate.approved": True,
    }
    return {**known, **{f"$.{key.replace('__', '.')}": value for key, value in more.items()}}


def objective(platform: Platform, measurement: str) -> float | None:
    """The strictest objective, in seconds, among the SLOs whose drill measures something of this name."""
    path = "spec.indicator.spec.thresholdMetric.metricSource.spec.measurement"
    values = [
        one.number("spec.objectives.0.value") for one in platform.all("SLO") if one.text(path).startswith(measurement)
    ]
    return min((one for one in values if one is not None), default=None)

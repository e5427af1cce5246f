"""Executes a Step Functions definition step by step, each task bound to something that really does it.

Declared times (waits, intervals between attempts, time-outs) are multiplied by the run's scale; a task's own time is
what it is, so that its time-out never falls below what a call on this machine may take.
Source: https://states-language.net/spec.html
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as NoAnswer
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from meshproof.components.state_data import decides, filled, put_at
from meshproof.errors import TargetError

#: A task that is bound to a program of this machine is never given up before this, whatever the scale.
SHORTEST_TIMEOUT_S: Final = 2.0
_MOST_STEPS: Final = 500
State = Mapping[str, Any]
#: Does one task: resource, parameters, and the error's name in Step Functions where it fails.
Perform = Callable[[str, Mapping[str, Any]], Any]


class TaskFailed(Exception):
    """A task ended with an error that has a name in the definition's Retry and Catch."""

    def __init__(self, name: str, cause: str) -> None:
        """Keep both."""
        super().__init__(f"{name}: {cause}")
        self.name, self.cause = name, cause


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One state that was entered; instants are in nanoseconds on the monotonic clock."""

    name: str
    entered_at_ns: int
    left_at_ns: int
    attempts: int = 1
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """How an execution ended: `status` as Step Functions calls it, `last` is the state it ended in."""

    status: str
    last: str
    steps: tuple[Step, ...]
    error: str = ""

    def step(self, name: str) -> Step | None:
        """The last time that a state was entered."""
        return next((one for one in reversed(self.steps) if one.name == name), None)


@dataclass(slots=True, kw_only=True)
class StateMachine:
    """A definition and what does its tasks. `stopped`, once set, ends an execution at its next wait."""

    definition: State
    perform: Perform
    scale: float
    stopped: threading.Event = field(default_factory=threading.Event)

    def execute(self, given: Mapping[str, Any], *, execution_id: str) -> Execution:
        """Run to the end. Raises TargetError for a definition that leads nowhere or goes in circles."""
        run = _Run(self, dict(given), execution_id)
        name = str(self.definition["StartAt"])
        states: Mapping[str, State] = self.definition["States"]
        while len(run.steps) < _MOST_STEPS:
            if name not in states:
                message = f"the state machine leads to {name!r}, which is no state of it"
                raise TargetError(message)
            following = run.enter(name, states[name])
            if following is None:
                last = states[name]
                status = "FAILED" if last["Type"] == "Fail" else "SUCCEEDED"
                error = str(last.get("Error", ""))
                return Execution(status=status, last=name, steps=tuple(run.steps), error=error)
            if self.stopped.is_set():
                return Execution(status="ABORTED", last=name, steps=tuple(run.steps))
            name = following
        message = f"the state machine has not ended after {_MOST_STEPS} states; the last was {name}"
        raise TargetError(message)


class _Run:
    def __init__(self, machine: StateMachine, data: dict[str, Any], execution_id: str) -> None:
        self.machine, self.data = machine, data
        self.steps: list[Step] = []
        self._id = execution_id

    def enter(self, name: str, state: State) -> str | None:
        """Do one state; returns the next one, None where the execution ends."""
        began_ns, self._entered = time.monotonic_ns(), datetime.now(UTC).isoformat()
        self._attempts, self._error = 1, ""
        following = self._do(name, state)
        self.steps.append(
            Step(
                name=name,
                entered_at_ns=began_ns,
                left_at_ns=time.monotonic_ns(),
                attempts=self._attempts,
                error=self._error,
            )
        )
        return following

    def _do(self, name: str, state: State) -> str | None:
        match state["Type"]:
            case "Succeed" | "Fail":
                return None
            case "Choice":
                chosen = next((one["Next"] for one in state["Choices"] if decides(one, self.data)), None)
                return str(chosen or state["Default"])
            case "Wait":
                self.machine.stopped.wait(float(state["Seconds"]) * self.machine.scale)
            case "Pass":
                put_at(self.data, state.get("ResultPath", "$"), state.get("Result"))
            case "Task":
                return self._task(name, state)
            case kind:
                message = f"{name}: a state of type {kind} is not executed here"
                raise TargetError(message)
        return str(state["Next"])

    def _task(self, name: str, state: State) -> str:
        spent: dict[int, int] = {}
        while True:
            try:
                answer = self._attempt(name, state)
            except TaskFailed as error:
                self._error = str(error)
                pause_s = self._retry(state, error, spent)
                if pause_s is None or self.machine.stopped.wait(pause_s * self.machine.scale):
                    return self._caught(state, error)
                self._attempts += 1
                continue
            if "ResultSelector" in state:
                answer = filled(state["ResultSelector"], answer, {})
            if state.get("ResultPath", "$") is not None:
                put_at(self.data, state.get("ResultPath", "$"), answer)
            return str(state["Next"])

    def _attempt(self, name: str, state: State) -> Any:
        context = {
            "Execution": {"Id": self._id},
            "State": {"Name": name, "EnteredTime": self._entered},
            "Task": {"Token": f"{self._id}/{name}"},
        }
        parameters = filled(state.get("Parameters", {}), self.data, context)
        within_s = max(SHORTEST_TIMEOUT_S, float(state.get("TimeoutSeconds", 60)) * self.machine.scale)
        pool = ThreadPoolExecutor(max_workers=1)
        try:
            return pool.submit(self.machine.perform, str(state["Resource"]), parameters).result(within_s)
        except NoAnswer as error:
            cause = f"no answer within {within_s:g} s"
            raise TaskFailed(name="States.Timeout", cause=cause) from error
        finally:
            pool.shutdown(wait=False)

    def _retry(self, state: State, error: TaskFailed, spent: dict[int, int]) -> float | None:
        """Declared seconds until the next attempt, None where there is none. Jitter is left out: the worst case."""
        for number, rule in enumerate(state.get("Retry", ())):
            if _covers(rule["ErrorEquals"], error.name):
                used = spent.get(number, 0)
                if used >= int(rule.get("MaxAttempts", 3)):
                    return None
                spent[number] = used + 1
                pause = float(rule.get("IntervalSeconds", 1)) * float(rule.get("BackoffRate", 2.0)) ** used
                return min(pause, float(rule.get("MaxDelaySeconds", pause)))
        return None

    def _caught(self, state: State, error: TaskFailed) -> str:
        for rule in state.get("Catch", ()):
            if _covers(rule["ErrorEquals"], error.name):
                put_at(self.data, rule.get("ResultPath", "$"), {"Error": error.name, "Cause": error.cause})
                return str(rule["Next"])
        message = f"the state machine catches no {error.name}: {error.cause}"
        raise TargetError(message)


def _covers(names: Sequence[str], name: str) -> bool:
    return name in names or "States.ALL" in names

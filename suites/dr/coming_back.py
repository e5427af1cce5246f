"""Whether a shop that lost its site is there again, as the checks of one drill and of many ask it."""

from __future__ import annotations

from fixtures.drill.clients import SILENT_WITHIN_S
from fixtures.drill.metronome import require_in_time
from fixtures.drill.site_loss import Drill


def why_not_back(drill: Drill) -> str | None:
    """Why no window came in which every write of every client was acknowledged; None where one did.

    Raises ProbeError where the machine stood still for as long as the least patient client waits for an answer.
    """
    recovery = drill.recovery
    if recovery.never:
        return f"clients of the classes {', '.join(recovery.never)} never wrote again; {ending(drill)}"
    if recovery.in_objective_s is not None:
        return None
    said = f"no whole minute without a failed write came; the last failed {recovery.spoilt}; {ending(drill)}"
    require_in_time(drill.stalled_s, SILENT_WITHIN_S, said)
    return said


def ending(drill: Drill) -> str:
    """How the runbook ended, in words."""
    if drill.execution is None:
        return "the runbook was not started or has not ended"
    asked = f", having asked: {drill.asked[-1]}" if drill.asked else ""
    return f"the runbook ended in {drill.execution.last}{asked}"

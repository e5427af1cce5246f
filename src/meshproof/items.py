"""What a pytest item is to us: the check of a control, as built or against a mutant, in one environment."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from meshproof.control import Control, control_of, place_of
from meshproof.mutant import Mutant
from meshproof.result import CheckResult
from meshproof.settings import Settings
from meshproof.targets import is_available


def control_in(item: pytest.Item) -> Control | None:
    """The control that the item decides, None for a plain test."""
    return control_of(item.function) if isinstance(item, pytest.Function) else None


def mutant_in(item: pytest.Function) -> Mutant | None:
    """What the item breaks, None where it judges the declaration as built."""
    callspec = getattr(item, "callspec", None)
    found = callspec.params.get("mutant") if callspec is not None else None
    return found if isinstance(found, Mutant) else None


def named(item: pytest.Function, result: CheckResult) -> CheckResult:
    """The result with the environment it belongs to, where a run judges several."""
    callspec = getattr(item, "callspec", None)
    name = callspec.params.get("environment") if callspec is not None else None
    return result if name is None else result.of_environment(str(name))


def controls_of(items: Sequence[pytest.Item], root: Path) -> tuple[dict[str, Control], dict[str, str]]:
    """Every control by id, and the file that decides it. Raises UsageError where two share an id."""
    found: dict[str, tuple[Control, str]] = {}
    for item in items:
        control = control_in(item)
        if control is None or not isinstance(item, pytest.Function):
            continue
        here = "{}:{}".format(*place_of(item.function, root))
        other = found.setdefault(control.id, (control, here))
        if other[0] is not control:
            message = f"{here}: control id {control.id} is already used at {other[1]}; choose a free id"
            raise pytest.UsageError(message)
    files = {key: place.rpartition(":")[0] for key, (_, place) in found.items()}
    return {key: control for key, (control, _) in found.items()}, files


def state_of(control: Control, settings: Settings) -> str:
    """Whether a control is decided in this run, and if not, why."""
    if not any(is_available(target, settings) for target in control.targets):
        return "not_on_this_target"
    return "selected" if control.tier in ("gate", settings.tier) else "not_selected"


def row_of(control: Control) -> dict[str, object]:
    """The control as the recorder knows it (`Recorder.know`), in plain values: it crosses to the controller."""
    return {
        "id": control.id,
        "title": control.title,
        "level": control.level.value,
        "system": control.system,
        "pillar": control.pillar.value,
        "source": control.source,
        "remedy": control.remedy,
        "frameworks": dict(control.frameworks),
        "mutants": [mutant.name for mutant in control.mutants],
        "tier": control.tier,
    }


def last_line_in(path: Path, error: BaseException) -> str:
    """The line of a suite's file that an error came through last, as `file:line`."""
    traceback, line = error.__traceback__, 0
    while traceback is not None:
        if Path(traceback.tb_frame.f_code.co_filename) == path:
            line = traceback.tb_lineno
        traceback = traceback.tb_next
    return f"{path.name}:{line}"

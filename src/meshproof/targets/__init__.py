"""Targets: incarnations of the declaration that can be looked at."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Final

from meshproof.errors import UsageError
from meshproof.settings import Settings
from meshproof.toolchain.needs import readiness

if TYPE_CHECKING:
    from meshproof.targets.protocols import Target

#: Where each target is that this version of the engine has, the strongest last: a module's TARGET, as `Target` has it.
BUILT: Final[Mapping[str, str]] = {
    "plan": "meshproof.targets.plan_target",
    "embedded": "meshproof.targets.embedded.target",
    "kind": "meshproof.targets.kind.target",
    "live": "meshproof.targets.live.target",
}
#: Under this key a worker of pytest-xdist is told the target that its controller chose.
CHOSEN: Final = "meshproof-chosen-target"


def chosen_target(settings: Settings) -> str:
    """The target of a run: the one asked for, else the best that is here."""
    return settings.target if settings.target != "auto" else _best()


def is_available(target: str, settings: Settings) -> bool:
    """Whether checks that need `target` can run in this run."""
    return target == chosen_target(settings)


def target_named(name: str) -> Target:
    """The target of that name; only a run on it pays for its modules. Raises UsageError for one that is not here."""
    if name not in BUILT:
        message = f"--target {name}: not in this version of the engine; it has {', '.join(BUILT)}"
        raise UsageError(message)
    found: Target = import_module(BUILT[name]).TARGET
    return found


@cache
def _best() -> str:
    return "embedded" if readiness("embedded").ready else "plan"

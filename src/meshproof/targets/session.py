"""What one run of pytest holds of its target: a place that its workers share, from the first check to the last."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from meshproof.errors import MeshproofError
from meshproof.settings import Settings
from meshproof.targets import CHOSEN, chosen_target, target_named

if TYPE_CHECKING:
    from meshproof.targets.protocols import Hold


class HeldTarget:
    """A plugin of the run's controller: nothing starts before a check asks for it."""

    def __init__(self, settings: Settings) -> None:
        """Nothing is held yet. Raises UsageError for a target that this version does not have."""
        self._settings = settings
        self._target = target_named(chosen_target(settings))
        self._hold: Hold | None = None

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self, session: pytest.Session) -> None:
        """Hold a place before workers start."""
        if session.config.getoption("collectonly"):
            return
        try:
            self._hold = self._target.reserve(self._settings)
        except MeshproofError as error:
            raise pytest.UsageError(str(error)) from error

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: object) -> None:
        """A worker is on the same target: to choose one, every program is held to its digest, gigabytes of them."""
        node.workerinput[CHOSEN] = chosen_target(self._settings)  # type: ignore[attr-defined]  # xdist's channel

    @pytest.hookimpl(trylast=True)
    def pytest_unconfigure(self) -> None:
        """Let go of it."""
        if self._hold is not None:
            self._hold.release()

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say how a kept target is reached and stopped."""
        lines = self._hold.kept() if self._hold is not None else ()
        if lines:
            terminalreporter.section("kept target")
        for line in lines:
            terminalreporter.write_line(line)

"""What one run of pytest holds of its target: a place that its workers share, from the first check to the last."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from meshproof.errors import MeshproofError
from meshproof.process import mark_children
from meshproof.settings import Settings
from meshproof.targets import chosen_target

if TYPE_CHECKING:
    from meshproof.targets.embedded.lease import Lease


class HeldTarget:
    """A plugin of the run's controller: workers find the place in their environment; nothing starts before a check."""

    def __init__(self, settings: Settings) -> None:
        """Nothing is held yet."""
        self._settings = settings
        self._lease: Lease | None = None

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self, session: pytest.Session) -> None:
        """Hold a place before workers start."""
        if session.config.getoption("collectonly") or chosen_target(self._settings) != "embedded":
            return
        from meshproof.targets.embedded.lease import reserve  # noqa: PLC0415 - only a run on this target pays for it

        try:
            self._lease = reserve(keep=self._settings.keep)
            mark_children()
        except MeshproofError as error:
            raise pytest.UsageError(str(error)) from error

    @pytest.hookimpl(trylast=True)
    def pytest_unconfigure(self) -> None:
        """Let go: the last holder's end is the target's, unless it is kept."""
        if self._lease is not None:
            from meshproof.targets.embedded.lease import discard  # noqa: PLC0415

            discard(self._lease)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say how a kept target is reached and stopped."""
        if self._lease is None or not self._settings.keep:
            return
        from meshproof.targets.embedded.running import described, running  # noqa: PLC0415

        for one in running():
            if one.directory == self._lease.directory and one.state is not None:
                terminalreporter.section("kept target")
                for line in described(one.state):
                    terminalreporter.write_line(line)

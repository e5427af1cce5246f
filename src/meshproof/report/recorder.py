"""The record of a run while it goes on, on the process that reports."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import pytest

from meshproof.exemption import Exemption
from meshproof.report.assemble import Assembly
from meshproof.report.directory import ReportDirectory
from meshproof.report.facts import RunFacts
from meshproof.report.terminal import show_run
from meshproof.report.verdicts import Known, Seen
from meshproof.selection import Selection
from meshproof.settings import Settings
from meshproof.systems import read_systems


class Recorder:
    """Collects what checks found and ends the run: files, exit status, terminal."""

    def __init__(self, settings: Settings, *, target: str, exemptions: Sequence[Exemption]) -> None:
        """Check everything that must be right before the first check runs; raises UsageError where it is not."""
        self.settings = settings
        self.target = target
        self.problem = ""
        self.notes: list[Mapping[str, str]] = []
        self.drills: list[Mapping[str, object]] = []
        self.started = datetime.now(UTC)
        self._began = time.monotonic()
        self._known: dict[str, Known] = {}
        self._seen: list[Seen] = []
        self._broke: list[str] = []
        self._usage = False
        self._generated: list[Mapping[str, object]] = []
        self.directory = ReportDirectory(settings, self.started)
        self.systems = read_systems(settings.root / settings.suites / "systems.toml")
        self.exemptions = exemptions
        self.assembly: Assembly | None = None

    @property
    def has_controls(self) -> bool:
        """Whether this run decides any control at all."""
        return bool(self._known)

    def know(self, *, state: str, **row: object) -> None:
        """A control of the catalogue, and whether it was selected."""
        known = Known.model_validate({**row, "state": state})
        before = self._known.get(known.id)
        if before is None or before.state != "selected":
            self._known[known.id] = known

    def take(self, report: pytest.TestReport, found: object) -> None:
        """One phase of one test."""
        if report.failed and report.when != "call":
            self._broke.append(f"{report.nodeid}: {_last_line(report)}")
        if report.when != "call" and not (report.when == "setup" and report.skipped):
            return
        if isinstance(found, Mapping):
            if "generated" in found or "replanned" in found:
                self._generated.append(found)
                if says := str(found.get("unseen", "")):
                    self.notes.append({"subject": "mutants in HCL", "where": "", "says": says})
                if report.failed:
                    self._broke.append(f"{report.nodeid}: {_last_line(report)}")
            else:
                self._seen.append(Seen(nodeid=report.nodeid, seconds=report.duration, result=dict(found)))
        elif report.failed and not self._is_plain(report):
            self._broke.append(f"{report.nodeid}: {_last_line(report)}")

    def collection_failed(self, *, usage: bool) -> None:
        """A file of the suite could not be collected."""
        self._usage = self._usage or usage
        self._broke.append("a file of the suite could not be collected")

    def refuse(self, says: str) -> None:
        """The suite is not usable as it stands: one sentence, whatever else was found."""
        self._usage, self.problem = True, says

    def plain_status(self, exitstatus: int) -> int:
        """The exit status of a run that holds no control."""
        return 4 if self._usage else exitstatus

    @property
    def catalogue(self) -> list[dict[str, object]]:
        """Every control that was collected, in order of id."""
        return [known.model_dump(exclude={"state"}) for _, known in sorted(self._known.items())]

    def finish(self, exitstatus: int, facts: RunFacts, selection: Selection) -> int:
        """Write the report and say how the run ended: the exit status."""
        self.assembly = Assembly(
            settings=self.settings,
            target=self.target,
            selection=selection,
            started=self.started,
            seconds=time.monotonic() - self._began,
            facts=facts,
            known=self._known,
            seen=self._seen,
            broke=self._broke,
            generated=self._generated,
            systems=self.systems,
            exemptions=self.exemptions,
            drills=self.drills,
            interrupted=exitstatus == int(pytest.ExitCode.INTERRUPTED) and not self._broke,
        )
        evidence = self.assembly.evidence()
        run = self.assembly.run()
        self.directory.write(run, evidence)
        self.run = run
        if self._usage or self.assembly.usage_problems:
            return 4
        if exitstatus == int(pytest.ExitCode.INTERRUPTED) and not self._broke:
            return 2
        return self.assembly.exit_status(exitstatus)

    def show(self, reporter: pytest.TerminalReporter) -> None:
        """The summary, or the one sentence that says why there is none."""
        if self.problem:
            reporter.write_line(f"meshproof: {self.problem}", red=True)
        if self.assembly is not None and not self.problem:
            show_run(reporter, self.assembly, self.directory)

    def _is_plain(self, report: pytest.TestReport) -> bool:
        """A test without a control (the engine's own) fails the ordinary way."""
        return "generated-mutants" not in report.nodeid


def _last_line(report: pytest.TestReport) -> str:
    return (report.longreprtext.strip().splitlines() or ["no message"])[-1]

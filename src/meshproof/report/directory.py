"""The directory of a report: written beside its place and moved there whole, or not at all."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from meshproof.errors import UsageError
from meshproof.report.formats import render_all
from meshproof.report.model import Run
from meshproof.settings import Settings


class ReportDirectory:
    """Where one run's report goes; raises UsageError at once where it cannot be written."""

    def __init__(self, settings: Settings, started: datetime) -> None:
        """Choose the directory: the one asked for, else `reports/runs/<UTC time>-<id>`."""
        stamp = started.strftime("%Y%m%dT%H%M%SZ")
        self._chosen = settings.report_dir
        parent = settings.root / "reports" / "runs"
        self.path = (
            (settings.root / settings.report_dir)
            if settings.report_dir
            else parent / f"{stamp}-{os.getpid():x}{started.microsecond:05x}"
        )
        self.digest = ""

    def prepare(self) -> None:
        """Make sure that the report can be written, before anything runs."""
        parent = self.path.parent
        if not _may_go(self.path):
            message = f"{self.path}: holds something else than a report and is left alone; choose another --report-dir"
            raise UsageError(message)
        try:
            parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=parent):
                pass
        except OSError as error:
            message = f"{parent}: the report cannot be written there: {error.strerror}; choose another --report-dir"
            raise UsageError(message) from error

    def write(self, run: Run, evidence: Mapping[str, bytes]) -> None:
        """Write every format and SHA256SUMS; nothing half-written stays behind."""
        partial: Path | None = None
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            partial = Path(tempfile.mkdtemp(prefix=".partial-", dir=self.path.parent))
            files = render_all(run, evidence)
            for name, body in files.items():
                target = partial / name
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(body)
            sums = "".join(f"{hashlib.sha256(body).hexdigest()}  {name}\n" for name, body in sorted(files.items()))
            (partial / "SHA256SUMS").write_text(sums, encoding="utf-8")
            self.digest = hashlib.sha256(sums.encode()).hexdigest()
            self._move(partial)
        except OSError as error:
            message = (
                f"{self.path}: the report could not be written: {error.strerror}; free space or choose --report-dir"
            )
            raise UsageError(message) from error
        finally:
            if partial is not None:
                shutil.rmtree(partial, ignore_errors=True)

    def _move(self, partial: Path) -> None:
        partial.chmod(0o755)
        if not _may_go(self.path):
            message = f"{self.path}: came to hold something else than a report while it was written, and is left alone"
            raise UsageError(message)
        before = partial.with_name(f"{partial.name}.before")
        if self.path.exists():
            self.path.rename(before)
        partial.rename(self.path)
        shutil.rmtree(before, ignore_errors=True)
        if self._chosen is None:
            latest = self.path.parent / f".latest-{os.getpid()}"
            latest.symlink_to(self.path.name)
            latest.replace(self.path.parent / "latest")


def _may_go(path: Path) -> bool:
    """Whether a new report may take this place: nothing is there, nothing is in it, or an older report is."""
    if not path.exists():
        return True
    return path.is_dir() and (
        not any(path.iterdir()) or {"run.json", "SHA256SUMS"} <= {one.name for one in path.iterdir()}
    )

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
        try:
            parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=parent):
                pass
        except OSError as error:
            message = f"{parent}: the report cannot be written there: {error.strerror}; choose another --report-dir"
            raise UsageError(message) from error

    def write(self, run: Run, evidence: Mapping[str, bytes]) -> None:
        """Write every format and SHA256SUMS; nothing half-written stays behind."""
        parent = self.path.parent
        parent.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(prefix=".partial-", dir=parent))
        try:
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
            shutil.rmtree(partial, ignore_errors=True)

    def _move(self, partial: Path) -> None:
        partial.chmod(0o755)
        if self.path.exists():
            shutil.rmtree(self.path)
        partial.rename(self.path)
        if self._chosen is None:
            latest = self.path.parent / f".latest-{os.getpid()}"
            latest.symlink_to(self.path.name)
            latest.replace(self.path.parent / "latest")

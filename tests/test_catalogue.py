"""What is generated from the code is current: the catalogue of controls and the tables of the modules."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from rich.console import Console

from meshproof.commands.tables import write_tables
from meshproof.process import run

ROOT = Path(__file__).parents[1]


def test_the_catalogue_is_current(tmp_path: Path) -> None:
    """`suites/CONTROLS.md` is what collecting the suites writes."""
    page = tmp_path / "CONTROLS.md"

    done = run(
        [sys.executable, "-m", "pytest", "suites", "--co", "-q", "-p", "no:cacheprovider", "--catalogue", str(page)],
        cwd=ROOT,
        within_s=120,
    )

    assert done.returncode == 0, done.stdout[-2000:]
    assert (ROOT / "suites" / "CONTROLS.md").read_text() == page.read_text()


def test_the_modules_tables_are_current(capsys: pytest.CaptureFixture[str]) -> None:
    """The README of each Terraform module lists its variables and outputs."""
    status = write_tables(ROOT / "infra", check=True, out=Console())

    assert status == 0, capsys.readouterr().out


def test_there_are_enough_controls_for_every_system() -> None:
    """Every system has three controls at least, and many of them relate two or more kinds of object."""
    page = (ROOT / "suites" / "CONTROLS.md").read_text()
    sections = page.split("\n## ")[1:]

    assert {
        section.partition("\n")[0]: section.count("\n| ") - 2 for section in sections if section.count("\n| ") < 5
    } == {}
    assert len(sections) == 29

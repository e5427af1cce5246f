"""The formats of a report: one line each. A renderer takes the run and gives the file's bytes."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module

from meshproof.report.model import Run

#: File name → module that renders it; imported only when a report is written.
FORMATS: Mapping[str, str] = {
    "report.html": "meshproof.report.html",
    "report.md": "meshproof.report.markdown",
    "junit.xml": "meshproof.report.junit",
    "results.sarif": "meshproof.report.sarif",
    "assessment-results.json": "meshproof.report.oscal",
}


def run_text(run: Run) -> str:
    """`run.json` as text."""
    return run.model_dump_json(by_alias=True, indent=1) + "\n"


def render_all(run: Run, evidence: Mapping[str, bytes]) -> dict[str, bytes]:
    """Every file of the report by name; the in-toto statement's subject is run.json and the evidence."""
    files = {"run.json": run_text(run).encode(), **evidence}
    for name, module in FORMATS.items():
        files[name] = import_module(module).render(run)
    statement = import_module("meshproof.report.intoto").render(run, files)
    return files | {"test-result.intoto.json": statement}

"""JUnit XML: one case for each control, and nothing that was not seen looks passed."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import get_args

import pytest

from meshproof.report import junit, model
from tests.report.sample import sample_run


def test_one_case_for_each_control() -> None:
    """Cases, their suites and the counted outcomes agree with the run."""
    run = sample_run()

    whole = ET.fromstring(junit.render(run))  # noqa: S314 - our own

    cases = whole.findall("testsuite/testcase")
    assert sorted(str(case.get("name")).split()[0] for case in cases) == sorted(one.id for one in run.controls)
    assert all(suite.get("name") == case.get("classname") for suite in whole for case in suite.findall("testcase"))
    for tag, name in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
        assert whole.get(name) == str(sum(case.find(tag) is not None for case in cases))
    assert whole.get("failures") == str(run.summary.fail)


@pytest.mark.parametrize("verdict", get_args(model.VerdictText))
@pytest.mark.parametrize("level", ["MUST", "SHOULD"])
def test_only_a_pass_is_plain(verdict: str, level: str) -> None:
    """A pass has no outcome element; a fail is a failure, an unseen MUST an error, the others are skipped."""
    case = _case(verdict=verdict, level=level)
    found = [tag for tag in ("failure", "error", "skipped") if case.find(tag) is not None]

    unseen = ["error"] if level == "MUST" else ["skipped"]
    assert found == {"pass": [], "fail": ["failure"], "unknown": unseen}.get(verdict, ["skipped"])


def test_a_check_that_broke_is_an_error() -> None:
    """An error of the suite is not a failure of the platform."""
    check = model.CheckRun(nodeid="x", seconds=0.1, outcome="error")

    case = _case(verdict="unknown", level="SHOULD", checks=[check])

    assert case.find("error") is not None


def test_replaces_what_xml_cannot_hold() -> None:
    """Control characters of a program's output do not break the file; markup in it is text."""
    case = _case(verdict="fail", reason="\x1b[31mred\x00\x0b <b>&amp; \ufffe end", where=[])

    failure = case.find("failure")
    assert failure is not None
    assert str(failure.text).startswith("\ufffd[31mred\ufffd\ufffd <b>&amp; \ufffd end")


def test_says_where_and_what_to_do() -> None:
    """A failure carries its places and the remedy; its case the first place."""
    where = model.Where(file="infra/main.tf", line=7, address="a.b", says="is open")

    case = _case(verdict="fail", where=[where])

    failure = case.find("failure")
    assert failure is not None
    assert "infra/main.tf:7  a.b: is open" in str(failure.text)
    assert "remedy: " in str(failure.text)
    assert (case.get("file"), case.get("line")) == ("infra/main.tf", "7")


def _case(**update: object) -> ET.Element:
    run = sample_run(controls=1, mutants=0)
    control = run.controls[0].model_copy(update=update)
    whole = ET.fromstring(junit.render(run.model_copy(update={"controls": [control]})))  # noqa: S314 - our own
    case = whole.find("testsuite/testcase")
    assert case is not None
    return case

"""JUnit XML: one test case for each control, one suite for each system.

fail is a failure; a check that broke, and a MUST that could not be seen (exit status 6), is an error; what else was
not seen to hold is skipped, with its verdict and reason, so that no reader takes it for a pass.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Mapping

from meshproof.report import words
from meshproof.report.model import ControlRun, Run

#: What XML 1.0 cannot hold. Source: https://www.w3.org/TR/xml/#charsets
_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def render(run: Run) -> bytes:
    """The test suites as UTF-8."""
    suites = [_suite(run, row.id, row.title) for row in run.systems]
    known = {row.id for row in run.systems}
    suites += [
        _suite(run, name, name) for name in dict.fromkeys(one.system for one in run.controls if one.system not in known)
    ]
    whole = _element("testsuites", name="meshproof", **_numbers(suites))
    whole.set("time", f"{run.seconds:.3f}")
    whole.extend(suites)
    ET.indent(whole)
    body: bytes = ET.tostring(whole, encoding="utf-8")
    return b'<?xml version="1.0" encoding="utf-8"?>\n' + body + b"\n"


def _suite(run: Run, name: str, title: str) -> ET.Element:
    cases = [_case(one) for one in run.controls if one.system == name]
    suite = _element(
        "testsuite",
        name=name,
        tests=str(len(cases)),
        failures=_count(cases, "failure"),
        errors=_count(cases, "error"),
        skipped=_count(cases, "skipped"),
        time=f"{sum(float(case.get('time', '0')) for case in cases):.3f}",
        timestamp=run.started.strftime("%Y-%m-%dT%H:%M:%S"),
    )
    suite.append(
        _properties(
            {
                "title": title,
                "target": run.target,
                "environment": run.selection.environment,
                "part": run.selection.part,
                "platform_version": run.platform_version,
                "infra_digest": run.infra_digest,
                "complete": str(run.complete).lower(),
            }
        )
    )
    suite.extend(cases)
    return suite


def _case(control: ControlRun) -> ET.Element:
    seconds = sum(check.seconds for check in control.checks)
    case = _element("testcase", classname=control.system, name=f"{control.id} {control.title}", time=f"{seconds:.3f}")
    if control.where and control.where[0].file:
        case.set("file", _legal(control.where[0].file))
        if control.where[0].line:
            case.set("line", str(control.where[0].line))
    case.append(
        _properties(
            {
                "level": control.level,
                "verdict": control.verdict,
                "assurance": control.assurance or "",
                "fidelity": control.fidelity or "",
                "pillar": control.pillar,
                "source": control.source,
                **control.frameworks,
            }
        )
    )
    if (tag := _tag(control)) is not None:
        case.append(_outcome(tag, control))
    return case


def _tag(control: ControlRun) -> str | None:
    if any(check.outcome == "error" for check in control.checks):
        return "error"
    if control.verdict == "unknown":
        return "error" if control.level == "MUST" else "skipped"
    return {"pass": None, "fail": "failure"}.get(control.verdict, "skipped")


def _outcome(tag: str, control: ControlRun) -> ET.Element:
    first = (control.reason.splitlines() or [""])[0]
    word = words.VERDICTS[control.verdict]
    element = _element(tag, message=f"{word}: {first}" if first else word, type=word)
    places = [f"{one.file}:{one.line or '-'}  {one.address}: {one.says}" for one in control.where]
    element.text = _legal("\n".join([*places, control.reason, f"remedy: {control.remedy}"]))
    return element


def _properties(values: Mapping[str, str]) -> ET.Element:
    holder = ET.Element("properties")
    holder.extend(_element("property", name=name, value=value) for name, value in values.items() if value)
    return holder


def _element(tag: str, **attributes: str) -> ET.Element:
    return ET.Element(tag, {name: _legal(value) for name, value in attributes.items()})


def _legal(text: str) -> str:
    return _ILLEGAL.sub(_REPLACEMENT, text)


def _count(cases: Iterable[ET.Element], tag: str) -> str:
    return str(sum(case.find(tag) is not None for case in cases))


def _numbers(suites: Iterable[ET.Element]) -> dict[str, str]:
    names = ("tests", "failures", "errors", "skipped")
    return {name: str(sum(int(suite.get(name, "0")) for suite in suites)) for name in names}

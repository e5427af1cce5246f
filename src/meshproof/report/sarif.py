"""SARIF 2.1.0: a rule for each control, a result for each place that breaks it.

What could not be seen is a result of kind `open`, what is exempt is a suppressed one. A result's level is `none`
unless its kind is `fail`. Source: SARIF 2.1.0 §3.27.10.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from meshproof.report import words
from meshproof.report.model import ControlRun, Run, Where

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

_LEVELS = {"MUST": "error", "SHOULD": "warning", "MAY": "note"}
_ROOT = "SRCROOT"
_NOWHERE = Where(file="", line=None, address="", says="")


def render(run: Run) -> bytes:
    """The log as UTF-8."""
    excuses = {one.control: f"{one.reason} ({one.owner}, until {one.expires})" for one in run.exemptions}
    results = [
        result
        for index, control in enumerate(run.controls)
        for result in _results(index, control, excuses.get(control.id, ""))
    ]
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [_run(run, results)]}
    return (json.dumps(log, indent=1, ensure_ascii=False) + "\n").encode()


def _run(run: Run, results: list[dict[str, object]]) -> dict[str, object]:
    driver = {
        "name": "Meshproof",
        "version": run.tool.version,
        "rules": [_rule(control) for control in run.controls],
    }
    return {
        "tool": {"driver": driver},
        "automationDetails": {"id": f"meshproof/{run.selection.environment}/{run.target}/"},
        "invocations": [_invocation(run)],
        "originalUriBaseIds": {_ROOT: {"description": {"text": "The root of the repository that was judged."}}},
        "columnKind": "utf16CodeUnits",
        "results": results,
        "properties": {
            "infraDigest": run.infra_digest,
            "suiteDigest": run.tool.suite_digest,
            "platformVersion": run.platform_version,
        },
    }


def _invocation(run: Run) -> dict[str, object]:
    notes = [
        {"level": "note", "message": {"text": f"{one.subject}: {one.where}: {one.says}".replace(": : ", ": ")}}
        for one in run.notes
    ]
    return {
        "executionSuccessful": run.complete,
        "startTimeUtc": _utc(run.started),
        "endTimeUtc": _utc(run.started + timedelta(seconds=run.seconds)),
        "toolExecutionNotifications": notes,
    }


def _rule(control: ControlRun) -> dict[str, object]:
    tags = [control.system, control.pillar, *(f"{name}: {text}" for name, text in control.frameworks.items())]
    rule: dict[str, object] = {
        "id": control.id,
        "shortDescription": {"text": control.title},
        "help": {"text": control.remedy},
        "defaultConfiguration": {"level": _LEVELS.get(control.level, "warning")},
        "properties": {"tags": list(dict.fromkeys(tags)), "level": control.level},
    }
    if control.source.startswith(("https://", "http://")):
        rule["helpUri"] = quote(control.source, safe="%/:=&?~#+!$,;'@()*[]")
    return rule


def _results(index: int, control: ControlRun, excuse: str) -> Iterator[dict[str, object]]:
    kinds = {"fail": "fail", "exempt": "fail"} | ({"unknown": "open"} if control.level == "MUST" else {})
    if (kind := kinds.get(control.verdict)) is None:
        return
    seen: dict[tuple[str, str], int] = {}
    for where in control.where or [_NOWHERE]:
        place = (where.file, where.address)
        seen[place] = seen.get(place, 0) + 1
        yield _result(index, control, where, kind, seen[place]) | _suppressed(control, excuse)


def _result(index: int, control: ControlRun, where: Where, kind: str, occurrence: int) -> dict[str, object]:
    said = ": ".join(part for part in (where.address, where.says) if part)
    result: dict[str, object] = {
        "ruleId": control.id,
        "ruleIndex": index,
        "kind": kind,
        "level": "error" if kind == "fail" else "none",
        "message": {"text": said or control.reason or words.VERDICTS[control.verdict]},
        "partialFingerprints": {"meshproof/v1": _fingerprint(control.id, where, occurrence)},
        "properties": {"verdict": control.verdict, "assurance": control.assurance, "fidelity": control.fidelity},
    }
    if location := _location(where):
        result["locations"] = [location]
    return result


def _suppressed(control: ControlRun, excuse: str) -> dict[str, object]:
    if control.verdict != "exempt":
        return {}
    return {"suppressions": [{"kind": "external", "status": "accepted", "justification": excuse or "exempt"}]}


def _location(where: Where) -> dict[str, object]:
    location: dict[str, object] = {}
    if where.file:
        artifact = {"uri": quote(where.file)} | ({} if where.file.startswith("/") else {"uriBaseId": _ROOT})
        location["physicalLocation"] = {"artifactLocation": artifact}
        if where.line:
            location["physicalLocation"] = {"artifactLocation": artifact, "region": {"startLine": where.line}}
    if where.address:
        location["logicalLocations"] = [{"fullyQualifiedName": where.address, "kind": "resource"}]
    return location


def _fingerprint(control: str, where: Where, occurrence: int) -> str:
    """What stays the same when lines move and words are edited."""
    identity = json.dumps([control, where.file, where.address, occurrence])
    return hashlib.sha256(identity.encode()).hexdigest()


def _utc(when: datetime) -> str:
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"

"""OSCAL assessment-results: what was reviewed, what was observed with its evidence, and the findings.

A finding's target is only ever `satisfied` or `not-satisfied`: only a pass is satisfied; what is unknown, exempt or
not applicable is not satisfied for the reason `other`, and says which it is in its properties and remarks.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from datetime import timedelta

from meshproof.report import words
from meshproof.report.model import ControlRun, Run

NAMESPACE = "https://meshproof.example/ns/oscal"

_REVIEWED = ("pass", "fail", "unknown", "exempt", "not_applicable")
_REASONS = {"pass": "pass", "fail": "fail"}
_NOT_A_TOKEN = re.compile(r"[^\w.-]+")
#: Places listed in one finding; the others are counted.
_PLACES = 60


def render(run: Run) -> bytes:
    """The document as UTF-8, validated by compliance-trestle's models."""
    from trestle.oscal.assessment_results import AssessmentResults  # noqa: PLC0415 - heavy, only for this format

    document = AssessmentResults.model_validate(_document(run))
    return document.oscal_serialize_json(pretty=True).encode() + b"\n"


def _document(run: Run) -> dict[str, object]:
    from trestle.oscal import OSCAL_VERSION  # noqa: PLC0415 - heavy, only for this format

    return {
        "uuid": _uuid(run, "document"),
        "metadata": {
            "title": f"Meshproof: {run.selection.environment} on target {run.target}",
            "last-modified": run.started.isoformat(),
            "version": _line(run.platform_version) or "none",
            "oscal-version": OSCAL_VERSION,
            "props": _props({"tool-version": run.tool.version, "suite-digest": run.tool.suite_digest}),
        },
        "import-ap": {
            "href": "#",
            "remarks": "There is no separate assessment plan: the catalogue of controls, by its digest, is the plan.",
        },
        "results": [_result(run)],
    }


def _result(run: Run) -> dict[str, object]:
    reviewed = [one for one in run.controls if one.verdict in _REVIEWED]
    result: dict[str, object] = {
        "uuid": _uuid(run, "result"),
        "title": words.headline(run),
        "description": ", ".join(f"{number} {word}" for word, number in words.counts(run.summary)),
        "start": run.started.isoformat(),
        "props": _props(
            {
                "complete": str(run.complete).lower(),
                "infra-digest": run.infra_digest,
                "catalogue-digest": run.tool.catalogue_digest,
                "tier": run.tier,
            }
        ),
        "reviewed-controls": _reviewed(run, reviewed),
    }
    if run.complete:
        result["end"] = (run.started + timedelta(seconds=run.seconds)).isoformat()
    if reviewed:
        result["observations"] = [_observation(run, one) for one in reviewed]
        result["findings"] = [_finding(run, one) for one in reviewed]
    return result


def _reviewed(run: Run, reviewed: list[ControlRun]) -> dict[str, object]:
    left_out = [one for one in run.controls if one.verdict not in _REVIEWED]
    selection: dict[str, object] = {"include-controls": [{"control-id": one.id} for one in reviewed]}
    if not reviewed:  # the format demands a selection even where nothing was looked at
        return {
            "control-selections": [{"include-controls": [{"control-id": "none"}]}],
            "remarks": "nothing was reviewed",
        }
    if left_out:
        selection["exclude-controls"] = [{"control-id": one.id} for one in left_out]
    return {"control-selections": [selection]}


def _observation(run: Run, control: ControlRun) -> dict[str, object]:
    observation: dict[str, object] = {
        "uuid": _uuid(run, "observation", control.id),
        "title": control.id,
        "description": f"{words.VERDICTS[control.verdict]}: {control.title}",
        "methods": ["TEST"],
        "types": ["control-objective"],
        "collected": run.started.isoformat(),
        "props": _about(control),
    }
    if control.evidence:
        observation["relevant-evidence"] = [
            {"href": one.file, "description": one.evidence_schema or one.file, "props": _props({"sha256": one.sha256})}
            for one in control.evidence
        ]
    return observation


def _finding(run: Run, control: ControlRun) -> dict[str, object]:
    state = "satisfied" if control.verdict == "pass" else "not-satisfied"
    status = {"state": state, "reason": _REASONS.get(control.verdict, "other")}
    if control.reason and control.verdict != "pass":
        status["remarks"] = control.reason
    target: dict[str, object] = {"type": "objective-id", "target-id": control.id, "status": status}
    if control.verdict == "not_applicable":
        target["implementation-status"] = {"state": "not-applicable"}
    finding: dict[str, object] = {
        "uuid": _uuid(run, "finding", control.id),
        "title": _line(control.title) or control.id,
        "description": _said(control),
        "props": _about(control),
        "target": target,
        "related-observations": [{"observation-uuid": _uuid(run, "observation", control.id)}],
        "remarks": f"Remedy: {control.remedy}",
    }
    if control.source.startswith(("https://", "http://")):
        finding["links"] = [{"href": control.source, "rel": "reference"}]
    return finding


def _said(control: ControlRun) -> str:
    places = [f"{one.file}:{one.line or '-'} {one.address}: {one.says}" for one in control.where]
    more = [f"and {len(places) - _PLACES} more"] if len(places) > _PLACES else []
    return "\n".join([f"{control.level}: {control.title}", *places[:_PLACES], *more])


def _about(control: ControlRun) -> list[dict[str, str]]:
    own = {
        "verdict": words.VERDICTS[control.verdict],
        "assurance": control.assurance or "none",
        "fidelity": control.fidelity or "none",
        "level": control.level,
        "system": control.system,
        "pillar": control.pillar,
        "judged": str(control.judged),
    }
    frameworks = [one | {"class": "framework"} for one in _props(control.frameworks)]
    return _props(own) + frameworks


def _props(values: Mapping[str, str]) -> list[dict[str, str]]:
    return [
        {"name": _NOT_A_TOKEN.sub("-", name), "ns": NAMESPACE, "value": _line(value)}
        for name, value in values.items()
        if _line(value)
    ]


def _line(text: str) -> str:
    return " ".join(text.split())


def _uuid(run: Run, *what: str) -> str:
    """The same for the same run and control; a random-looking version 5 UUID."""
    identity = (run.started.isoformat(), run.infra_digest, run.tool.suite_digest, run.target, *what)
    return str(uuid.uuid5(uuid.NAMESPACE_URL, "|".join((NAMESPACE, *identity))))

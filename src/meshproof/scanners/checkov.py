"""Checkov over the declaration: run once per run, its findings gated by id."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from platformdirs import user_cache_path

from meshproof.declaration.model import UNKNOWN, Record, canonical
from meshproof.errors import ProbeError
from meshproof.process import run, scratch
from meshproof.toolchain import find

#: A plan of a thousand resources takes under a minute on two cores; this bounds a scanner that hangs.
SCAN_WITHIN_S: Final = 600.0

#: Environment of a run that asks nothing of the network.
OFFLINE: Final = {"BC_SKIP_MAPPING": "TRUE", "CKV_SKIP_DOWNLOAD": "1", "LOG_LEVEL": "ERROR"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ScannerFinding:
    """One failed check of the scanner about one resource."""

    id: str
    title: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """What the scanner found, and how many of its checks passed: a scan that checked nothing is no scan."""

    version: str
    passed: int
    failed: tuple[ScannerFinding, ...]


def scan(records: Iterable[Record]) -> Scan:
    """The scanner's findings over Terraform resources and Kubernetes objects.

    The result is cached by the digest of its input and the scanner's version. Raises ProbeError where the scanner
    did not run to its end, TargetError where it is missing.
    """
    program = find("checkov")
    inputs = dict(_inputs(list(records)))
    key = hashlib.sha256(f"{program.version}\0{canonical(inputs)}".encode()).hexdigest()
    kept = user_cache_path("meshproof") / "scans" / f"{key}.json"
    if kept.exists():
        return _scan(json.loads(kept.read_text(encoding="utf-8")), program.version)
    reports = _run(Path(program.path), inputs)
    kept.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    partial = kept.with_suffix(".partial")
    partial.write_text(json.dumps(reports), encoding="utf-8")
    partial.replace(kept)
    return _scan(reports, program.version)


def _run(program: Path, inputs: Mapping[str, object]) -> list[Mapping[str, object]]:
    with scratch("scan") as place:
        argv = [str(program), "--framework", "terraform_plan", "kubernetes", "--output", "json", "--compact", "--quiet"]
        argv += ["--skip-download", "--soft-fail"]
        for name, body in inputs.items():
            path = place / name
            path.write_text(canonical(body), encoding="utf-8")
            argv += ["--file", str(path)]
        done = run(argv, cwd=place, env={**os.environ, **OFFLINE}, within_s=SCAN_WITHIN_S)
    try:
        found = json.loads(_answer(done.stdout))
    except ValueError as error:
        last = (done.stderr.strip() or done.stdout.strip() or "no output").splitlines()[-1]
        message = f"checkov gave no result (exit {done.returncode}): {last[:300]}"
        raise ProbeError(message) from error
    return [_slim(one) for one in (found if isinstance(found, list) else [found])]


def _answer(text: str) -> str:
    """The JSON in the scanner's output; lines about its own trouble may stand before it."""
    starts = [text.find(mark) for mark in ("\n[\n", "\n{\n") if mark in text]
    return text if text[:1] in "[{" or not starts else text[min(starts) :]


def _slim(report: Mapping[str, object]) -> Mapping[str, object]:
    """Only what is used: the full report repeats every resource's source."""
    results, summary = report.get("results"), report.get("summary")
    failed = results.get("failed_checks", []) if isinstance(results, Mapping) else []
    return {
        "passed": summary.get("passed", 0) if isinstance(summary, Mapping) else 0,
        "failed": [{"id": one["check_id"], "title": one["check_name"], "address": one["resource"]} for one in failed],
    }


def _scan(reports: list[Mapping[str, object]], version: str) -> Scan:
    failed = [row for report in reports for row in report["failed"]]  # type: ignore[attr-defined]  # written by `_slim`
    passed = sum(int(str(report["passed"])) for report in reports)
    if not passed and not failed:
        message = "checkov judged nothing: no resource of the declaration reached it"
        raise ProbeError(message)
    return Scan(
        version=version,
        passed=passed,
        failed=tuple(ScannerFinding(id=row["id"], title=row["title"], address=row["address"]) for row in failed),
    )


def _inputs(records: list[Record]) -> Iterator[tuple[str, object]]:
    """The declaration in the scanner's own formats."""
    resources = [one for one in records if one.family == "terraform" and ".data." not in f".{one.address}"]
    objects = [one for one in records if one.family == "kubernetes"]
    if resources:
        yield "plan.json", _plan(resources)
    if objects:
        yield "objects.json", {"apiVersion": "v1", "kind": "List", "items": [_known(one.values) for one in objects]}


def _plan(records: list[Record]) -> Mapping[str, object]:
    rows = [
        {
            "address": one.address,
            "mode": "managed",
            "type": one.kind,
            "name": one.name,
            "provider_name": f"registry.terraform.io/hashicorp/{one.kind.partition('_')[0]}",
            "schema_version": 0,
            "values": _known(one.values),
        }
        for one in records
    ]
    changes = [
        {
            **{k: row[k] for k in ("address", "mode", "type", "name", "provider_name")},
            "change": {"actions": ["create"], "before": None, "after": row["values"], "after_unknown": {}},
        }
        for row in rows
    ]
    return {
        "format_version": "1.2",
        "terraform_version": "1.11.4",
        "planned_values": {"root_module": {"resources": rows}},
        "resource_changes": changes,
        "configuration": {"root_module": {"resources": [_configured(one) for one in records]}},
    }


def _configured(record: Record) -> Mapping[str, object]:
    """References as the plan's configuration states them, so that the scanner sees what belongs together."""
    expressions = {
        path.partition(".")[0]: {"references": [f"{target}.id" for target in targets] + list(targets)}
        for path, targets in record.references.items()
    }
    return {
        "address": record.address,
        "mode": "managed",
        "type": record.kind,
        "name": record.name,
        "expressions": expressions,
    }


def _known(value: object) -> object:
    """Without what is not known yet: the scanner would take a mark for a value."""
    if isinstance(value, Mapping):
        return {key: _known(one) for key, one in value.items() if one is not UNKNOWN}
    if isinstance(value, (list, tuple)):
        return [_known(one) for one in value if one is not UNKNOWN]
    return value

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
    all_records = list(records)
    inputs = dict(_inputs(all_records))
    key = hashlib.sha256(f"{program.version}\0{canonical(inputs)}".encode()).hexdigest()
    kept = user_cache_path("meshproof") / "scans" / f"{key}.json"
    if kept.exists():
        reports = json.loads(kept.read_text(encoding="utf-8"))
    else:
        reports = _run(Path(program.path), inputs)
        _keep(kept, reports)
    addresses = {f"{one.kind}.{name}": one.address for one, name in _named(all_records)}
    return _scan(reports, program.version, addresses)


def _keep(kept: Path, reports: list[Mapping[str, object]]) -> None:
    kept.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    partial = kept.with_suffix(f".{os.getpid()}.partial")
    partial.write_text(json.dumps(reports), encoding="utf-8")
    partial.replace(kept)


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


def _scan(reports: list[Mapping[str, object]], version: str, addresses: Mapping[str, str]) -> Scan:
    """What was found, by declared address: `addresses` gives it for each name that the scanner was shown."""
    failed = [row for report in reports for row in report["failed"]]  # type: ignore[attr-defined]  # written by `_slim`
    passed = sum(int(str(report["passed"])) for report in reports)
    if not passed and not failed:
        message = "checkov judged nothing: no resource of the declaration reached it"
        raise ProbeError(message)
    return Scan(
        version=version,
        passed=passed,
        failed=tuple(
            ScannerFinding(id=row["id"], title=row["title"], address=addresses.get(row["address"], row["address"]))
            for row in failed
        ),
    )


def _inputs(records: list[Record]) -> Iterator[tuple[str, object]]:
    """The declaration in the scanner's own formats."""
    resources = _named(records)
    objects = [one for one in records if one.family == "kubernetes"]
    if resources:
        yield "plan.json", _plan(resources)
    if objects:
        yield "objects.json", {"apiVersion": "v1", "kind": "List", "items": [_known(one.values, {}) for one in objects]}


def _named(records: list[Record]) -> list[tuple[Record, str]]:
    """Every resource with a name of its own.

    The scanner finds a resource's configuration, and what belongs to it, by type and name alone: resources of two
    modules with one name would be taken for one another.
    """
    resources = [one for one in records if one.family == "terraform" and ".data." not in f".{one.address}"]
    return [(one, f"r{number}") for number, one in enumerate(resources)]


def _plan(resources: list[tuple[Record, str]]) -> Mapping[str, object]:
    shown = {one.address: f"{one.kind}.{name}" for one, name in resources}
    rows = [_row(one, name, shown) for one, name in resources]
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
        "configuration": {"root_module": {"resources": [_configured(one, name, shown) for one, name in resources]}},
    }


def _row(record: Record, name: str, shown: Mapping[str, str]) -> dict[str, object]:
    refers = {path: shown[to] for path, targets in record.references.items() for to in targets[:1] if to in shown}
    return {
        "address": shown[record.address],
        "mode": "managed",
        "type": record.kind,
        "name": name,
        "provider_name": f"registry.terraform.io/hashicorp/{record.kind.partition('_')[0]}",
        "schema_version": 0,
        "values": _known(record.values, refers),
    }


def _configured(record: Record, name: str, shown: Mapping[str, str]) -> Mapping[str, object]:
    """References as a plan's configuration states them, so that the scanner sees what belongs together."""
    found: dict[str, list[str]] = {}
    for path, targets in record.references.items():
        for target in (shown[one] for one in targets if one in shown):
            found.setdefault(path.partition(".")[0], []).extend((f"{target}.id", target))
    return {
        "address": shown[record.address],
        "mode": "managed",
        "type": record.kind,
        "name": name,
        "expressions": {key: {"references": each} for key, each in found.items()},
    }


def _known(value: object, refers: Mapping[str, str], path: str = "") -> object:
    """Without what is not known yet, which the scanner would take for a value: a block keeps what it refers to."""
    if value is UNKNOWN:
        return _referred(refers, path) if "." in path else UNKNOWN
    if isinstance(value, Mapping):
        pairs = ((key, _known(one, refers, f"{path}.{key}".lstrip("."))) for key, one in value.items())
        return {key: one for key, one in pairs if one is not UNKNOWN}
    if isinstance(value, (list, tuple)):
        items = (_known(one, refers, f"{path}.{number}") for number, one in enumerate(value))
        return [one for one in items if one is not UNKNOWN]
    return value


def _referred(refers: Mapping[str, str], path: str) -> object:
    return next((to for at, to in refers.items() if at == path or at.startswith(f"{path}.")), UNKNOWN)

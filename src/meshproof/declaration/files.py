"""Declared files that are no Terraform and no Kubernetes: SLOs, rules, routes, dashboards, workflows, runbooks."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from meshproof.declaration.documents import Document, parse_documents, read_documents, read_text
from meshproof.declaration.model import Note, Place, Record
from meshproof.errors import UsageError
from meshproof.verdict import Assurance

_RULE = re.compile(r"\s*-?\s*(?:alert|record):\s*[\"']?([\w:]+)")


def read_files(infra: Path) -> tuple[list[Record], list[Note]]:
    """Records of the family `document`; a rule is one record each, so that a finding names the rule."""
    records: list[Record] = []
    notes: list[Note] = []
    records += [_rego(path, infra) for path in sorted((infra / "policy" / "rego").rglob("*.rego")) if _is_policy(path)]
    for path in sorted(_files(infra)):
        shown = path.relative_to(infra.parent).as_posix()
        if path.name.endswith(".asl.json"):
            records += _state_machine(path, shown, notes)
            continue
        for document in read_documents(path, shown):
            records += _records(document, path)
    return records, notes


#: Files that say how the others are delivered, and folders whose files a renderer or a test reads.
_NOT_DECLARED = frozenset({"kustomization.yaml", "kustomization.yml", "Chart.yaml", "values.yaml"})
_UNREAD = frozenset({"templates", "tests"})


def _files(infra: Path) -> Iterator[Path]:
    observability = infra / "observability"
    for pattern in ("*.yaml", "*.yml", "*.json"):
        for path in observability.rglob(pattern):
            if path.name not in _NOT_DECLARED and not _UNREAD & set(path.parts):
                yield path
    yield from (infra / "modules").rglob("*.asl.json")
    yield from (infra.parent / ".github" / "workflows").glob("*.y*ml")


def _is_policy(path: Path) -> bool:
    return not path.name.endswith("_test.rego")


def _rego(path: Path, infra: Path) -> Record:
    """A Rego module as text; the real OPA reads it."""
    shown = path.relative_to(infra.parent).as_posix()
    name = path.relative_to(infra / "policy" / "rego").with_suffix("").as_posix()
    document = Document(file=shown, line=1, body={"text": read_text(path, shown)})
    return _record("Rego", name, document.body, document)


def _records(document: Document, path: Path) -> Iterator[Record]:
    body, parts = document.body, path.parts
    stem = Path(document.file).stem
    if str(body.get("apiVersion", "")).startswith("openslo/"):
        meta = body.get("metadata")
        name = str(meta.get("name")) if isinstance(meta, Mapping) else stem
        yield _record(str(body.get("kind")), name, body, document)
    elif isinstance(body.get("groups"), list):
        yield from _rules(document, path)
    elif "workflows" in parts:
        yield _record("Workflow", stem, body, document)
    elif "dashboards" in parts:
        yield _record("Dashboard", stem, body, document)
    elif "alertmanager" in parts:
        yield _record("Alertmanager", stem, body, document)
    elif "collector" in parts:
        yield _record("Collector", stem, body, document)
    else:
        yield _record("Document", stem, body, document)


def _rules(document: Document, path: Path) -> Iterator[Record]:
    lines = _rule_lines(document, path)
    groups = document.body["groups"]
    for group in groups if isinstance(groups, list) else []:
        for rule in group.get("rules", []) if isinstance(group, Mapping) else []:
            kind = "AlertRule" if "alert" in rule else "RecordingRule"
            name = str(rule.get("alert") or rule.get("record"))
            labels = rule.get("labels") or {}
            extra = "".join(f"[{labels[key]}]" for key in ("slo", "window", "service", "site") if key in labels)
            body = {**rule, "group": group.get("name"), "interval": group.get("interval")}
            place = Place(file=document.file, line=lines.get(name, document.line))
            yield _record(kind, f"{group.get('name')}/{name}{extra}", body, document, place)


def _rule_lines(document: Document, path: Path) -> Mapping[str, int]:
    """First line of each rule, by its name."""
    found: dict[str, int] = {}
    for number, line in enumerate(read_text(path, document.file).splitlines(), 1):
        if (match := _RULE.match(line)) is not None:
            found.setdefault(match[1], number)
    return found


def _state_machine(path: Path, shown: str, notes: list[Note]) -> Iterator[Record]:
    """A Step Functions definition; Terraform's `${…}` stand inside its strings."""
    text = re.sub(r"(?<![\"\w/:.-])\$\{[^}]*\}(?=\s*[,}\]])", "0", read_text(path, shown))
    try:
        document = next(iter(parse_documents(text, shown)))
    except UsageError as error:
        notes.append(Note(subject=shown, place=Place(file=shown), says=str(error)))
        return
    yield _record("StateMachine", path.name.removesuffix(".asl.json"), document.body, document)


def _record(kind: str, name: str, body: Mapping[str, object], document: Document, place: Place | None = None) -> Record:
    return Record(
        family="document",
        kind=kind,
        address=f"{document.file.removeprefix('infra/')}#{name}",
        name=name,
        values=json.loads(json.dumps(body, default=str)),
        place=place or Place(file=document.file, line=document.line),
        assurance=Assurance.DECLARED,
        owner=document.file,
    )

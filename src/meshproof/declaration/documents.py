"""YAML and JSON files as documents with the line at which each begins."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from meshproof.errors import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One YAML document or JSON file: what it holds and where it begins."""

    file: str
    line: int
    body: Mapping[str, object]


def read_text(path: Path, shown: str) -> str:
    """The file as UTF-8; raises UsageError with the byte's place where it is not."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        message = f"{shown}:{line}: not UTF-8 text; save the file as UTF-8"
        raise UsageError(message) from error
    except OSError as error:
        message = f"{shown}: cannot be read: {error.strerror}; check the path and its permissions"
        raise UsageError(message) from error


def read_documents(path: Path, shown: str) -> Iterator[Document]:
    """The documents of a file, empty ones left out.

    Raises UsageError with file and line for text that is not valid, for duplicate keys, and for a document that is
    not a mapping.
    """
    yield from parse_documents(read_text(path, shown), shown)


def parse_documents(text: str, shown: str) -> Iterator[Document]:
    """As `read_documents`, for text that is already here (the output of a renderer)."""
    if shown.endswith(".json"):
        yield _document(_json(text, shown), shown, 1)
        return
    lines = text.splitlines(keepends=True)
    start = 0
    for end in [*(n for n, line in enumerate(lines) if line.rstrip() == "---"), len(lines)]:
        chunk = "".join(lines[start:end])
        body = _yaml(chunk, shown, start)
        if body is not None:
            yield _document(body, shown, start + _first_line(lines[start:end]))
        start = end + 1


def _first_line(lines: list[str]) -> int:
    return next((n for n, line in enumerate(lines, 1) if line.strip() and not line.startswith("#")), 1)


def _yaml(text: str, shown: str, offset: int) -> object:
    try:
        return YAML(typ="safe").load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = offset + (mark.line if mark else 0) + 1
        problem = " ".join(str(error.problem or "not valid YAML").split())
        message = f"{shown}:{line}: {problem}; correct the YAML"
        raise UsageError(message) from error
    except (YAMLError, ValueError, RecursionError, TypeError, AttributeError, KeyError, IndexError) as error:
        message = f"{shown}:{offset + 1}: not valid YAML: {' '.join(str(error).split())[:200]}; correct it"
        raise UsageError(message) from error


def _json(text: str, shown: str) -> object:
    try:
        return json.loads(text, object_pairs_hook=lambda pairs: _no_duplicates(pairs, shown))
    except json.JSONDecodeError as error:
        message = f"{shown}:{error.lineno}: {error.msg}; correct the JSON"
        raise UsageError(message) from error
    except RecursionError as error:
        message = f"{shown}:1: nested too deeply; split the JSON"
        raise UsageError(message) from error


def _no_duplicates(pairs: list[tuple[str, object]], shown: str) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        message = f"{shown}:1: the key {twice!r} occurs twice; keep one"
        raise UsageError(message)
    return found


def _document(body: object, shown: str, line: int) -> Document:
    if not isinstance(body, Mapping):
        kind = "a list" if isinstance(body, list) else f"a {type(body).__name__}"
        message = f"{shown}:{line}: the document is {kind}, not a mapping; write one object per document"
        raise UsageError(message)
    return Document(file=shown, line=line, body=body)

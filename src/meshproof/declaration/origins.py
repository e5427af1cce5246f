"""Where a rendered object was written: an index of the manifests in the tree, since renderers drop the place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from meshproof.declaration.documents import Document, read_documents, read_text
from meshproof.declaration.model import Place

_KIND = re.compile(r"^kind:\s*([A-Za-z]+)\s*$")
_NAME = re.compile(r"^  name:\s*[\"']?([^\s\"'#]+)")


@dataclass(frozen=True, slots=True)
class _Origin:
    place: Place
    name: str


class Origins:
    """Every `kind` + `metadata.name` of a tree and its file and line; templates are indexed by their kind alone."""

    def __init__(self, infra: Path) -> None:
        """Read the YAML files below `infra` as text, once."""
        self._infra = infra
        self._found: dict[str, list[_Origin]] = {}
        for path in sorted(infra.rglob("*.y*ml")):
            if path.suffix in (".yaml", ".yml") and ".terraform" not in path.parts:
                self._index(path)

    def of(self, kind: str, name: str, below: str) -> Place | None:
        """The place of an object rendered from the directory `below`, the nearest file first; None where unknown."""
        candidates = [one for one in self._found.get(kind, []) if one.name == name]
        candidates += [one for one in self._found.get(kind, []) if "{{" in one.name and "/templates/" in one.place.file]
        if not candidates:
            return None
        return max(candidates, key=lambda one: (_shared(one.place.file, below), one.name == name)).place

    def plain_manifests(self) -> Iterator[Document]:
        """Objects in files that neither a chart nor a kustomization claims."""
        for path in sorted(self._infra.rglob("*.y*ml")):
            if _is_claimed(path, self._infra) or path.suffix not in (".yaml", ".yml"):
                continue
            shown = path.relative_to(self._infra.parent).as_posix()
            text = read_text(path, shown)
            if re.search(r"^kind:", text, re.MULTILINE) and re.search(r"^apiVersion:", text, re.MULTILINE):
                yield from read_documents(path, shown)

    def _index(self, path: Path) -> None:
        shown = path.relative_to(self._infra.parent).as_posix()
        kind, line_of_kind = "", 0
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            return
        waiting = ""
        for number, line in enumerate(text.splitlines(), 1):
            if line.startswith("---"):
                kind, waiting = "", ""
            elif (match := _KIND.match(line)) is not None:
                kind, line_of_kind = match[1], number
                if waiting:
                    self._add(kind, waiting, shown, line_of_kind)
                    waiting = ""
            elif (match := _NAME.match(line)) is not None:
                name = line.partition(":")[2].strip() if "{{" in line else match[1]
                if kind:
                    self._add(kind, name, shown, line_of_kind)
                    kind = ""
                elif not waiting:
                    waiting = name

    def _add(self, kind: str, name: str, file: str, line: int) -> None:
        self._found.setdefault(kind, []).append(_Origin(Place(file=file, line=line), name))


def _shared(file: str, below: str) -> int:
    """How many leading parts of the path agree with the directory that was rendered."""
    count = 0
    for one, other in zip(file.split("/"), below.split("/"), strict=False):
        if one != other:
            break
        count += 1
    return count


def _is_claimed(path: Path, infra: Path) -> bool:
    for parent in path.parents:
        if any((parent / name).exists() for name in ("kustomization.yaml", "kustomization.yml", "Chart.yaml")):
            return True
        if parent == infra:
            return False
    return False

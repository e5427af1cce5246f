"""The custom resource definitions of every declared kind, in an etcd that is kept ready for the next start."""

from __future__ import annotations

import hashlib
import re
import shutil
import uuid
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from meshproof.errors import TargetError
from meshproof.probes.kubernetes import Api
from meshproof.process import remove_at_end
from meshproof.toolchain import find_bundle
from meshproof.toolchain.lock import read_lock
from meshproof.waiting import until

SUFFIX = "-crds"
_AT_ONCE = 8
_SERVED_WITHIN_S = 300.0
_DOCUMENT = re.compile(r"^---.*$", re.MULTILINE)
_GROUP = re.compile(r"""^  group: ["']?([^\s"']+)""", re.MULTILINE)
_KIND = re.compile(r"""^    kind: ["']?([^\s"']+)""", re.MULTILINE)
#: The control plane reads these, whatever is declared; a check may add objects of theirs.
_WHOLE = ("istio-crds", "gateway-api-crds")
_DEFINITION = re.compile(r"^kind: [\"']?CustomResourceDefinition", re.MULTILINE)


def wanted_definitions(declared: Collection[tuple[str, str]]) -> tuple[list[str], list[str]]:
    """The definitions of the mesh's kinds and of each declared group and kind; and in words which sets are not here.

    An API server works for every definition that it holds, at each start: those of kinds that nobody declares would
    more than double what a start costs, and decide nothing.
    """
    texts: list[str] = []
    missing: list[str] = []
    for name in (one for one in read_lock().bundles if one.endswith(SUFFIX)):
        try:
            found = [text for path in find_bundle(name).files for text in _definitions_in(path)]
        except TargetError as error:
            missing.append(str(error))
        else:
            texts += [one for one in found if name in _WHOLE or _defines(one) in declared]
    return texts, missing


def _definitions_in(path: Path) -> list[str]:
    return [one for one in _DOCUMENT.split(path.read_text(encoding="utf-8")) if _DEFINITION.search(one)]


def _defines(text: str) -> tuple[str, str]:
    """Group and kind of a definition; parsing it whole would be slower."""
    group, kind = _GROUP.search(text), _KIND.search(text)
    return (group[1] if group else "", kind[1] if kind else "")


def digest(texts: Sequence[str], *versions: str) -> str:
    """What an etcd that holds these definitions is kept under."""
    total = hashlib.sha256("\0".join(versions).encode())
    for text in texts:
        total.update(text.encode())
    return total.hexdigest()[:32]


def install(api: Api, texts: Sequence[str]) -> None:
    """Apply every definition and wait until each is served. Raises TargetError for one that is refused."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        answers = list(pool.map(api.define, texts))
    for one in answers:
        if not one.accepted:
            message = f"definition {one.name} is refused by the API server: {one.says}"
            raise TargetError(message)
    names = {one.name for one in answers}

    def unserved() -> set[str]:
        rows = api.get("/apis/apiextensions.k8s.io/v1/customresourcedefinitions").get("items", [])
        return names - {row["metadata"]["name"] for row in rows if _is_established(row)}

    until(unserved, lambda left: not left, within_s=_SERVED_WITHIN_S, what="every definition served")


def keep(data: Path, kept: Path) -> None:
    """Keep a stopped etcd's data for later starts; another run that keeps the same one meanwhile is no harm."""
    kept.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    partial = kept.with_name(f"{kept.name}.{uuid.uuid4().hex[:12]}")
    remove_at_end(partial)
    shutil.copytree(data, partial)
    try:
        partial.rename(kept)
    except OSError:
        shutil.rmtree(partial)


def _is_established(row: dict[str, dict[str, list[dict[str, str]]]]) -> bool:
    conditions = row.get("status", {}).get("conditions") or []
    return any(one["type"] == "Established" and one["status"] == "True" for one in conditions)

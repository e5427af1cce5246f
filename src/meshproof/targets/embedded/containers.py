"""What a declared container is told (environment, arguments, mounted configuration), as its process here is told it."""

from __future__ import annotations

import re
import shutil
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, Final

from meshproof.components.authority import private
from meshproof.declaration.model import Record

_DATA: Final = "..data"
_SERVICE: Final = re.compile(r"[\w-]+\.[\w-]+\.svc\.cluster\.local(:\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """The first container of a workload; `files` are texts by path, from the ConfigMaps that it mounts."""

    arguments: Sequence[str] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)


def container_of(workload: Record, records: Sequence[Record]) -> Container:
    """As declared; `records` are those of the workload's site."""
    spec: Any = workload.values["spec"]
    pod = spec["template"]["spec"]
    first = pod["containers"][0]
    maps = {one.name: one for one in records if one.kind == "ConfigMap" and one.namespace == workload.namespace}
    volumes = {one["name"]: one.get("configMap", {}).get("name", "") for one in pod.get("volumes", ())}
    return Container(
        arguments=tuple(str(one) for one in first.get("args", ())),
        environment={one["name"]: str(one["value"]) for one in first.get("env", ()) if "value" in one},
        files={
            f"{mount['mountPath']}/{name}": str(text)
            for mount in first.get("volumeMounts", ())
            if (mounted := maps.get(volumes.get(mount["name"], ""))) is not None
            for name, text in _data(mounted).items()
        },
    )


def environment_here(container: Container, root: Path, outbound: str) -> Mapping[str, str]:
    """The environment where the file system begins at `root` and Services are reached at the sidecar's listeners."""
    above = {str(path) for file in container.files for path in PurePosixPath(file).parents} - {"/"}
    return {
        name: f"{root}{value}" if value in above else _SERVICE.sub(rf"{outbound}\1", value)
        for name, value in container.environment.items()
    }


def write_files(container: Container, root: Path) -> None:
    """Mount the files below `root` as a kubelet does: whoever watches a directory sees `..data` change, all at once.

    Source: https://pkg.go.dev/k8s.io/kubernetes/pkg/volume/util#AtomicWriter
    """
    mounts = {path.parent for path in map(PurePosixPath, container.files)}
    for mount in mounts:
        here = root / str(mount).lstrip("/")
        here.mkdir(mode=0o700, parents=True, exist_ok=True)
        data, before = here / _DATA, [one for one in here.iterdir() if one.is_dir() and not one.is_symlink()]
        written = here / f"..{uuid.uuid4().hex[:12]}"
        written.mkdir(mode=0o700)
        for name in (path.name for path in map(PurePosixPath, container.files) if path.parent == mount):
            private(written / name, container.files[f"{mount}/{name}"])
            if not (here / name).is_symlink():
                (here / name).symlink_to(f"{_DATA}/{name}")
        fresh = data.with_name(f"{_DATA}_tmp")
        fresh.symlink_to(written.name)
        fresh.replace(data)
        for old in before:
            shutil.rmtree(old)


def _data(record: Record) -> Mapping[str, Any]:
    found = record.values.get("data")
    return found if isinstance(found, Mapping) else {}

"""Images written without a builder: each layer is a directory, the archive is what `docker load` and `ctr` read."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

_PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_ARCHITECTURES: Final = {"linux_amd64": "amd64", "linux_arm64": "arm64"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """An image of directories, the lowest first; `name` holds its tag."""

    name: str
    layers: Sequence[Path]
    entrypoint: Sequence[str] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    stop_signal: str = ""
    user: str = ""


def lay(root: Path, files: Mapping[str, Path]) -> Path:
    """Copy files to their paths below `root`, links as links; returns `root`."""
    for path, source in files.items():
        place = root / path.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, place, follow_symlinks=False)
    return root


def write_archive(image: Image, to: Path, *, platform: str) -> None:
    """Write the image's archive; owners and modes are those on disk."""
    layers = [_layer(one, to.with_suffix(f".layer{number}")) for number, one in enumerate(image.layers)]
    config = json.dumps(_config(image, [digest for digest, _ in layers], platform)).encode()
    name = f"{hashlib.sha256(config).hexdigest()}.json"
    manifest = {"Config": name, "RepoTags": [image.name], "Layers": [f"{digest}.tar" for digest, _ in layers]}
    with tarfile.open(to, "w") as tar:
        _add(tar, name, config)
        for digest, file in layers:
            tar.add(file, f"{digest}.tar")
            file.unlink()
        _add(tar, "manifest.json", json.dumps([manifest]).encode())


def _layer(directory: Path, to: Path) -> tuple[str, Path]:
    with tarfile.open(to, "w", format=tarfile.GNU_FORMAT) as tar:
        for entry in sorted(directory.iterdir()):
            tar.add(entry, entry.name)
    with to.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest(), to


def _config(image: Image, layers: Sequence[str], platform: str) -> Mapping[str, object]:
    settings: dict[str, object] = {
        "Env": [f"{name}={value}" for name, value in {"PATH": _PATH, **image.environment}.items()]
    }
    given = {"Entrypoint": list(image.entrypoint), "StopSignal": image.stop_signal, "User": image.user}
    return {
        "architecture": _ARCHITECTURES[platform],
        "os": "linux",
        "config": settings | {name: value for name, value in given.items() if value},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{one}" for one in layers]},
    }


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = len(content)
    tar.addfile(entry, io.BytesIO(content))

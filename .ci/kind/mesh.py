"""Images of Istio, and of what stands for the shop's in its mesh, each FROM scratch."""

from __future__ import annotations

import shutil
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kind.archive import Image, lay, write_archive
from kind.packet_filter import packet_filter
from kind.programs import program
from kind.small import build
from meshproof.toolchain import find_bundle
from meshproof.toolchain.platform import this_platform

#: Their names, as the target is given them, by role.
_NAMES: Final = Path(__file__).with_name("mesh.toml")
#: What the images are made of.
PROGRAMS: Final = ("envoy", "echo-server", "pilot-agent", "pilot-discovery", "install-cni", "istio-cni")
_TEMPLATE: Final = "var/lib/istio/envoy/envoy_bootstrap_tmpl.json"
_PROXY_USER: Final = "1337:1337"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """What stands for a role of `--images`: `lays` fills the image's root with what the tree of Debian has."""

    entrypoint: str
    lays: Callable[[Path, Path], object]
    user: str = ""


def _echo(root: Path, _tree: Path) -> None:
    lay(root, {"usr/local/bin/server": program("echo-server").path})
    build("nc", root / "usr/local/bin/nc")


def _istiod(root: Path, _tree: Path) -> None:
    lay(root, {"usr/local/bin/pilot-discovery": program("pilot-discovery").path})


def _cni(root: Path, _tree: Path) -> None:
    lay(
        root,
        {
            "usr/local/bin/install-cni": program("install-cni").path,
            "opt/cni/bin/istio-cni": program("istio-cni").path,
        },
    )


def _proxy(root: Path, tree: Path) -> None:
    """The agent, Envoy, and what the init container redirects traffic with; the C library comes with that."""
    packet_filter(root, tree)
    lay(
        root,
        {
            "usr/local/bin/pilot-agent": program("pilot-agent").path,
            "usr/local/bin/envoy": program("envoy").path,
            _TEMPLATE: find_bundle("istio-bootstrap").files[0],
        },
    )


PARTS: Final[Mapping[str, _Part]] = {
    "echo": _Part(entrypoint="server", lays=_echo, user="1338:1338"),
    "istiod": _Part(entrypoint="pilot-discovery", lays=_istiod, user=_PROXY_USER),
    "proxy": _Part(entrypoint="pilot-agent", lays=_proxy),
    "cni": _Part(entrypoint="install-cni", lays=_cni),
}


def make_mesh(tree: Path, to: Path) -> None:
    """Write the archive of each image."""
    names = tomllib.loads(_NAMES.read_text(encoding="utf-8"))
    for role in PARTS:
        _write(role, names[role], tree, to)


def _write(role: str, name: str, tree: Path, to: Path) -> None:
    part, root = PARTS[role], to / role
    for place in ("tmp", "run", "etc"):
        (root / place).mkdir(parents=True)
    (root / "tmp").chmod(0o1777)
    part.lays(root, tree)
    image = Image(name=name, layers=[root], entrypoint=[f"/usr/local/bin/{part.entrypoint}"], user=part.user)
    write_archive(image, to / f"{role}.tar", platform=this_platform())
    shutil.rmtree(root)

"""Two targets of one declaration side by side: what it takes until they can be asked, and what they hold then."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Final

from embedded import memory_of

from meshproof.settings import read_settings
from meshproof.targets import target_named
from meshproof.targets.embedded.target import Embedded
from meshproof.targets.kind.docker import docker
from meshproof.targets.protocols import Incarnation

ROOT: Final = Path(__file__).parents[1]
PROGRAMS: Final = ROOT / "fixtures" / "programs.toml"
TARGETS: Final = ("embedded", "kind")
UNITS: Final = {"B": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}


def side_by_side(images: str) -> list[tuple[str, str]]:
    """Start-up and memory of each target that can run here, one after the other; `images` is the file for kind."""
    return [row for name in TARGETS for row in _figures(name, images)]


def _figures(name: str, images: str) -> list[tuple[str, str]]:
    target = target_named(name)
    if reason := target.readiness().reason:
        return [(f"{name}: not seen", reason)]
    settings = read_settings(ROOT, {"target": name, "images": images})
    began = time.monotonic()
    hold = target.reserve(settings)
    try:
        with target.attach(settings, PROGRAMS) as found:
            seconds = time.monotonic() - began
            return [(f"{name}: start of two sites, to ready", f"{seconds:.1f} s"), *_held(name, found)]
    finally:
        if hold is not None:
            hold.release()


def _held(name: str, found: Incarnation) -> list[tuple[str, str]]:
    if not isinstance(found, Embedded):  # what both targets of this benchmark are
        return []
    sites = [
        (f"{name}: {site.name}, its parts", ", ".join(f"{part} {took:.1f} s" for part, took in site.seconds.items()))
        for site in found.state.sites
    ]
    held = _in_docker() if name == "kind" else memory_of(found.state.directory)
    return [*sites, (f"{name}: memory of all it runs", f"{held / 2**30:.1f} GiB")]


def _in_docker() -> int:
    """Bytes that the nodes of this machine's clusters hold, without what the kernel can take back."""
    told = docker("stats", "--no-stream", "--format", "{{.Name}} {{.MemUsage}}").stdout
    rows = re.findall(r"^meshproof-\S+ ([\d.]+)([KMG]?i?B) /", told, re.MULTILINE)
    return sum(int(float(number) * UNITS[unit]) for number, unit in rows)

"""The images that stand for the declared workloads, each FROM scratch with the program that was built."""

from __future__ import annotations

import shutil
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from kind.archive import Image, lay, write_archive
from kind.programs import program
from meshproof.toolchain.platform import this_platform

#: Their names, as the target is given them.
IMAGES: Final = Path(__file__).with_name("images.toml")
#: By role: the program, and how the image calls it.
_PROGRAMS: Final[Mapping[str, tuple[str, Sequence[str]]]] = {
    "echo": ("echo-server", ["/usr/local/bin/server", "--istio-version="]),
    "caller": ("agnhost", ["/agnhost"]),
    "chaos": ("chaos-controller-manager", ["/usr/local/bin/chaos-controller-manager"]),
}


def make_images(to: Path) -> None:
    """Write an archive of each image."""
    names = tomllib.loads(IMAGES.read_text(encoding="utf-8"))
    for role, (source, entrypoint) in _PROGRAMS.items():
        root = lay(to / role, {entrypoint[0]: program(source).path})
        write_archive(
            Image(name=names[role], layers=[root], entrypoint=entrypoint), to / f"{role}.tar", platform=this_platform()
        )
        shutil.rmtree(root)

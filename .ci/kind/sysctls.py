"""The settings of the whole kernel that kubelet and the bed change: remembered, and put back by whatever death.

Run as a program, it waits until the one who started it lets go of its standard input, then puts back what it was given.
"""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from subprocess import PIPE, Popen
from typing import Final

PLACE: Final = Path("/proc/sys")
#: Seen: of the 128 that a kernel allows by itself, the eighth node of a bed found none left.
INSTANCES: Final = "fs/inotify/max_user_instances"
_ENOUGH: Final = 1024
#: What kubelet wants set so (`--protect-kernel-defaults`); those of the network are the namespace's own.
KEPT: Final = (
    INSTANCES,
    *("vm/overcommit_memory", "vm/panic_on_oom", "kernel/panic", "kernel/panic_on_oops"),
    *("kernel/keys/root_maxkeys", "kernel/keys/root_maxbytes"),
)


@contextlib.contextmanager
def kept() -> Iterator[None]:
    """Put them back at the end of the block, or once this process is gone; until then several nodes can watch files."""
    given = json.dumps(read())
    with Popen([sys.executable, "-I", "-S", __file__, given], stdin=PIPE, start_new_session=True):
        allow_watching()
        yield


def allow_watching(place: Path = PLACE) -> None:
    """Raise how many lists of watched files a user may have, where that is too low for several nodes."""
    if (file := place / INSTANCES).exists() and int(file.read_text(encoding="utf-8")) < _ENOUGH:
        file.write_text(str(_ENOUGH), encoding="utf-8")


def read(place: Path = PLACE) -> Mapping[str, str]:
    """Those that this kernel has."""
    return {name: (place / name).read_text(encoding="utf-8").strip() for name in KEPT if (place / name).exists()}


def put_back(given: Mapping[str, str], place: Path = PLACE) -> list[str]:
    """Write each that differs; returns their names."""
    differing = [name for name, value in read(place).items() if given.get(name, value) != value]
    for name in differing:
        (place / name).write_text(given[name], encoding="utf-8")
    return differing


if __name__ == "__main__":
    sys.stdin.read()
    put_back(json.loads(sys.argv[1]))

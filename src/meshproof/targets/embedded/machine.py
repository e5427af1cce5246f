"""What the target asks of the machine: enough memory to start, and a clock that does not jump while it runs."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Final

from meshproof.errors import TargetError

#: What both sites hold at their peak (`tox run -e bench` prints what they hold at rest), with a third on top.
NEEDED_BYTES: Final = 3 * 2**30
#: Certificates and tokens are judged by the wall clock; a step within it cannot turn one of them over.
TOLERATED_STEP_S: Final = 60.0

_MEMINFO: Final = Path("/proc/meminfo")
_GROUP: Final = Path("/sys/fs/cgroup")
#: Limit and use of the group that this process runs in, where a container or a service manager set one.
_LIMITS: Final = (
    ("memory.max", "memory.current"),
    ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"),
)
_CLOCK: Final = "clock"


def require_memory(meminfo: Path = _MEMINFO, group: Path = _GROUP) -> None:
    """Make sure that the target fits. Raises TargetError with what is there and what is needed."""
    free = min(_available(meminfo), *(_left(group / limit, group / used) for limit, used in _LIMITS))
    if free < NEEDED_BYTES:
        message = (
            f"the embedded target needs {_gib(NEEDED_BYTES)} GiB of memory and {_gib(free)} GiB are free: end other "
            "programs, raise the container's limit, or judge the plan alone with --target plan"
        )
        raise TargetError(message)


def _available(meminfo: Path) -> float:
    found = re.search(r"^MemAvailable:\s+(\d+) kB", meminfo.read_text(encoding="ascii"), re.MULTILINE)
    return int(found[1]) * 1024 if found else float("inf")


def _left(limit: Path, used: Path) -> float:
    try:
        return int(limit.read_text(encoding="ascii")) - int(used.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return float("inf")  # no group, or one without a limit ("max")


def _gib(size: float) -> str:
    return f"{size / 2**30:.1f}"


def remember_clock(directory: Path) -> None:
    """Note how the wall clock stands to the time since the machine started."""
    (directory / _CLOCK).write_text(repr(_offset()), encoding="ascii")


def require_steady_clock(directory: Path) -> None:
    """Make sure that the wall clock was not set while the target ran. Raises TargetError with the step."""
    path = directory / _CLOCK
    if not path.exists():
        return  # the target is not ready yet, and says so itself
    step = _offset() - float(path.read_text(encoding="ascii"))
    if abs(step) > TOLERATED_STEP_S:
        message = (
            f"the machine's clock was set {abs(step):.0f} s {'forward' if step > 0 else 'back'} while the target ran: "
            "what certificates and tokens say cannot be trusted; stop it with `meshproof down` and start again"
        )
        raise TargetError(message)


def _offset() -> float:
    return time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)

"""The machine's platform in Go's words, `linux_amd64`: the keys under which the lock file keeps digests."""

from __future__ import annotations

import platform

from meshproof.errors import TargetError

_ARCHITECTURES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}


def this_platform() -> str:
    """`linux_amd64`, `linux_arm64`, `darwin_amd64` or `darwin_arm64`. Raises TargetError on any other machine."""
    system, machine = platform.system().lower(), platform.machine().lower()
    architecture = _ARCHITECTURES.get(machine)
    if system not in {"linux", "darwin"} or architecture is None:
        message = f"programs can be had for Linux and macOS on amd64 and arm64, not for {system} on {machine}"
        raise TargetError(message)
    return f"{system}_{architecture}"

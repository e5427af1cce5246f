"""Disks of a given size, in a namespace where they can be mounted without anybody's leave."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from meshproof.process import Running, require, run
from meshproof.waiting import until

_AS_ROOT = os.geteuid() == 0


def small_disk(place: Path, size: str) -> tuple[str, ...]:
    """What goes before a command whose directory `place` is a disk of its own. Skips where none can be mounted."""
    # Who is root in the namespace is the user outside.
    owner = place.stat().st_uid if _AS_ROOT else 0
    mount = f'mount -t tmpfs -o size={size},mode=0700,uid={owner} tmpfs "{place}"'
    # PostgreSQL does not run as root, not even as the root of a namespace.
    back = "exec " if _AS_ROOT else f"exec unshare --user --map-user={os.getuid()} "
    prefix = _namespace(f'{mount} && {back}"$@"')
    tried = run([*prefix, "true"], within_s=10.0)
    if tried.returncode != 0:
        pytest.skip(f"no disk of a given size can be mounted here: {tried.last_words()}")
    return tuple(prefix)


@dataclass(frozen=True, kw_only=True)
class Disk:
    """A disk that outlives the commands that use it; `prefix` goes before each."""

    place: Path
    prefix: tuple[str, ...]

    def grow(self, size: str) -> None:
        """Make it larger; what is on it stays."""
        done = run([*self.prefix, "mount", "-o", f"remount,size={size}", str(self.place)], within_s=10.0)
        require(done, doing="growing a disk")


@contextmanager
def lasting_disk(place: Path, size: str) -> Iterator[Disk]:
    """A disk that holds what the directory held. Skips where none can be mounted."""
    script = (
        f'cp -a "{place}" "{place}.before" && mount -t tmpfs -o size={size},mode=0700 tmpfs "{place}" '
        f'&& cp -a "{place}.before/." "{place}" && exec sleep infinity'
    )
    with Running(_namespace(script), log=place.with_suffix(".log"), name="a disk", stop_within_s=0.2) as holder:
        entered = ["--mount"] if _AS_ROOT else ["--user", "--preserve-credentials", "--mount"]
        disk = Disk(place=place, prefix=("nsenter", "--target", str(holder.pid), *entered))

        def is_there() -> bool:
            mounted = run([*disk.prefix, "mountpoint", "-q", str(place)], within_s=10.0).returncode == 0
            return mounted or holder.returncode is not None

        until(is_there, bool, within_s=10.0, what="a disk to be mounted")
        if holder.returncode is not None:
            pytest.skip(f"no disk of a given size can be mounted here: {holder.last_words()}")
        yield disk


def _namespace(script: str) -> list[str]:
    mine = [] if _AS_ROOT else ["--map-root-user"]
    return ["unshare", *mine, "--mount", "sh", "-c", script, "sh"]

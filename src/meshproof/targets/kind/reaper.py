"""Deletes a run's clusters once its supervisor is gone, by whatever death.

Run as `python -m meshproof.targets.kind.reaper ALIVE NETWORK CLUSTER…`: it waits for the lock that the supervisor
holds on the file ALIVE. Should this process be killed as well, the next run deletes them (`strays`).
"""

from __future__ import annotations

import fcntl
import signal
import sys
from pathlib import Path

from meshproof.process import detached
from meshproof.targets.embedded.lease import home, is_alive, is_leased
from meshproof.targets.kind.clusters import PREFIX, delete, existing


def start(alive: Path, network: str, clusters: list[str], log: Path) -> None:
    """Have the clusters deleted once nobody holds `alive` any more."""
    detached([sys.executable, "-m", __name__, alive, network, *clusters], log=log)


def strays(clusters: list[str]) -> dict[str, list[str]]:
    """Of these, the clusters of runs that are dead, by their network."""
    found: dict[str, list[str]] = {}
    for name in clusters:
        run = name.removeprefix(PREFIX).rpartition("-")[0]
        directory = home() / run
        if name.startswith(PREFIX) and run and not is_alive(directory) and not is_leased(directory):
            found.setdefault(f"{PREFIX}{run}", []).append(name)
    return found


def delete_strays() -> None:
    """Delete what runs have left whose reaper was killed too."""
    for network, clusters in strays(existing()).items():
        delete(clusters, network)


def main() -> None:
    """Wait, then delete."""
    alive, network, *clusters = sys.argv[1:]
    with Path(alive).open("r", encoding="utf-8") as file:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        fcntl.flock(file, fcntl.LOCK_SH)
        delete(clusters, network)


if __name__ == "__main__":
    main()

"""Docker's daemon in namespaces of its own: with their first process all of it is gone, mounts and networks included.

Nothing in there reaches the network of the machine, and nothing outside reaches what runs in there.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from meshproof.components.readiness import await_ready
from meshproof.process import Running, require, run

_READY_WITHIN_S: Final = 60.0
_STOP_WITHIN_S: Final = 40.0
_GROUPS: Final = Path("/sys/fs/cgroup")
#: Makes the tree the root of a mount namespace: who enters a container's would find the machine's root after a chroot.
_ROOTED: Final = 'cd "$0" && pivot_root . mnt && umount --lazy /mnt && exec "$@"'
_RUNTIME: Final = ("runtime", "runtime.jq")


def inside(tree: Path, words: Sequence[str | Path]) -> list[str]:
    """The command that runs `words` as the second process of new namespaces, which end with it, by whatever death."""
    namespaces = ["--pid", "--fork", "--kill-child=KILL", "--mount", "--mount-proc", "--net"]
    reaping = [str(tree / "usr/bin/tini-static"), "-g", "--"]
    return ["setpriv", "--pdeathsig", "KILL", "unshare", *namespaces, "--", *reaping, *map(str, words)]


@contextlib.contextmanager
def docker(tree: Path, data: Path) -> Iterator[Mapping[str, str]]:
    """Run the daemon from the tree until the end of the block, its images in `data`; yields its client's environment.

    To be called in namespaces of its own: it mounts.
    """
    _mount(tree, data)
    socket = tree / "run/docker.sock"
    rooted = ["unshare", "--mount", "--", "sh", "-c", _ROOTED, str(tree)]
    daemon = ["dockerd", "--host=unix:///run/docker.sock", "--data-root=/var/lib/docker"]
    runtime = ["--add-runtime=less=/opt/runtime/runtime", "--default-runtime=less"]
    environment = {**os.environ, "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "TMPDIR": "/tmp"}  # noqa: S108  its own root's
    with Running(
        [*rooted, *daemon, *runtime], log=data / "dockerd.log", env=environment, stop_within_s=_STOP_WITHIN_S
    ) as running:
        await_ready(running, socket.is_socket, within_s=_READY_WITHIN_S, what="Docker's daemon")
        client = {"DOCKER_HOST": f"unix://{socket}", "PATH": f"{os.environ['PATH']}:{_client(tree, data)}"}
        os.environ.update(client)
        _forget_groups()
        _forget_containers()
        yield client
    _forget_groups()


def _mount(tree: Path, data: Path) -> None:
    for path in ("var/lib/docker", "opt/runtime", "lib/modules"):
        (tree / path).mkdir(parents=True, exist_ok=True)
    for words in (
        ("ip", "link", "set", "lo", "up"),
        ("mount", "--bind", tree, tree),  # Docker wants its root to be a mount
        ("mount", "-t", "proc", "proc", tree / "proc"),
        ("mount", "--rbind", "/sys", tree / "sys"),
        ("mount", "--rbind", "/dev", tree / "dev"),
        ("mount", "-t", "tmpfs", "run", tree / "run"),
        ("mount", "-t", "tmpfs", "runtime", tree / "opt/runtime"),
        ("mount", "--bind", data, tree / "var/lib/docker"),
    ):
        require(run(list(words), within_s=10), doing=f"preparing Docker's place: {' '.join(map(str, words))}")
    for name in _RUNTIME:
        place = tree / "opt/runtime" / name
        place.write_bytes(Path(__file__).with_name(name).read_bytes())
        place.chmod(0o755)


def _client(tree: Path, data: Path) -> Path:
    """A directory that holds Docker's client, for a machine that has none."""
    place = data / "client"
    place.mkdir(exist_ok=True)
    (place / "docker").unlink(missing_ok=True)
    (place / "docker").symlink_to(tree / "usr/bin/docker")
    return place


def _forget_containers() -> None:
    """Remove what a run that was killed left in the store: with its processes gone it is only in the way."""
    left = run(["docker", "ps", "--all", "--quiet"], within_s=60).stdout.split()
    if left:
        run(["docker", "rm", "--force", "--volumes", *left], within_s=120)
    run(["docker", "network", "prune", "--force"], within_s=60)
    run(["docker", "volume", "prune", "--force"], within_s=60)


def _forget_groups() -> None:
    """Remove the control groups of containers that are gone: they belong to no namespace."""
    for group in sorted(_GROUPS.glob("*/docker/**/"), key=lambda one: len(one.parts), reverse=True):
        with contextlib.suppress(OSError):
            group.rmdir()

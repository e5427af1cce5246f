"""`python -m kind prepare | run COMMAND… | mesh COMMAND… | gate MINUTES COMMAND…`: makes the bed, runs a command in it.

What `mesh` runs finds a mesh's images in Docker's store beside the others.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from subprocess import TimeoutExpired, call
from typing import Final

from kind import debian
from kind.daemon import docker, inside
from kind.localstack import REQUIREMENTS, make_localstack
from kind.mesh import PROGRAMS, make_mesh
from kind.node import make_node
from kind.programs import OWN, all_programs, program
from kind.store import Store, own_text, say
from kind.sysctls import kept
from kind.workloads import IMAGES, make_images
from meshproof.errors import MeshproofError, TargetError
from meshproof.process import require, run

_LOAD_WITHIN_S: Final = 600.0
_AGAIN: Final = (sys.executable, "-m", "kind")
_NODE: Final = (
    *("archive.py", "control_plane.py", "node.py", "pause.go", "pod-network"),
    *("kube-router.yaml", "metrics-server.yaml"),
)
_IMAGES: Final = ("archive.py", "workloads.py")
_MESH: Final = ("archive.py", "mesh.py", "mesh.toml", "nc.go", "packet_filter.py", "small.py")
#: No status of pytest: there is no test bed (sysexits.h calls it EX_TEMPFAIL).
_NO_BED: Final = 75
_USAGE: Final = 4
#: pytest's own where a MUST could not be seen: on a machine that is too slow for the clusters, that is no failure.
_UNSEEN: Final = 6


def prepare(store: Store) -> tuple[Path, Path]:
    """Debian's tree, and Docker's store with the images in it. Raises TargetError."""
    if os.geteuid() != 0:
        message = "the test bed needs root: it mounts, and Docker's daemon runs in it"
        raise TargetError(message)
    tree = store.part("debian", debian.made_of(), debian.make_tree)
    for name in (*all_programs(), "kind", "etcd", "kube-apiserver"):
        program(name)
    made_of = [str(tree), OWN.read_text(encoding="utf-8"), *own_text(*_NODE)]
    node = store.part("node", made_of, lambda to: make_node(tree, to))
    made_of = [REQUIREMENTS.read_text(encoding="utf-8"), *own_text("archive.py", "localstack.py")]
    localstack = store.part("localstack", made_of, make_localstack)
    images = store.part("images", [IMAGES.read_text(encoding="utf-8"), *own_text(*_IMAGES)], make_images)
    archives = [node / "node.tar", localstack / "localstack.tar", *sorted(images.glob("*.tar"))]
    data = store.part("docker", [str(node), str(localstack), str(images)], lambda to: _load(tree, to, archives))
    require(run(inside(tree, ["true"]), within_s=60), doing="making namespaces for Docker's daemon")
    return tree, data


def main(words: Sequence[str]) -> int:
    """The command's status, or 75 where there is no test bed."""
    match words:
        case ["prepare"]:
            store = Store.of_user()
            with store.held():
                prepare(store)
        case ["run" | "mesh" as word, *command] if command:
            return _in_bed(command, with_mesh=word == "mesh")
        case ["gate", minutes, *command] if command:
            return gate(float(minutes), command)
        case ["inside", tree, data, archives, *command]:
            with docker(Path(tree), Path(data)) as client:
                _give(archives.split(os.pathsep))
                return call(command, env={**os.environ, **client})
        case ["load", tree, data, *archives]:
            with docker(Path(tree), Path(data)):
                _give(archives)
        case _:
            say("usage: python -m kind prepare | run COMMAND… | mesh COMMAND… | gate MINUTES COMMAND…")
            return _USAGE
    return 0


def gate(minutes: float, command: Sequence[str]) -> int:
    """For a pipeline: the command's status, or 75, which is no failure, where nothing failed but not all was seen."""
    try:
        is_here = call([*_AGAIN, "prepare"], timeout=minutes * 60) == 0
    except TimeoutExpired:
        say(f"NOT RUN: not ready within {minutes:g} minutes; the next run goes on where this one stopped")
        return _NO_BED
    status = call([*_AGAIN, "run", *command]) if is_here else _NO_BED
    if status == _NO_BED:
        say("NOT RUN: there is no test bed, for the reason above")
    elif status == _UNSEEN:
        say("NOT SEEN: nothing failed, but controls could not be seen on kind, for the reasons above")
        return _NO_BED
    return status


def _in_bed(command: Sequence[str], *, with_mesh: bool) -> int:
    store = Store.of_user()
    with store.held(), kept():
        tree, data = prepare(store)
        archives = os.pathsep.join(map(str, sorted(_mesh(store, tree).glob("*.tar")))) if with_mesh else ""
        return call(inside(tree, [*_AGAIN, "inside", tree, data, archives, *command]))


def _mesh(store: Store, tree: Path) -> Path:
    """The archives of a mesh's images, made of what was built of Istio."""
    versions = [f"{name} {program(name).version}" for name in PROGRAMS]
    made_of = [str(tree), *versions, *own_text(*_MESH)]
    return store.part("mesh", made_of, lambda to: make_mesh(tree, to))


def _give(archives: Sequence[str]) -> None:
    for archive in filter(None, archives):
        done = run(["docker", "load", "--input", archive], within_s=_LOAD_WITHIN_S)
        require(done, doing=f"loading {archive}")


def _load(tree: Path, data: Path, archives: Sequence[Path]) -> None:
    done = run(inside(tree, [*_AGAIN, "load", tree, data, *archives]), within_s=_LOAD_WITHIN_S)
    require(done, doing="loading images into Docker")


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except MeshproofError as error:
        say(str(error))
        sys.exit(_NO_BED)

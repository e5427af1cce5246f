"""kind's clusters of one run: made, adopted, deleted; each with its administrator's way in."""

from __future__ import annotations

import base64
import binascii
import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from meshproof.components.authority import private
from meshproof.errors import TargetError
from meshproof.probes.kubernetes import Credentials
from meshproof.process import Completed, run
from meshproof.targets.kind.docker import bring, docker, trouble
from meshproof.targets.kind.network import create as create_network
from meshproof.toolchain import find

#: Every cluster and network that this engine made is called so.
PREFIX: Final = "meshproof-"
_NETWORK: Final = "KIND_EXPERIMENTAL_DOCKER_NETWORK"
#: kubeadm would close it to pods; where it is the only node, kind itself opens it again.
_OPEN: Final = json.dumps({"kind": "InitConfiguration", "nodeRegistration": {"taints": []}})
#: What a kubelet says before it ends, and kind does not.
_TOO_MANY: Final = "too many open files"
_UNWATCHED: Final = "a user may watch too few files for so many nodes: `sysctl fs.inotify.max_user_instances=1024`; "
_CREATE_WITHIN_S: Final = 600.0
_DUMP_WITHIN_S: Final = 60.0
_LOAD_WITHIN_S: Final = 300.0
_DELETE_WITHIN_S: Final = 120.0


def create(
    names: Sequence[str], *, image: str, workers: int, network: str, directory: Path
) -> Mapping[str, Credentials]:
    """One cluster for each name, side by side on one network; by name, how it is reached.

    Raises TargetError: a cluster of the name exists, a node does not come up, Docker is gone.
    """
    taken = sorted(set(names) & set(existing()))
    if taken:
        message = f"a kind cluster {taken[0]} exists already: `kind delete cluster --name {taken[0]}`, or adopt it"
        raise TargetError(message)
    create_network(network)
    nodes = directory / "kind.json"
    nodes.write_text(json.dumps(of_nodes(workers)), encoding="utf-8")
    with ThreadPoolExecutor(len(names)) as pool:
        return dict(zip(names, pool.map(lambda one: _create(one, image, network, nodes), names), strict=True))


def of_nodes(workers: int) -> Mapping[str, object]:
    """What kind is told of a cluster with so many workers.

    Its first node takes pods as they do, so that two of them make the three zones that pods are declared to be spread
    over: on one machine it costs nothing to use it, and a third worker would.
    """
    first: dict[str, object] = {"role": "control-plane"}
    if workers:
        first["kubeadmConfigPatches"] = [_OPEN]
    nodes = [first, *[{"role": "worker"}] * workers]
    return {"apiVersion": "kind.x-k8s.io/v1alpha4", "kind": "Cluster", "nodes": nodes}


def adopt(names: Sequence[str], *, directory: Path) -> Mapping[str, Credentials]:
    """Clusters that somebody else made. Raises TargetError naming those that there are."""
    found = existing()
    for name in names:
        if name not in found:
            message = f"there is no kind cluster {name} to adopt; there are: {', '.join(found) or 'none'}"
            raise TargetError(message)
    return {name: credentials(_kind("get", "kubeconfig", "--name", name).stdout, directory, name) for name in names}


def existing() -> list[str]:
    """The names of all of kind's clusters here."""
    return [one for one in _kind("get", "clusters").stdout.split("\n") if one]


def load(name: str, images: Sequence[str]) -> None:
    """Give the nodes of a cluster the images that they lack, which Docker pulls where it can. Raises TargetError."""
    nodes = _kind("get", "nodes", "--name", name).stdout.split()
    lacking = [one for one in images if not all(_has(node, one) for node in nodes)]
    if not lacking:
        return
    bring(lacking)
    done = _kind("load", "docker-image", *lacking, "--name", name, within_s=_LOAD_WITHIN_S)
    if done.returncode != 0:
        message = f"the nodes of {name} do not take {', '.join(lacking)}: {done.last_words()}"
        raise TargetError(message)


def delete(names: Sequence[str], network: str) -> None:
    """Delete clusters and their network; what is gone already is fine."""
    for name in names:
        _kind("delete", "cluster", "--name", name, "--kubeconfig", os.devnull, within_s=_DELETE_WITHIN_S)
    docker("network", "rm", network)


def credentials(kubeconfig: str, directory: Path, name: str) -> Credentials:
    """The way in that a kubeconfig of kind's describes, as files for the user alone. Raises TargetError."""
    try:
        read: Any = YAML(typ="safe").load(kubeconfig)
        cluster, user = read["clusters"][0]["cluster"], read["users"][0]["user"]
        given = (cluster["certificate-authority-data"], user["client-certificate-data"], user["client-key-data"])
        files = [
            private(directory / f"{name}.{kind}", base64.b64decode(text).decode())
            for kind, text in zip(("ca", "crt", "key"), given, strict=True)
        ]
        return Credentials(url=str(cluster["server"]), authority=files[0], certificate=files[1], key=files[2])
    except (KeyError, IndexError, TypeError, YAMLError, binascii.Error, UnicodeDecodeError) as error:
        says = " ".join(f"{type(error).__name__} {error}".split())
        message = f"kind's kubeconfig of {name} cannot be read: {says}; create it anew"
        raise TargetError(message) from error


def _create(name: str, image: str, network: str, nodes: Path) -> Credentials:
    file = nodes.with_name(f"{name}.kubeconfig")
    words = ["--name", name, "--image", image, "--config", str(nodes), "--kubeconfig", str(file), "--retain"]
    done = _kind("create", "cluster", *words, environment={_NETWORK: network}, within_s=_CREATE_WITHIN_S)
    if done.returncode != 0:
        message = f"kind could not create the cluster {name}: {trouble(done.last_words(12))}; {_dump(name)}"
        raise TargetError(message)
    return credentials(file.read_text(encoding="utf-8"), file.parent, name)


def _has(node: str, image: str) -> bool:
    return docker("exec", node, "crictl", "inspecti", "--quiet", image).returncode == 0


def _dump(name: str) -> str:
    """Keep what the nodes have written, which goes with them; where it lies, in words."""
    place = Path(tempfile.gettempdir()) / f"{name}-logs"
    done = _kind("export", "logs", str(place), "--name", name, within_s=_DUMP_WITHIN_S)
    if done.returncode != 0:
        return "its nodes left no logs"
    logs = [one.read_text(encoding="utf-8", errors="replace") for one in place.glob("*/kubelet.log")]
    return f"{_UNWATCHED if any(_TOO_MANY in one for one in logs) else ''}its nodes' logs are in {place}"


def _kind(*words: str, environment: Mapping[str, str] | None = None, within_s: float = 30.0) -> Completed:
    return run([find("kind").path, *words], within_s=within_s, env={**os.environ, **(environment or {})}, name="kind")

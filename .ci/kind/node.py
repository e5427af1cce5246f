"""kind's node image: Debian, kind's own files, a container runtime, Kubernetes and the control plane's images."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from kind.archive import Image, lay, write_archive
from kind.control_plane import required_images, write_images
from kind.programs import bundle, program
from meshproof.components.readiness import await_ready
from meshproof.errors import TargetError
from meshproof.process import Running, require, run, scratch
from meshproof.toolchain.platform import this_platform

_FILES: Final = "images/base/files"
_PLACES: Final[Mapping[str, str]] = {
    **dict.fromkeys(("containerd", "containerd-shim-runc-v2", "ctr", "crictl"), "usr/local/bin"),
    **dict.fromkeys(("kubeadm", "kubelet", "kubectl"), "usr/bin"),
    **dict.fromkeys(("cni-ptp", "cni-host-local", "cni-portmap", "cni-loopback"), "opt/cni/bin"),
}
#: kindnetd cannot be had: routes lead to the pods, from other nodes as from their own (`pod-network`, which says what
#: PART is). Their range is that of all nodes, so that what one pod sends to another comes from its own address.
_NETWORK: Final = {
    "cniVersion": "1.0.0",
    "name": "bed",
    "plugins": [
        {
            "type": "ptp",
            "ipMasq": True,
            "mtu": 1500,
            "ipam": {
                "type": "host-local",
                "ranges": [
                    [
                        {
                            "subnet": "10.244.0.0/16",
                            "gateway": "PART.1",
                            "rangeStart": "PART.2",
                            "rangeEnd": "PART.254",
                        }
                    ]
                ],
                "routes": [{"dst": "0.0.0.0/0"}],
            },
        },
        {"type": "portmap", "capabilities": {"portMappings": True}},
    ],
}
_SETTINGS: Final = "kind/pod-network.json"
_BEFORE_KUBELET: Final = f"""[Service]
ExecStartPre=/bin/sh -euc "pod-network </{_SETTINGS} >/etc/cni/net.d/10-bed.conflist"
"""
#: By the manifest that kind applies from the image itself, what it is here: in the place of kindnetd, what enforces
#: network policies; in that of what gives volumes, which cannot be had, what serves metrics.
_ADDED: Final[Mapping[str, Path]] = {
    "default-cni": Path(__file__).with_name("kube-router.yaml"),
    "default-storage": Path(__file__).with_name("metrics-server.yaml"),
}
_UNITS: Final = ("kubelet", "containerd", "undo-mount-hacks")
#: It registers with the whole kernel.
_MASKED: Final = "systemd-binfmt"
_TAG_WITHIN_S: Final = 60.0
_IMPORT_WITHIN_S: Final = 300.0


def make_node(tree: Path, to: Path) -> None:
    """Write `node.tar`, an image that `kind create cluster --image` takes."""
    files = lay(to / "files", dict(_files()))
    _settings(files, program("kubelet").version)
    wanted = [one for one in required_images(program("kubelet").version) if "/pause:" not in one]
    with scratch("images") as place:
        added = [_image_in(manifest) for manifest in _ADDED.values()]
        _import(write_images([*wanted, _sandbox(files), *added], tree, place), files)
    image = Image(
        name=node_image(),
        layers=[tree, files],
        entrypoint=["/usr/local/bin/entrypoint", "/sbin/init"],
        environment={"container": "docker"},
        stop_signal="SIGRTMIN+3",
    )
    write_archive(image, to / "node.tar", platform=this_platform())
    shutil.rmtree(files)


def node_image() -> str:
    """The image's name."""
    return f"kindest/node:v{program('kubelet').version}"


def _files() -> Iterator[tuple[str, Path]]:
    for name, place in _PLACES.items():
        yield f"{place}/{name.removeprefix('cni-')}", program(name).path
    found = bundle("kind-node-files")
    for file in found.files:
        yield str(file).rpartition(f"{_FILES}/")[2], file
    yield "usr/local/bin/pod-network", Path(__file__).with_name("pod-network")


def _settings(files: Path, version: str) -> None:
    """What kind's own builder changes after it has laid its files, and what this machine needs."""
    for script in [*(files / "usr/local/bin").iterdir(), *(files / "kind/bin").iterdir()]:
        script.chmod(0o755)
    _write(files / "kind/version", f"v{version}")
    for name, manifest in _ADDED.items():
        _write(files / f"kind/manifests/{name}.yaml", manifest.read_text(encoding="utf-8"))
    _write(files / _SETTINGS, json.dumps(_NETWORK, indent=1))
    _write(files / "etc/systemd/system/kubelet.service.d/12-bed.conf", _BEFORE_KUBELET)
    (files / "etc/cni/net.d").mkdir(parents=True)
    _write(files / "etc/containerd/cri-base.json", json.dumps(_specification()))
    _write(files / "etc/systemd/journald.conf", "[Journal]\nReadKMsg=no\n")
    kubelet = files / "etc/default/kubelet"
    _write(kubelet, f"{kubelet.read_text(encoding='utf-8').strip()} --fail-cgroupv1=false\n")
    containerd = files / "etc/containerd/config.toml"
    text = containerd.read_text(encoding="utf-8")
    _write(containerd, text.replace("restrict_oom_score_adj = false", "restrict_oom_score_adj = true"))
    wants = files / "etc/systemd/system/multi-user.target.wants"
    wants.mkdir(parents=True)
    for unit in _UNITS:
        (wants / f"{unit}.service").symlink_to(f"/etc/systemd/system/{unit}.service")
    (files / f"etc/systemd/system/{_MASKED}.service").symlink_to("/dev/null")
    (files / "etc/kubernetes/manifests").mkdir(parents=True)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _specification() -> Mapping[str, object]:
    """The specification that each container begins from: kind's hook in it, and no limits of its own."""
    done = require(run([program("ctr").path, "oci", "spec"], within_s=30), doing="asking ctr for its specification")
    specification: dict[str, dict[str, object]] = json.loads(done.stdout)
    specification["process"].pop("rlimits", None)
    specification["hooks"] = {"createContainer": [{"path": "/kind/bin/mount-product-files.sh"}]}
    return specification


def _image_in(manifest: Path) -> str:
    """The image that a manifest names."""
    lines = manifest.read_text(encoding="utf-8").splitlines()
    return next(line.partition("image: ")[2] for line in lines if line.strip().startswith("image: "))


def _sandbox(files: Path) -> str:
    """The image of pause that the container runtime is set to."""
    for line in (files / "etc/containerd/config.toml").read_text(encoding="utf-8").splitlines():
        if line.strip().startswith("sandbox_image"):
            return line.partition('"')[2].rstrip('"')
    message = "kind's settings of containerd name no sandbox_image any more; look into kind-node-files"
    raise TargetError(message)


def _import(archives: list[Path], files: Path) -> None:
    """Let a containerd of its own take the images into the store that the node will begin with."""
    ctr = program("ctr").path
    with scratch("containerd") as place:
        socket = place / "socket"
        words = ["--root", files / "var/lib/containerd", "--state", place / "state", "--address", socket]
        (files / "var/lib").mkdir(parents=True)
        with Running([program("containerd").path, *map(str, words)], log=place / "log") as running:
            await_ready(running, socket.is_socket, within_s=_TAG_WITHIN_S, what="containerd")
            for archive in archives:
                done = run(
                    [ctr, "-a", socket, "-n", "k8s.io", "images", "import", "--local", "--no-unpack", archive],
                    within_s=_IMPORT_WITHIN_S,
                )
                require(done, doing=f"importing {archive.name}")

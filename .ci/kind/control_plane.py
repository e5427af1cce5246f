"""The images that a cluster begins with, each FROM scratch with the program that was built.

kubeadm wants them, but for the two that enforce network policies and serve metrics.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from kind.archive import Image, lay, write_archive
from kind.debian import files_of
from kind.programs import program
from meshproof.errors import TargetError
from meshproof.process import require, run
from meshproof.toolchain.platform import this_platform

#: By the last part of an image's name: the program in it and where it is looked for.
_PROGRAMS: Final[Mapping[str, str]] = {
    "kube-apiserver": "/usr/local/bin/kube-apiserver",
    "kube-controller-manager": "/usr/local/bin/kube-controller-manager",
    "kube-scheduler": "/usr/local/bin/kube-scheduler",
    "kube-proxy": "/usr/local/bin/kube-proxy",
    "kube-router": "/usr/local/bin/kube-router",
    "metrics-server": "/metrics-server",
    "etcd": "/usr/local/bin/etcd",
    "coredns": "/coredns",
}
#: These change the node's rules: what they run for that, with its libraries and the links of a merged /usr.
_CHANGE_RULES: Final = ("kube-proxy", "kube-router")
_FOR_RULES: Final = (
    *("iptables", "nftables", "ipset", "conntrack", "libc6", "libxtables12", "libip4tc2", "libip6tc2", "libipset13"),
    *("libmnl0", "libnftnl11"),
    *("libnetfilter-conntrack3", "libnfnetlink0", "libnftables1", "libgmp10", "libjansson4", "libedit2", "libtinfo6"),
    *("libbsd0", "libmd0"),
)
_MERGED: Final = ("bin", "sbin", "lib", "lib64")
_BUILD_WITHIN_S: Final = 120.0


def required_images(version: str) -> list[str]:
    """What kubeadm wants to be there for a version of Kubernetes."""
    words: list[str | Path] = [program("kubeadm").path, "config", "images", "list", f"--kubernetes-version=v{version}"]
    return require(run(words, within_s=60), doing="asking kubeadm for its images").stdout.split()


def write_images(names: list[str], tree: Path, to: Path) -> list[Path]:
    """Write the archive of each image; returns their paths."""
    return [_write(name, tree, to) for name in names]


def _write(name: str, tree: Path, to: Path) -> Path:
    kind = name.rpartition("/")[2].partition(":")[0]
    root, archive = to / kind, to / f"{kind}.tar"
    root.mkdir()
    if kind == "pause":
        _build_pause(root / "pause")
        entrypoint = "/pause"
    elif kind in _PROGRAMS:
        entrypoint = _PROGRAMS[kind]
        lay(root, {entrypoint: program(kind).path})
    else:
        message = f"{name}: kubeadm wants an image that the test bed does not know; add its program"
        raise TargetError(message)
    if kind in _CHANGE_RULES:
        for path in _MERGED:
            (root / path).symlink_to(f"usr/{path}")
        lay(root, dict(_rules(tree)))
    write_archive(Image(name=name, layers=[root], entrypoint=[entrypoint]), archive, platform=this_platform())
    shutil.rmtree(root)
    return archive


def _rules(tree: Path) -> Iterator[tuple[str, Path]]:
    for path in files_of(tree, *_FOR_RULES):
        first, _, rest = path.partition("/")
        if rest and not path.startswith("usr/share/"):
            yield (f"usr/{first}/{rest}" if first in _MERGED else path), tree / path
    for link in (tree / "etc/alternatives").glob("ip*tables*"):
        if (named := tree / "usr/sbin" / link.name).is_symlink():
            yield str(link.relative_to(tree)), link
            yield str(named.relative_to(tree)), named


def _build_pause(to: Path) -> None:
    source = Path(__file__).with_name("pause.go")
    go = shutil.which("go")
    if go is None:
        message = "go is not on PATH, and the test bed builds with it; install Go from https://go.dev/dl/"
        raise TargetError(message)
    done = run(
        ["/usr/bin/env", "CGO_ENABLED=0", go, "build", "-trimpath", "-ldflags=-s -w", "-o", to, source],
        within_s=_BUILD_WITHIN_S,
    )
    require(done, doing="building pause")

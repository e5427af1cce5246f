"""LocalStack's image where it cannot be pulled: Debian with a Python that is new enough, and LocalStack as PyPI has it.

What LocalStack itself would download at the first use (DynamoDB Local, Lambda's runtimes, OpenSearch) is not in it.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Final

from kind.archive import Image, write_archive
from kind.debian import archive, bootstrap
from meshproof.process import require, run
from meshproof.toolchain.platform import this_platform

#: The last release that starts without a token, with what it needed on the day of its release.
REQUIREMENTS: Final = Path(__file__).with_name("localstack.requirements.txt")
IMAGE: Final = "localstack/localstack:4.14.0"
#: The first release of Debian whose Python LocalStack takes.
SUITE: Final = "trixie"
PYTHON: Final = "3.13"
PACKAGES: Final = ("python3", "ca-certificates", "tini")
_SITE: Final = "opt/localstack"
_DIRECTORIES: Final = ("usr/lib/localstack", "var/lib/localstack")
#: pip knows of no manylinux that includes the ones before it.
_WHEELS: Final = ("2_28", "2_27", "2_26", "2_24", "2_17", "2014", "2010", "1")
_INSTALL_WITHIN_S: Final = 1200.0


def make_localstack(to: Path) -> None:
    """Write `localstack.tar`, an image that answers on port 4566."""
    tree, files = to / "tree", to / "files"
    tree.mkdir()
    bootstrap(tree, PACKAGES, SUITE, archive())
    _install(files / _SITE)
    for path in _DIRECTORIES:
        (files / path).mkdir(parents=True)
    image = Image(
        name=IMAGE,
        layers=[tree, files],
        entrypoint=["/usr/bin/tini", "--", "/usr/bin/python3", "-m", "localstack.runtime.main"],
        environment={
            "PYTHONPATH": f"/{_SITE}",
            "GATEWAY_LISTEN": "0.0.0.0:4566",
            "DNS_ADDRESS": "0",  # it would answer names that nobody asks it for
        },
    )
    write_archive(image, to / "localstack.tar", platform=this_platform())
    shutil.rmtree(tree)
    shutil.rmtree(files)


def _install(site: Path) -> None:
    machine = this_platform().rpartition("_")[2].replace("amd64", "x86_64").replace("arm64", "aarch64")
    platforms = [word for one in _WHEELS for word in ("--platform", f"manylinux{_tag(one)}_{machine}")]
    words = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-compile", "--target", str(site)]
    words += ["--python-version", PYTHON, *platforms, "--requirement", str(REQUIREMENTS)]
    require(run(words, within_s=_INSTALL_WITHIN_S), doing="installing LocalStack's packages")


def _tag(release: str) -> str:
    return f"_{release}" if "_" in release else release

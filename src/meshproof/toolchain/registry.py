"""Programs from the Python package registry: hash-pinned requirements in a virtual environment of their own."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path

from meshproof.errors import TargetError
from meshproof.process import ProgramFailed, require, run
from meshproof.toolchain.order import Order
from meshproof.toolchain.sources import Package

#: Checkov's 99 packages need 90 s from a near mirror on two cores; ten times that on a slow line.
_INSTALL_WITHIN_S = 900.0

_LAUNCHER = """#!/bin/sh
# Isolated (-I): neither PYTHONPATH nor a module of the working directory gets in.
exec "$(dirname "$(readlink -f "$0")")/venv/bin/python" -I -m {module} "$@"
"""


def fetch_package(source: Package, order: Order) -> str:
    """Install the requirements; returns what was installed. Raises TargetError.

    pip asks the index that the user configured; the hashes in the requirements decide what is accepted.
    """
    environment = order.executable.parent / "venv"
    python = environment / "bin" / "python"
    order.say(f"making a Python environment for {order.name}")
    try:
        require(
            run([sys.executable, "-I", "-m", "venv", environment], within_s=_INSTALL_WITHIN_S, name="venv"),
            doing=f"{order.name}: making its environment (on Debian and Ubuntu: apt install python3-venv)",
        )
        order.say(f"installing {order.name} {order.entry.version} from the Python package registry")
        pip: list[str | Path] = [python, "-I", "-m", "pip", "--no-input", "--disable-pip-version-check"]
        pinned = order.beside / source.requirements
        install = [*pip, "install", "--quiet", "--require-hashes", "--no-deps", "--requirement", pinned]
        done = run(install, within_s=_INSTALL_WITHIN_S, env=pip_environment(), name="pip")
        require(done, doing=f"{order.name}: installing its pinned packages (check the network and pip's index)")
        require(run([*pip, "uninstall", "--quiet", "--yes", "pip"], within_s=60.0), doing="removing pip")
    except ProgramFailed as error:
        raise TargetError(str(error)) from error
    order.executable.write_text(_LAUNCHER.format(module=shlex.quote(source.module)), encoding="utf-8")
    order.executable.chmod(0o755)
    return f"package {order.name}=={order.entry.version}"


def pip_environment() -> dict[str, str]:
    """The user's environment without the constraints of whoever started us: they are about another environment."""
    kept = {name: value for name, value in os.environ.items() if name != "PIP_CONSTRAINT"}
    return {**kept, "PIP_REQUIRE_VIRTUALENV": "0"}

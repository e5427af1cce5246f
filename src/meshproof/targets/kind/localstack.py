"""The AWS account beside the clusters: LocalStack in a container, started and removed by testcontainers."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import httpx

from meshproof.components.moto import Account, Emulator
from meshproof.errors import NotYet, ProbeError, TargetError
from meshproof.probes.plain import look
from meshproof.targets.kind.docker import bring, require_docker
from meshproof.targets.kind.images import Images
from meshproof.waiting import until

if TYPE_CHECKING:
    from testcontainers.core.container import DockerContainer

#: Where LocalStack's own tools look for it; releases after 4.14.0 do not start without one.
TOKEN: Final = "LOCALSTACK_AUTH_TOKEN"  # noqa: S105 - a variable's name
#: It takes an access key of twelve digits for the account's number.
LOCALSTACK: Final = Emulator("LocalStack", health="/_localstack/health", copies=False, key="")
_PORT: Final = 4566
_WANTS_TOKEN: Final = 55
_READY_WITHIN_S: Final = 300.0
_WORDS: Final = 400
#: It asks nobody outside for anything.
_QUIET: Final = {"DISABLE_EVENTS": "1", "SKIP_SSL_CERT_DOWNLOAD": "1"}


@contextmanager
def localstack_account(number: str, images: Images) -> Iterator[Account]:
    """An empty account until the end of the block, removed with it; where Ryuk runs, also after SIGKILL.

    Raises TargetError: no Docker, no image, a release that wants a token, one that does not come up.
    """
    require_docker()
    bring([one for one in (images.localstack, images.ryuk) if one])
    container = _container(images)
    try:
        container.start()
        endpoint = _endpoint(container)
        _await_ready(container, endpoint, images.localstack)
        yield Account(number, endpoint, emulator=LOCALSTACK)
    finally:
        container.stop()


def _container(images: Images) -> DockerContainer:
    try:
        from testcontainers.core.config import testcontainers_config  # noqa: PLC0415 - only this target needs it
        from testcontainers.core.container import DockerContainer  # noqa: PLC0415
    except ImportError as error:
        message = "the account beside kind needs testcontainers, which is not installed: pip install 'meshproof[kind]'"
        raise TargetError(message) from error
    testcontainers_config.ryuk_disabled = not images.ryuk
    testcontainers_config.ryuk_image = images.ryuk
    token = {TOKEN: os.environ[TOKEN]} if os.environ.get(TOKEN) else {}
    return DockerContainer(images.localstack, env={**_QUIET, **token}, ports=[_PORT])


def _endpoint(container: DockerContainer) -> str:
    """By number: a bucket's name before a host's name would have to be resolved."""
    host = container.get_container_host_ip()
    return f"http://{'127.0.0.1' if host == 'localhost' else host}:{container.get_exposed_port(_PORT)}"


def _await_ready(container: DockerContainer, endpoint: str, image: str) -> None:
    def answers() -> bool:
        if (status := _ended(container)) is not None:
            raise _EndedError(ended(image, status, _last_words(container)))
        try:
            return look(f"{endpoint}{LOCALSTACK.health}", within_s=1.0).status_code == httpx.codes.OK
        except httpx.HTTPError as error:
            message = f"{image} does not answer yet: {error}"
            raise ProbeError(message) from error

    try:
        until(answers, bool, within_s=_READY_WITHIN_S, every_s=0.2, what=f"{image} ready")
    except _EndedError as error:
        raise TargetError(str(error)) from error
    except NotYet as error:
        message = f"{error}; its last words: {_last_words(container)}"
        raise TargetError(message) from error


def ended(image: str, status: int, words: str) -> str:
    """Why a container of LocalStack has ended before it answered, in one sentence with what to do."""
    if status == _WANTS_TOKEN:
        return (
            f"{image} ended with status 55: this release of LocalStack wants a licence; set {TOKEN}, "
            "or name localstack/localstack:4.14.0, the last that starts without one, with --images"
        )
    return f"{image} ended with status {status} before it answered: {words or 'it said nothing'}"


def _ended(container: DockerContainer) -> int | None:
    found = container.get_wrapped_container()
    found.reload()
    return int(found.attrs["State"]["ExitCode"]) if found.status in ("exited", "dead") else None


def _last_words(container: DockerContainer) -> str:
    return " ".join(b" ".join(container.get_logs()).decode(errors="replace").split())[-_WORDS:]


class _EndedError(Exception):
    """It ended while it was waited for: no more looking."""

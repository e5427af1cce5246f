"""Google's emulator of Pub/Sub as a plain process, asked over its REST interface."""

from __future__ import annotations

import base64
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx

from meshproof.components.readiness import await_ready
from meshproof.errors import ProbeError, TargetError
from meshproof.probes.plain import look
from meshproof.process import Running

_NAME: Final = "cloud-pubsub-emulator"
_BESIDE: Final = Path("platform/pubsub-emulator/bin")
_ADDRESS: Final = "127.0.0.1"
_PROJECT: Final = "projects/drill"
_READY_WITHIN_S: Final = 90.0
_ANSWER_WITHIN_S: Final = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PubSub:
    """One emulator; topics and subscriptions are those of a project of its own."""

    url: str
    process: Running

    def make(self, topic: str, subscription: str, *, ordered: bool) -> None:
        """Make a topic and a subscription to it. Raises ProbeError."""
        self._call("PUT", f"topics/{topic}", {})
        self._call(
            "PUT",
            f"subscriptions/{subscription}",
            {"topic": f"{_PROJECT}/topics/{topic}", "enableMessageOrdering": ordered, "ackDeadlineSeconds": 60},
        )

    def pull_all(self, subscription: str) -> list[Mapping[str, str]]:
        """The attributes of everything that is there, each acknowledged; `data` beside them. Raises ProbeError."""
        found: list[Mapping[str, str]] = []
        path = f"subscriptions/{subscription}"
        while rows := self._call("POST", f"{path}:pull", {"maxMessages": 1000, "returnImmediately": True}).get(
            "receivedMessages"
        ):
            self._call("POST", f"{path}:acknowledge", {"ackIds": [row["ackId"] for row in rows]})
            found += [
                {**row["message"].get("attributes", {}), "data": base64.b64decode(row["message"]["data"]).decode()}
                for row in rows
            ]
        return found

    def _call(self, method: str, path: str, body: Mapping[str, object]) -> Any:
        try:
            answer = httpx.request(
                method, f"{self.url}/v1/{_PROJECT}/{path}", json=body, timeout=_ANSWER_WITHIN_S, trust_env=False
            )
            answer.raise_for_status()
        except httpx.HTTPError as error:
            message = f"Pub/Sub's emulator: {method} {path}: {error}"
            raise ProbeError(message) from error
        return answer.json()


def emulator() -> Path:
    """The emulator, on PATH or among the components of the Google Cloud SDK. Raises TargetError."""
    if found := shutil.which(_NAME):
        return Path(found)
    if sdk := shutil.which("gcloud"):
        beside = Path(sdk).resolve().parents[1] / _BESIDE / _NAME
        if beside.is_file():
            return beside
    message = (
        f"{_NAME} is neither on PATH nor a component of the Google Cloud SDK: what reaches Pub/Sub cannot be seen; "
        "run `gcloud components install pubsub-emulator`"
    )
    raise TargetError(message)


@contextmanager
def pubsub(*, port: int, directory: Path) -> Iterator[PubSub]:
    """Run it until the end of the block, once it answers. Raises TargetError."""
    argv: Sequence[str | Path] = [emulator(), f"--host={_ADDRESS}", f"--port={port}"]
    url = f"http://{_ADDRESS}:{port}"
    log = directory / "pubsub.log"
    with Running(argv, cwd=directory, log=log, name="Pub/Sub's emulator", stop_within_s=1.0) as process:
        await_ready(
            process,
            lambda: look(url, within_s=1.0).status_code == httpx.codes.OK,
            within_s=_READY_WITHIN_S,
            what="Pub/Sub's emulator",
        )
        yield PubSub(url=url, process=process)

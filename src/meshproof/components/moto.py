"""An AWS account with all its regions, emulated by moto's server in a process of its own.

It runs in the Python of the run: moto is a library, and what it is extended by must be imported where it is.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import httpx

from meshproof.components.readiness import await_ready
from meshproof.errors import TargetError
from meshproof.probes.plain import look
from meshproof.process import Running
from meshproof.waiting import until

_READY_WITHIN_S: Final = 60.0
_ANSWERS_WITHIN_S: Final = 10.0
_STOPS_WITHIN_S: Final = 1.0
#: Any key will do: moto does not check signatures.
CREDENTIALS: Final[Mapping[str, str]] = {
    "AWS_ACCESS_KEY_ID": "meshproof",
    "AWS_SECRET_ACCESS_KEY": "meshproof",
    "AWS_EC2_METADATA_DISABLED": "true",
}
#: Settings of the caller's shell that would lead to another account.
_FOREIGN: Final = ("AWS_", "MOTO_")


@dataclass(frozen=True, slots=True)
class Emulator:
    """What plays AWS: `health` is where it says that it is there, `copies` whether an account of it can be copied.

    `key` is the access key that it wants, empty where it wants the account's number.
    """

    name: str
    health: str
    copies: bool
    key: str


MOTO: Final = Emulator("moto", health="/moto-api/", copies=True, key=CREDENTIALS["AWS_ACCESS_KEY_ID"])


@dataclass(frozen=True, slots=True)
class Account:
    """An emulated account that answers at `endpoint`; `process` is known where it was started."""

    number: str
    endpoint: str
    process: Running | None = field(default=None, compare=False)
    emulator: Emulator = MOTO

    def __reduce__(self) -> tuple[type[Account], tuple[str, str, None, Emulator]]:
        """For another process of the run: where it is, but not the process."""
        return Account, (self.number, self.endpoint, None, self.emulator)

    @property
    def environment(self) -> Mapping[str, str]:
        """What leads any AWS client to it: Terraform's provider, its S3 backend, boto3, the AWS CLI."""
        key = self.emulator.key or self.number
        return {**CREDENTIALS, "AWS_ACCESS_KEY_ID": key, "AWS_ENDPOINT_URL": self.endpoint}

    def require_alive(self) -> None:
        """Raise TargetError, with its last words, where the emulator has ended."""
        if (refused := self._refused()) is None:
            return
        words = self.process.last_words() if self.process is not None else ""
        message = (
            f"the emulated AWS account {self.number} has ended: {words or refused or 'it said nothing'}; "
            "nothing that was applied to it is left, so nothing of it is judged"
        )
        raise TargetError(message)

    def _refused(self) -> str | None:
        """Why it does not answer; an ended one is not asked: its port may be another program's by now."""
        if self.process is not None and (status := self.process.returncode) is not None:
            return f"status {status}"
        try:
            look(f"{self.endpoint}{self.emulator.health}", within_s=_ANSWERS_WITHIN_S)
        except httpx.HTTPError as error:
            return str(error)
        return None

    def reset(self) -> None:
        """Empty the account. Raises TargetError where it does not answer."""
        self._ask("/moto-api/reset")

    @contextmanager
    def copied(self) -> Iterator[Account]:
        """A second account, equal to this one until either is changed, until the end of the block.

        Raises TargetError where this one does not answer, or cannot be copied.
        """
        if not self.emulator.copies:
            message = f"{self.emulator.name} cannot copy an account, so nothing is broken in this one"
            raise TargetError(message)
        port = self._ask("/meshproof/copy").json()["port"]
        copy = Account(self.number, f"http://127.0.0.1:{port}", self.process)
        try:
            yield copy
        finally:
            copy._end()

    def _end(self) -> None:
        self._ask("/meshproof/end")
        until(self._is_gone, bool, within_s=_ANSWERS_WITHIN_S, every_s=0.02, what=f"the end of {self.endpoint}")

    def _is_gone(self) -> bool:
        try:
            look(f"{self.endpoint}/moto-api/", within_s=_ANSWERS_WITHIN_S)
        except httpx.HTTPError:
            return True
        return False

    def _ask(self, path: str) -> httpx.Response:
        try:
            answer = httpx.post(f"{self.endpoint}{path}", timeout=_ANSWERS_WITHIN_S, trust_env=False)
            return answer.raise_for_status()
        except httpx.HTTPError as error:
            self.require_alive()
            message = f"the emulated AWS account {self.number} does not answer {path}: {error}"
            raise TargetError(message) from error


@contextmanager
def emulated_account(number: str, *, port: int, directory: Path) -> Iterator[Account]:
    """Run an empty account on a port of 127.0.0.1 until the end of the block, once it answers. Raises TargetError."""
    if importlib.util.find_spec("moto") is None or importlib.util.find_spec("flask") is None:
        message = "the emulated AWS needs moto's server, which is not installed: pip install 'meshproof[aws]'"
        raise TargetError(message)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
    environment = {**kept, "MOTO_ACCOUNT_ID": number, "MOTO_PORT": str(port), "PYTHONPATH": os.pathsep.join(sys.path)}
    argv = [sys.executable, "-m", "meshproof.components.moto_server", str(port)]
    what = f"emulated AWS account {number}"
    running = Running(argv, env=environment, log=directory / "moto.log", name=what, stop_within_s=_STOPS_WITHIN_S)
    with running as process:
        address = f"http://127.0.0.1:{port}"

        def answers() -> bool:
            return look(f"{address}/moto-api/", within_s=1.0).status_code == httpx.codes.OK

        await_ready(process, answers, within_s=_READY_WITHIN_S, what=what)
        yield Account(number, address, process)

"""boto3's clients of an account that somebody else runs: they only read, slowly, and say which right they lack."""

from __future__ import annotations

import os
from functools import cached_property
from typing import Any, Final

import boto3
from botocore.exceptions import BotoCoreError

from meshproof.errors import ProbeError
from meshproof.probes.aws import Clients
from meshproof.targets.live.actions import ACTIONS, WHO_AM_I
from meshproof.targets.live.reader import Pace

#: Beside an account's own programs nobody should notice a run: most services throttle their control plane at 10 to 20.
PER_S: Final = 10.0
#: How the services say that somebody may not; a HEAD has no body to say it in.
_DENIED: Final = ("AccessDenied", "AccessDeniedException", "AuthorizationError", "UnauthorizedOperation", "403")


class ReadingClients(Clients):
    """With the user's own credentials, wherever boto3 finds them, for what the shipped policy names and no more."""

    def __init__(self, *, per_s: float = PER_S) -> None:
        """`AWS_ENDPOINT_URL` leads elsewhere, as for every AWS program."""
        super().__init__(os.environ)
        self._pace = Pace(per_s)

    @cached_property
    def _session(self) -> boto3.Session:
        return boto3.Session()

    @property
    def has_credentials(self) -> bool:
        """Whether there are any. Raises ProbeError where they are configured, but cannot be had."""
        try:
            return self._session.get_credentials() is not None
        except BotoCoreError as error:
            message = f"the AWS credentials cannot be had: {error}; log in again"
            raise ProbeError(message) from error

    @property
    def region(self) -> str:
        """The user's own, empty where none is set."""
        return self._session.region_name or ""

    def of(self, service: str, region: str) -> Any:
        """The client of a service in a region. Its other calls raise ProbeError, and are not sent."""
        client = super().of(service, region)
        client.meta.events.register_first("before-call", self._let_through, unique_id="meshproof-reads")
        client.meta.events.register_first("after-call", _name_missing_right, unique_id="meshproof-rights")
        return client

    def _let_through(self, model: Any, **_: Any) -> None:
        if (operation := _operation(model)) not in (*ACTIONS, WHO_AM_I):
            message = f"a live target only reads what its policy names: {operation} was not sent"
            raise ProbeError(message)
        self._pace.wait()


def _name_missing_right(model: Any, parsed: Any, **_: Any) -> None:
    if parsed.get("Error", {}).get("Code") in _DENIED and (action := ACTIONS.get(_operation(model))):
        message = f"a right is missing in the AWS account: {action}; `meshproof rights` prints them all"
        raise ProbeError(message)


def _operation(model: Any) -> str:
    return f"{model.service_model.service_name} {model.name}"

"""What a program said last, for the message about it: on one line, and without secrets."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence

#: Names of variables whose values never reach a message.
_SECRET_NAME = re.compile(r"KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIAL", re.IGNORECASE)
_URL_PASSWORD = re.compile(r"(://[^/\s:@]+):[^/\s@]+@")
_SHORTEST_SECRET = 6
#: What Terraform draws around its messages says nothing on one line.
_FRAME = " │╷╵"


def redact(text: str, secrets: Sequence[str]) -> str:
    """The text with each secret, and the password in each URL, replaced by `***`."""
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, "***")
    return _URL_PASSWORD.sub(r"\1:***@", text)


def last_words(text: str, lines: int, secrets: Sequence[str]) -> str:
    """The end of a text on one line, each secret in it replaced."""
    said = [line.strip(_FRAME) for line in text.splitlines()]
    return redact(" | ".join([line for line in said if line][-lines:]), secrets)


def secrets_of(env: Mapping[str, str] | None) -> tuple[str, ...]:
    """Values of an environment (None: this process's own) whose names say that they are secrets."""
    known = os.environ if env is None else env
    return tuple(value for name, value in known.items() if _SECRET_NAME.search(name) and len(value) >= _SHORTEST_SECRET)

"""A client of an API server that only reads, slowly, and says which right it lacks."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Final

import httpx

from meshproof.errors import ProbeError
from meshproof.probes.kubernetes import Api, Credentials
from meshproof.waiting import until

Served = Mapping[tuple[str, str], tuple[str, bool]]

#: Reviews are posts that keep nothing: they ask what somebody may.
REVIEWS: Final = (
    "/apis/authorization.k8s.io/v1/subjectaccessreviews",
    "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
)
#: Beside an API server's own clients nobody should notice a run: client-go gives a controller 20 by default.
PER_S: Final = 20.0
WITHIN_S: Final = 20.0
_UNAUTHORIZED: Final = 401
_FORBIDDEN: Final = 403


class Reader(Api):
    """Sends no request that could change anything, and `per_s` at most. Safe to use from several threads."""

    #: What prints the rights that it needs.
    rights = "meshproof rights"

    def __init__(
        self,
        credentials: Credentials,
        *,
        context: str,
        served: Callable[[], Served] | None = None,
        per_s: float = PER_S,
        within_s: float = WITHIN_S,
    ) -> None:
        """`context` is what the user calls it; `served` knows its resources already, so that they are asked for once.

        `within_s` bounds each part of an answer.
        """
        super().__init__(credentials, within_s=within_s)
        self._served = served
        self._context = context
        self._pace = Pace(per_s)

    @cached_property
    def resources(self) -> Served:
        """As the API server lists them, or as another client of it has them."""
        return self._served() if self._served is not None else super().resources

    def _ask(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        content: bytes | None = None,
        kind: str = "",
    ) -> httpx.Response:
        if not self._may_send(method, path):
            message = f"context {self._context}: a live target only reads: {method} {path} was not sent"
            raise ProbeError(message)
        self._pace.wait()
        got = super()._ask(method, path, params=params, content=content, kind=kind)
        if got.status_code == _UNAUTHORIZED:
            message = f"context {self._context}: its credentials are not valid, or not any more: log in again"
            raise ProbeError(message)
        if got.status_code == _FORBIDDEN:
            message = f"context {self._context}: a right is missing: {_words(got)}; `{self.rights}` prints them all"
            raise ProbeError(message)
        return got

    def _may_send(self, method: str, path: str) -> bool:
        return method == "GET" or (method == "POST" and path in REVIEWS)


class Pace:
    """Lets so many through in each second, evenly."""

    def __init__(self, per_s: float) -> None:
        """The first one goes at once."""
        self._every_s = 1 / per_s
        self._next_at_s = time.monotonic()
        self._lock = threading.Lock()

    def wait(self) -> None:
        """Return when it is this caller's turn."""
        with self._lock:
            turn_at_s = max(self._next_at_s, time.monotonic())
            self._next_at_s = turn_at_s + self._every_s
        left_s = turn_at_s - time.monotonic()
        if left_s > 0:
            until(time.monotonic, lambda now: now >= turn_at_s, within_s=left_s + 1, every_s=left_s, what="its turn")


def _words(got: httpx.Response) -> str:
    try:
        return str(got.json()["message"])
    except (ValueError, KeyError):
        return f"HTTP {got.status_code}"

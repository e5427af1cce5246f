"""Whether a control plane has heard of what its API server took: it hears of each kind by a line of its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import httpx

from meshproof.errors import ProbeError
from meshproof.probes.plain import look
from meshproof.targets.embedded.translate import Object
from meshproof.waiting import until

#: The groups of what the control plane itself lists. Of the rest it makes nothing that it would show.
_GROUPS: Final = ("networking.istio.io", "security.istio.io", "telemetry.istio.io", "extensions.istio.io")
#: What another revision of the control plane has.
_REVISION: Final = "istio.io/rev"
_WITHIN_S: Final = 20.0
_EVERY_S: Final = 0.02
_Key = tuple[str, str, str]


class Told:
    """What a site's API server was told since somebody last waited; what is of one kind may overtake the rest."""

    def __init__(self, debug: str) -> None:
        """`debug` is the URL of the control plane's pages, empty where none runs; nothing was told yet."""
        self._url = f"{debug}/configz" if debug else ""
        self._wanted: dict[_Key, int | None] = {}

    def applied(self, thing: Object, version: str) -> None:
        """The object was taken, and has this version there."""
        if self._url and _is_listed(thing):
            self._wanted[_key(thing)] = int(version)

    def deleted(self, thing: Object) -> None:
        """The object is gone."""
        if self._url and _is_listed(thing):
            self._wanted[_key(thing)] = None

    def await_heard(self) -> None:
        """Wait until the control plane lists all of that. Raises ProbeError, NotYet with what it has not heard of."""
        what = "the control plane hearing of the change"
        if self._wanted:
            until(self._unheard, lambda left: not left, within_s=_WITHIN_S, every_s=_EVERY_S, what=what)
        self._wanted.clear()

    def _unheard(self) -> str:
        try:
            rows = look(self._url, within_s=3).raise_for_status().json()
        except (httpx.HTTPError, ValueError) as error:
            message = f"{self._url}: the control plane does not answer: {error}"
            raise ProbeError(message) from error
        return ", ".join("/".join(one) for one in unheard(rows, self._wanted))


def unheard(rows: Iterable[Mapping[str, Any]], wanted: Mapping[_Key, int | None]) -> list[_Key]:
    """What is not listed at its version or a later one, and what is although it was to go (None)."""
    there = {_key(row): int(row["metadata"].get("resourceVersion") or 0) for row in rows}
    return [
        key for key, version in wanted.items() if (key in there if version is None else there.get(key, -1) < version)
    ]


def _is_listed(thing: Object) -> bool:
    group = str(thing["apiVersion"]).partition("/")[0]
    return group in _GROUPS and _REVISION not in (thing["metadata"].get("labels") or {})


def _key(thing: Mapping[str, Any]) -> _Key:
    metadata = thing["metadata"]
    return str(thing["kind"]), str(metadata.get("namespace") or ""), str(metadata["name"])

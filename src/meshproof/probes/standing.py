"""What stands in a cluster beside what is declared: each declared field, after the server's defaults."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from functools import cache
from typing import Any, Final

from meshproof.declaration.model import UNKNOWN
from meshproof.errors import ProbeError
from meshproof.probes.kubernetes import Api

Object = Mapping[str, Any]

_AT_ONCE: Final = 4
#: A list says them once for all of its items.
_OF_THE_LIST: Final = ("apiVersion", "kind")
#: What a server leaves out where it is false, 0 or empty; a switch that is not there elsewhere has another default.
#: Source: the fields of k8s.io/api that have `omitempty` and are no pointers
_LEFT_OUT: Final = frozenset(
    {
        "globalDefault",
        "hostIPC",
        "hostNetwork",
        "hostPID",
        "initialDelaySeconds",
        "minReadySeconds",
        "paused",
        "publishNotReadyAddresses",
        "readOnly",
        "stdin",
        "stdinOnce",
        "subPath",
        "tty",
    }
)
#: Where a number with a unit is text: the same text elsewhere is a version or a setting.
_NO_QUANTITIES: Final = re.compile(r"metadata\.|data\.|(.+\.)?(labels|annotations|matchLabels|selector|env|args)\.")
_LONGEST: Final = 80
_QUANTITY: Final = re.compile(r"([+-]?\d+(?:\.\d+)?)(n|u|m|k|Ki|M|Mi|G|Gi|T|Ti|P|Pi|E|Ei)?")
_FACTORS: Final[Mapping[str, Decimal]] = {
    **{unit: Decimal(10) ** power for unit, power in zip("num", (-9, -6, -3), strict=True)},
    **{unit: Decimal(1000) ** power for power, unit in enumerate("kMGTPE", 1)},
    **{f"{unit}i": Decimal(1024) ** power for power, unit in enumerate("KMGTPE", 1)},
    "": Decimal(1),
}


class Standing:
    """The objects of one cluster, listed once for each kind that is asked about."""

    def __init__(self, api: Api) -> None:
        """Nothing is asked yet."""
        self._api = api
        self._listed = cache(self._list)

    def prepare(self, things: list[Object]) -> None:
        """List every kind of these side by side; what cannot be listed is said when it is asked about."""
        kinds = dict.fromkeys((str(one["apiVersion"]), str(one["kind"])) for one in things)
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            list(pool.map(lambda kind: self._listed(*kind), kinds))

    def differences(self, declared: Object) -> Iterator[str]:
        """What of a declared object is not there as declared, in words. Raises ProbeError where nobody may look."""
        found = self._listed(str(declared["apiVersion"]), str(declared["kind"]))
        if isinstance(found, ProbeError):
            raise found
        metadata = declared["metadata"]
        there = found.get(("", name := str(metadata["name"]))) or found.get((str(metadata.get("namespace")), name))
        if there is None:
            yield "is not there"
        else:
            named = {key: value for key, value in declared.items() if key not in _OF_THE_LIST}
            yield from differences_of(named, there)

    def _list(self, version: str, kind: str) -> Mapping[tuple[str, str], Object] | ProbeError:
        try:
            served = self._api.resources.get((version, kind))
            rows = self._api.list(version, served[0]) if served is not None else []
        except ProbeError as error:
            return error
        return {(str(one["metadata"].get("namespace") or ""), str(one["metadata"]["name"])): one for one in rows}


def differences_of(declared: object, there: object, at: str = "") -> Iterator[str]:
    """What is declared and not there, by its path; what only the server adds is its default, and no difference."""
    if declared is UNKNOWN or (there is None and _is_nothing(declared, at)):
        return
    if isinstance(declared, Mapping) and isinstance(there, Mapping):
        for key, value in declared.items():
            yield from differences_of(value, there.get(key), f"{at}.{key}" if at else str(key))
    elif isinstance(declared, (list, tuple)) and isinstance(there, list):
        if len(declared) != len(there):
            yield f"{at}: has {len(there)} entries, declared are {len(declared)}"
        for position, (value, other) in enumerate(zip(declared, there, strict=False)):
            yield from differences_of(value, other, f"{at}.{position}")
    elif not _is_equal(declared, there, at):
        yield f"{at}: is {_shown(there)}, declared is {_shown(declared)}"


def _is_nothing(declared: object, at: str) -> bool:
    """Whether a server leaves the value out when it stores it."""
    if declared is None or declared in ([], {}):
        return True
    return declared in ("", 0, False) and at.rpartition(".")[2] in _LEFT_OUT


def _is_equal(declared: object, there: object, at: str) -> bool:
    if isinstance(declared, bool) or isinstance(there, bool):
        return declared is there
    if declared == there:
        return True
    if _NO_QUANTITIES.match(at):
        return False
    one, other = _quantity(declared), _quantity(there)
    return one is not None and one == other


def _quantity(value: object) -> Decimal | None:
    """A resource quantity: the server writes `1000m` as `1`."""
    found = _QUANTITY.fullmatch(str(value)) if isinstance(value, (str, int, float)) else None
    return Decimal(found[1]) * _FACTORS[found[2] or ""] if found is not None else None


def _shown(value: object) -> str:
    text = "nothing" if value is None else repr(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"

"""What real API servers say to declared objects, without keeping anything: server-side apply as a dry run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from meshproof.declaration.model import UNKNOWN
from meshproof.declaration.platform import Item
from meshproof.observation import Observed
from meshproof.probes.kubernetes import Answer, Api
from meshproof.verdict import Assurance

#: Stands where only the cloud will decide a value.
PLACEHOLDER: Final = "known-after-apply.invalid"
_ANY_PORT: Final = 65_535
_NUMBERS: Final = ("number", "port")
_AT_ONCE: Final = 8


class Admission:
    """The API servers of the sites, asked whether they would take an object."""

    def __init__(self, apis: Mapping[str, Api]) -> None:
        """`apis` by site."""
        self._apis = apis

    def ask(self, items: Iterable[Item]) -> list[Observed[Answer]]:
        """Each declared object's answer from the API server of its own site."""
        asked = [one for one in items if one.site in self._apis]
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            answers = list(pool.map(self._one, asked))
        return [
            Observed(address=item.address, place=item.place, value=answer, assurance=Assurance.ACCEPTED)
            for item, answer in zip(asked, answers, strict=True)
        ]

    def ask_about(self, things: Sequence[Mapping[str, Any]], site: str) -> list[Answer]:
        """The answers to objects that nobody declares."""
        return [self._apis[site].apply(one, dry_run=True) for one in things]

    @property
    def sites(self) -> tuple[str, ...]:
        """Where there is an API server."""
        return tuple(self._apis)

    def api(self, site: str) -> Api:
        """The API server of a site."""
        return self._apis[site]

    def _one(self, item: Item) -> Answer:
        return self._apis[item.site].apply(without_unknown(item.values)[0], dry_run=True)


def without_unknown(values: Mapping[str, object]) -> tuple[dict[str, Any], list[str]]:
    """An object in which a placeholder stands for each value that only the cloud will decide, and their paths."""
    found: list[str] = []
    names_namespaces = values.get("kind") == "Sidecar"  # its hosts read namespace/name

    def plain(value: object, at: tuple[str, ...], key: str) -> object:
        if value is UNKNOWN:
            found.append(".".join(at))
            if key in _NUMBERS:
                return _ANY_PORT
            return f"*/{PLACEHOLDER}" if names_namespaces and key == "hosts" else PLACEHOLDER
        if isinstance(value, Mapping):
            return {name: plain(one, (*at, str(name)), str(name)) for name, one in value.items()}
        if isinstance(value, (list, tuple)):
            return [plain(one, (*at, str(position)), key) for position, one in enumerate(value)]
        return value

    return {name: plain(one, (name,), name) for name, one in values.items()}, found

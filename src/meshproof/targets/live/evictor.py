"""A client of the one site that may be disturbed: beside reading it may evict pods, as whoever drains a node does."""

from __future__ import annotations

import re
from typing import Final

from meshproof.targets.live.reader import Reader

_EVICTION: Final = re.compile(r"/api/v1/namespaces/[^/]+/pods/[^/]+/eviction")


class Evictor(Reader):
    """Sends evictions, which every budget has a say in, and otherwise only reads."""

    rights = "meshproof rights disruption"

    def _may_send(self, method: str, path: str) -> bool:
        return super()._may_send(method, path) or (method == "POST" and _EVICTION.fullmatch(path) is not None)

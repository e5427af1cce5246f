"""Plain HTTP to a program of this machine: through no proxy, and cheap enough to be asked many times a second."""

from __future__ import annotations

import ssl

import httpx

#: Loads no authorities, which plain HTTP does not need: loading them would cost a hundred times the question.
_NO_AUTHORITIES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def look(url: str, *, within_s: float, **query: str) -> httpx.Response:
    """The answer, whatever its status. Raises httpx.HTTPError where there is none within `within_s` seconds."""
    return httpx.get(url, params=query, timeout=within_s, trust_env=False, verify=_NO_AUTHORITIES)

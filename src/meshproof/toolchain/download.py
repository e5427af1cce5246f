"""Downloads one file, going on where an interrupted download stopped."""

from __future__ import annotations

import errno
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

import httpx

from meshproof.errors import TargetError

#: The connection breaks off at most this often before the download is given up; each attempt goes on from the last.
_ATTEMPTS = 3


def download(
    url: str,
    part: Path,
    *,
    seen: Callable[[int, int], None],
    headers: Mapping[str, str] = MappingProxyType({}),
    silence_s: float = 30.0,
) -> None:
    """Download `url` to the file `part`; what is there already is taken as its beginning.

    `seen` is told the bytes so far and in total (0 if the server does not say). A server that is silent for
    `silence_s` seconds counts as broken off. Raises TargetError; `part` then holds what came, to go on from later,
    but is removed when the disk is full or the server refuses.
    """
    problem = ""
    for _ in range(_ATTEMPTS):
        try:
            return _go_on(url, part, seen, headers, silence_s)
        except httpx.TimeoutException:
            problem = f"silent for {silence_s:g} s"
        except httpx.TransportError as error:
            problem = str(error) or type(error).__name__
        except OSError as error:
            part.unlink(missing_ok=True)
            reason = "the disk is full" if error.errno in {errno.ENOSPC, errno.EDQUOT} else str(error.strerror)
            message = f"{part.parent}: cannot be written: {reason}; free some space or set XDG_CACHE_HOME"
            raise TargetError(message) from error
    message = f"{url}: broken off {_ATTEMPTS} times ({problem}); check the network and run the same command again"
    raise TargetError(message)


def _go_on(url: str, part: Path, seen: Callable[[int, int], None], own: Mapping[str, str], silence_s: float) -> None:
    have = part.stat().st_size if part.exists() else 0
    headers = {**own, "Accept-Encoding": "identity", **({"Range": f"bytes={have}-"} if have else {})}
    with httpx.stream("GET", url, headers=headers, follow_redirects=True, timeout=silence_s) as answer:
        if answer.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
            part.unlink()
            message = "the beginning kept from an earlier download does not fit"
            raise httpx.ReadError(message)
        if not answer.is_success:
            part.unlink(missing_ok=True)
            message = f"{url}: the server answered {answer.status_code}; check the version and URL in the lock file"
            raise TargetError(message)
        continued = answer.status_code == httpx.codes.PARTIAL_CONTENT
        done = have if continued else 0
        total = done + int(answer.headers.get("Content-Length", 0))
        with part.open("ab" if continued else "wb") as file:
            for chunk in answer.iter_bytes():
                file.write(chunk)
                done += len(chunk)
                seen(done, total)

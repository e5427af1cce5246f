"""Spellings of paths, and the one form that they all mean: by RFC 3986 and the declared normalization, in Python."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from typing import Final

_SLASHES: Final = re.compile(r"/+")
_ESCAPED_SLASH: Final = re.compile(r"%2f|%5c|\\", re.IGNORECASE)
_ESCAPE: Final = re.compile(r"%([0-9a-fA-F]{2})")
_READ_IN_TWO_WAYS: Final = re.compile(r";|%3b|%00", re.IGNORECASE)
_UNRESERVED: Final = re.compile(r"[A-Za-z0-9._~-]")

#: Ways to write the end of a segment, and ways to write the step back to the one before.
_SEPARATORS: Final = (
    "/",
    "//",
    "///",
    "%2f",
    "%2F",
    "%5c",
    "%5C",
    "\\",
    "/./",
    "/%2e/",
    "/.;/",
    ";/",
    "%3B/",
    "%2f%2f",
)
_BACK: Final = (
    "..",
    "%2e%2e",
    "%2E.",
    ".%2e",
    "..;",
    "..;x=1",
    "%2E.;",
    "..%3b",
    "%252e%252e",
    "...",
    "..%00",
    "..%09",
)


def normal(path: str) -> str:
    """What a path means: escapes of plain characters and of slashes undone, then dots resolved, then slashes merged.

    As RFC 3986 has it, an empty segment is one that dots step back over (`/a//../b` is `/a/b`), and a parameter (`;x`)
    is a part of its segment like any other letter.
    """
    plain = _ESCAPED_SLASH.sub("/", path.partition("#")[0].partition("?")[0])
    plain = _ESCAPE.sub(_unescaped, plain)
    kept: list[str] = []
    segments = plain.split("/")[1:]
    for number, segment in enumerate(segments):
        if segment == "..":
            del kept[-1:]
        if segment not in (".", ".."):
            kept.append(segment)
        elif number == len(segments) - 1:
            kept.append("")
    return _SLASHES.sub("/", "/" + "/".join(kept))


def is_ambiguous(path: str) -> bool:
    """Whether programs read it in two ways: a parameter of a segment (`/a/..;/b` is `/b` to some), an end of text."""
    return _READ_IN_TWO_WAYS.search(path.partition("#")[0].partition("?")[0]) is not None


def _unescaped(found: re.Match[str]) -> str:
    text = chr(int(found[1], 16))
    return text if _UNRESERVED.fullmatch(text) else found[0]


def spellings(open_path: str, closed: Sequence[str], *, count: int, seed: int) -> Iterator[str]:
    """Ways to ask for what is closed by way of what is open, and for what is open by another name: all different.

    The same seed gives the same spellings.
    """
    draw = random.Random(seed)  # noqa: S311  # to be repeated, not to be secret
    seen: set[str] = set()
    while len(seen) < count:
        found = draw.choice((_through, _renamed))(open_path, draw.choice(closed), draw)
        if found not in seen:
            seen.add(found)
            yield found


def _through(open_path: str, closed: str, draw: random.Random) -> str:
    """`/open/../closed`, with each part written in some way."""
    deep = [open_path, *draw.choices(("x", "y;v=1", "%61"), k=draw.randint(0, 2))]
    steps = draw.choices(_BACK, k=draw.randint(1, 3))
    parts = [*deep, *steps, *closed.strip("/").split("/")]
    return parts[0] + "".join(f"{draw.choice(_SEPARATORS)}{part}" for part in parts[1:])


def _renamed(open_path: str, closed: str, draw: random.Random) -> str:
    """The open or the closed path in other letters, with parameters, escapes, or more slashes."""
    path = draw.choice((open_path, closed))
    place = draw.randrange(1, len(path))
    before, letter, after = path[:place], path[place], path[place + 1 :]
    return draw.choice(
        (
            f"{before}{letter.upper()}{after}",
            f"{before}%{ord(letter):02x}{after}",
            f"{before}%25{ord(letter):02x}{after}",
            f"{before}{letter}{after};{draw.randrange(9)}",
            f"{before};{letter}{after}",
            f"{draw.choice(_SEPARATORS)}{path.strip('/')}",
            f"{path}{draw.choice(_SEPARATORS)}",
            f"{before}{letter}{after}?{closed}",
        )
    )

"""How a page becomes one file: its style and its script in it, admitted by their digests and nothing else."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup


@cache
def templates() -> Environment:
    """The templates of every page; each module adds the words and filters that its own ones use."""
    return Environment(
        loader=PackageLoader("meshproof.report"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )


def extend(words: Mapping[str, object], filters: Mapping[str, Callable[..., object]]) -> None:
    """Make words and filters known to the templates."""
    templates().globals.update(words)
    templates().filters.update(filters)


def asset(name: str) -> str:
    """A style or a script as text."""
    loader = templates().loader
    if loader is None:  # pragma: no cover - set above
        return ""
    return loader.get_source(templates(), name)[0]


def digest_of(text: str) -> str:
    """The digest by which a content security policy names a style or a script."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def tag(text: str) -> dict[str, str]:
    """A style or a script for its element, with its digest for the policy."""
    return {"text": Markup(text), "digest": digest_of(text)}  # noqa: S704 - our own asset, nothing of the run in it

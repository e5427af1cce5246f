"""The page that people read: one file, no network; its policy admits only the style and the script it carries."""

from __future__ import annotations

import base64
import hashlib
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from meshproof.report import page, pictures, words
from meshproof.report.model import Run
from meshproof.verdict import Assurance

_GLOBALS = {
    "WORDS": words.VERDICTS,
    "PLACES": page.PLACES,
    "SURVIVORS": page.SURVIVORS,
    "BLUNT": page.BLUNT,
    "RUNGS": [one.label for one in Assurance],
    "share": words.share,
    "replanned": words.replanned,
    "timeline": pictures.timeline,
}
_FILTERS = {
    "moment": words.moment,
    "duration": words.duration,
    "web_link": page.web_link,
    "file_link": page.file_link,
    "more_than": page.more_than,
    "prose": page.prose,
}


def render(run: Run) -> bytes:
    """The page as UTF-8."""
    view = page.Page(run)
    style = _asset("page.css") + _filters(view)
    script = _asset("page.js")
    template = _templates().get_template("page.html")
    return template.render(page=view, run=run, style=_tag(style), script=_tag(script)).encode()


@cache
def _templates() -> Environment:
    templates = Environment(
        loader=PackageLoader("meshproof.report"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    templates.globals.update(_GLOBALS)
    templates.filters.update(_FILTERS)
    return templates


def _asset(name: str) -> str:
    loader = _templates().loader
    if loader is None:  # pragma: no cover - set above
        return ""
    return loader.get_source(_templates(), name)[0]


def digest_of(text: str) -> str:
    """The digest by which a content security policy names a style or a script."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _tag(text: str) -> dict[str, str]:
    return {"text": Markup(text), "digest": digest_of(text)}  # noqa: S704 - our own asset, nothing of the run in it


def _filters(view: page.Page) -> str:
    """The rules by which the filters work without a script: a choice hides what does not match."""
    rules = [
        f"body:has(#system>[value={key}]:checked) .control:not([data-system={key}]){{display:none}}"
        for key in view.keys.values()
    ]
    rules += [
        f"body:has(#level>[value={level}]:checked) .control:not([data-level={level}]){{display:none}}"
        for level in view.levels
    ]
    rules += [
        f"body:has(#show-{group.verdict}:not(:checked)) #of-{group.verdict}{{display:none}}" for group in view.groups
    ]
    return "\n".join(rules) + "\n"

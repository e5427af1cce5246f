"""The page that people read: one file, no network; its policy admits only the style and the script it carries."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from meshproof.report import page, pictures, words
from meshproof.report.model import Run
from meshproof.report.templating import asset, extend, tag, templates
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
_FILTERS: Mapping[str, Callable[..., object]] = {
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
    extend(_GLOBALS, _FILTERS)
    style = asset("page.css") + _filters(view)
    template = templates().get_template("page.html")
    return template.render(page=view, run=run, style=tag(style), script=tag(asset("page.js"))).encode()


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

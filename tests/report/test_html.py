"""The page without a browser: it is one file, carries everything, and runs nothing that came from a run."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from meshproof.report import html, model, templating
from meshproof.report.page import file_link, prose, web_link
from tests.report.sample import digest_of, sample_run

_URL = re.compile(r"""(?:src|href|action|poster|data)=["']([^"']*)""")
_VOID = {"meta", "link", "input", "br", "hr", "img", "path", "use"}


class _Balance(HTMLParser):
    """Tags that were opened and never closed, and ids that stand twice."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.wrong: list[str] = []
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.ids += [value or "" for name, value in attrs if name == "id"]
        if tag not in _VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in _VOID and (not self.open or self.open.pop() != tag):
            self.wrong.append(f"</{tag}> at {self.getpos()}")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A tag that closes itself changes nothing."""


@pytest.fixture(scope="module", name="text")
def _text() -> str:
    """The page of the sample run."""
    return html.render(sample_run()).decode()


def test_is_well_formed(text: str) -> None:
    """Every tag is closed where it was opened, and no id stands twice."""
    balance = _Balance()

    balance.feed(text)

    assert not balance.wrong
    assert not balance.open
    assert len(balance.ids) == len(set(balance.ids))


def test_loads_nothing(text: str) -> None:
    """No address is loaded: links to sources and evidence are only followed by hand."""
    body = re.sub(r'<a [^>]*href="(https?://|evidence/|#)[^"]*"', "<a", text)

    fetched = [url for url in _URL.findall(body) if not url.startswith("#")]

    assert not fetched
    assert "@import" not in text
    assert "url(" not in text


def test_policy_admits_only_its_own_script(text: str) -> None:
    """The policy names the digest of the one style and the one script, and nothing of a run is inside them."""
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', text)
    scripts = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    styles = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)

    assert policy is not None
    assert policy[1].startswith("default-src &#39;none&#39;") or policy[1].startswith("default-src 'none'")
    assert [templating.digest_of(one) in policy[1] for one in (*scripts, *styles)] == [True, True]
    assert " style=" not in text
    assert not re.search(r"\son\w+=", re.sub(r"<script>.*?</script>", "", text, flags=re.DOTALL))


def test_escapes_what_a_run_says(text: str) -> None:
    """A reason that looks like markup is shown, not obeyed."""
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert" in text


def test_carries_everything(text: str) -> None:
    """Every control with its remedy, places, evidence and digests is in the page."""
    run = sample_run()

    for control in run.controls:
        assert f'id="{control.id}"' in text
        assert all(one.sha256 in text for one in control.evidence)
        assert all(f"{one.file}:{one.line}" in text for one in control.where if one.line)
    for digest in (run.infra_digest, run.tool.suite_digest, digest_of("terraform")):
        assert digest in text
    assert "meshproof verify" in text


def test_is_the_same_for_the_same_run() -> None:
    """Two renderings of one run do not differ."""
    assert html.render(sample_run()) == html.render(sample_run())


@pytest.mark.parametrize("complete", [True, False])
def test_an_empty_run_is_never_green(*, complete: bool) -> None:
    """A run without a control says so."""
    run = sample_run(controls=1, mutants=0, survivors=0).model_copy(
        update={
            "controls": [],
            "mutants": [],
            "generated_mutants": None,
            "complete": complete,
            "drills": [],
            "exemptions": [],
            "measurements": [],
            "notes": [],
            "programs": [],
            "summary": model.Summary(),
            "systems": [],
        }
    )

    text = html.render(run).decode()

    assert ("Nothing was judged." in text) is complete
    assert ("did not reach its end" in text) is not complete


def test_caps_survivors() -> None:
    """3,000 survivors make a page of bounded size that says how many it does not list."""
    page = html.render(sample_run(controls=200, mutants=400, survivors=3000))

    assert len(page) < 2_000_000
    assert b"and 64 more, in <code>run.json</code>" in page


@pytest.mark.parametrize("source", ["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "CIS 5.1"])
def test_a_source_is_followed_only_on_the_web(source: str) -> None:
    """Only http and https addresses become links."""
    assert not web_link(source)


@pytest.mark.parametrize("file", ["/etc/passwd", "../x", "javascript:alert(1)", "evidence/../../x"])
def test_evidence_is_followed_only_beside_the_page(file: str) -> None:
    """A name that leads out of the report is text."""
    assert not file_link(model.Evidence(sha256=digest_of("x"), file=file, schema=""))


def test_backquotes_are_code() -> None:
    """A remedy may name code; its markup is escaped."""
    assert prose("Set `<b>` & go") == "Set <code>&lt;b&gt;</code> &amp; go"


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("tone", ["ink", "soft", "link", "pass", "fail", "unknown", "exempt", "away"])
def test_text_can_be_read(text: str, scheme: int, tone: str) -> None:
    """Each colour of text stands out from sheet and panel by 4.5 : 1. Source: WCAG 2.2, 1.4.3."""
    style = text.partition("<style>")[2].partition("</style>")[0]
    value = re.findall(rf"--{tone}: (#\w{{6}})", style)[scheme]

    for ground in ("sheet", "faint"):
        assert _contrast(value, re.findall(rf"--{ground}: (#\w{{6}})", style)[scheme]) >= 4.5


def _contrast(one: str, other: str) -> float:
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    """Relative luminance. Source: WCAG 2.2, definitions."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue

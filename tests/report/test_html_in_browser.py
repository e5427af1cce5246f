"""The page in a real browser: both widths, both colour schemes, keyboard, filters, with and without a script."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from meshproof.report import html
from meshproof.waiting import until
from tests.report.browser import Tab, chromium, tab
from tests.report.sample import sample_run

pytestmark = pytest.mark.skipif(
    chromium() is None, reason="no Chromium on PATH: apt-get install --no-install-recommends chromium"
)

_OPEN_EVERYTHING = "document.querySelectorAll('details').forEach((one) => { one.open = true; })"
_OVERFLOW = "[document.documentElement.scrollWidth, innerWidth, document.body.getBoundingClientRect().right]"
_SHOWN = "[...document.querySelectorAll('.control')].filter((one) => one.getClientRects().length).map((one) => one.id)"
_FOCUSED = """(() => { const one = document.activeElement;
  return one.id || one.closest('.control')?.id || one.textContent.trim().slice(0, 40); })()"""
_TYPE = "(() => {{ const one = document.getElementById('{}'); one.value = '{}'; "
_TYPE += "one.dispatchEvent(new Event('input', {{bubbles: true}})); }})()"


@pytest.fixture(scope="module", name="browser")
def _browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    """One browser for the module."""
    with tab(tmp_path_factory.mktemp("chromium")) as opened:
        yield opened


@pytest.fixture(scope="module", name="page")
def _page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of the sample run as a file."""
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_bytes(html.render(sample_run()))
    return path


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_fits_its_width(browser: Tab, page: Path, width: int, scheme: str) -> None:
    """Nothing is wider than the window, closed or opened, and nothing complains or asks the network."""
    browser.errors.clear()
    browser.requests.clear()
    browser.show(page, width=width, scheme=scheme)
    closed = browser.value(_OVERFLOW)
    browser.value(_OPEN_EVERYTHING)
    opened = browser.value(_OVERFLOW)

    assert [closed[1], opened[1]] == [width, width]
    assert max(closed[0], closed[2], opened[0], opened[2]) <= width
    assert browser.errors == []
    assert set(browser.requests) <= {"about:blank", page.as_uri()}


def test_obeys_the_colour_scheme(browser: Tab, page: Path) -> None:
    """The sheet is light in a light scheme and dark in a dark one."""
    sheets = []
    for scheme in ("light", "dark"):
        browser.show(page, width=1280, scheme=scheme)
        colour = browser.value("getComputedStyle(document.querySelector('main')).backgroundColor")
        sheets.append(int(colour.removeprefix("rgb(").split(",")[0]))

    assert sheets[0] > 200
    assert sheets[1] < 60


def test_tab_reaches_links_filters_and_rows(browser: Tab, page: Path) -> None:
    """By Tab alone the skip links come first, then sections, systems, filters and the rows, in this order."""
    browser.show(page, width=1280)
    first = browser.value("document.querySelector('.control').id")
    seen: list[str] = []
    while len(seen) < 90 and first not in seen:
        browser.press("Tab")
        seen.append(browser.value(_FOCUSED))

    order = [
        "Skip to the report",
        "Skip to the controls",
        "Systems",
        "eks",
        "show-fail",
        "system",
        "level",
        "text",
        first,
    ]
    assert [seen.index(one) for one in order] == sorted(seen.index(one) for one in order)


def test_focus_can_be_seen(browser: Tab, page: Path) -> None:
    """What has the focus is outlined."""
    browser.show(page, width=1280)
    outlines = []
    for _ in range(4):
        browser.press("Tab")
        outlines.append(browser.value("getComputedStyle(document.activeElement).outlineStyle"))

    assert set(outlines) == {"solid"}


def test_a_row_opens_by_key(browser: Tab, page: Path) -> None:
    """Enter on a row shows its remedy."""
    browser.show(page, width=390)
    browser.value("document.querySelector('.control summary').focus()")
    browser.press("Enter")

    assert browser.value("document.querySelector('.control').open")
    assert browser.value("document.querySelector('.control .inside').getClientRects().length") == 1


def test_the_skip_link_leads_to_the_controls(browser: Tab, page: Path) -> None:
    """The second skip link moves the focus behind the systems: the next Tab is the first filter."""
    browser.show(page, width=1280)
    for key in ("Tab", "Tab", "Enter", "Tab"):
        browser.press(key)

    assert browser.value(_FOCUSED) == "show-fail"


def test_filters(browser: Tab, page: Path) -> None:
    """Verdict, system, level and text narrow the rows to exactly those that match, and Reset shows all."""
    run = sample_run()
    browser.show(page, width=1280)
    browser.value("document.getElementById('show-pass').click()")
    no_pass = browser.value(_SHOWN)
    browser.value(_TYPE.format("level", "SHOULD"))
    should = browser.value(_SHOWN)
    browser.value("document.querySelector('button[type=reset]').click()")
    until(lambda: browser.value(_SHOWN), lambda rows: len(rows) == len(run.controls), within_s=10)
    browser.value(_TYPE.format("text", run.controls[4].id.lower() + " kms_key_arn"))

    assert set(no_pass) == {one.id for one in run.controls if one.verdict != "pass"}
    assert set(should) == {one.id for one in run.controls if one.verdict != "pass" and one.level == "SHOULD"}
    assert browser.value(_SHOWN) == [run.controls[4].id]
    assert browser.value("document.getElementById('shown').textContent") == "1 of 150 shown"


def test_a_system_filters_the_controls(browser: Tab, page: Path) -> None:
    """The name of a system in the table shows its controls only."""
    browser.show(page, width=1280)
    browser.value("document.querySelector('a[data-system]').click()")

    assert set(browser.value(_SHOWN)) == {one.id for one in sample_run().controls if one.system == "eks"}


def test_filters_without_a_script(browser: Tab, page: Path) -> None:
    """Where scripts are off, verdicts still filter, rows still open, and no dead button is shown."""
    browser.show(page, width=1280, script=False)
    browser.value("document.getElementById('show-pass').checked = false")
    browser.value("document.getElementById('system').value = 's0'")

    wanted = {one.id for one in sample_run().controls if one.system == "eks" and one.verdict != "pass"}
    assert set(browser.value(_SHOWN)) == wanted
    assert browser.value("document.getElementById('open-all').getClientRects().length") == 0


def test_a_column_sorts(browser: Tab, page: Path) -> None:
    """A heading is a button; it sorts, the most first, and says so."""
    browser.show(page, width=1280)
    browser.value("[...document.querySelectorAll('th button')].find((one) => one.textContent == 'Fail').click()")

    column = (
        "[...document.querySelectorAll('#systems-table tbody td[data-label=Fail]')].map((one) => +one.dataset.value)"
    )
    numbers = browser.value(column)
    assert numbers == sorted(numbers, reverse=True)
    assert browser.value("document.querySelectorAll('[aria-sort=descending]').length") == 1


def test_an_address_opens_its_control(browser: Tab, page: Path) -> None:
    """A bar of the picture, like a link to `#ID`, opens the control even where a filter hides it."""
    browser.show(page, width=1280)
    key = browser.value("document.querySelector('rect[data-control].is-pass').dataset.control")
    browser.value("document.getElementById('show-pass').click()")
    browser.value(
        "document.querySelector('rect[data-control].is-pass').dispatchEvent(new Event('click', {bubbles: true}))"
    )

    assert browser.value(f"document.getElementById('{key}').open")
    assert key in browser.value(_SHOWN)


def test_every_field_has_a_name(browser: Tab, page: Path) -> None:
    """Each field, button and picture says what it is to a screen reader, and each table has a caption."""
    browser.show(page, width=1280)
    nameless = browser.value(
        "[...document.querySelectorAll('input, select, button, svg[role=img], table')].filter((one) => "
        "!(one.labels?.length || one.textContent.trim() && one.matches('button') || one.getAttribute('aria-label')"
        " || one.caption?.textContent.trim())).map((one) => one.outerHTML.slice(0, 80))"
    )

    assert nameless == []


def test_is_quick(browser: Tab, tmp_path: Path) -> None:
    """200 controls and 3,000 survivors: a filter answers within a second even on a busy machine."""
    path = tmp_path / "large.html"
    path.write_bytes(html.render(sample_run(controls=200, mutants=400, survivors=3000)))
    browser.show(path, width=1280)
    browser.value(_TYPE.format("text", "kms"))
    took = browser.value(
        "(() => { const from = performance.now(); const one = document.getElementById('text'); one.value = 'route';"
        " one.dispatchEvent(new Event('input', {bubbles: true})); return performance.now() - from; })()"
    )

    assert took < 1000

"""The page of controls never loses one in silence."""

from __future__ import annotations

from pathlib import Path

import pytest

from meshproof.errors import UsageError
from meshproof.reasons import read_reasons, reasons_beside
from meshproof.report.catalogue import write_catalogue


def _row(key: str) -> dict[str, object]:
    return {
        "id": key,
        "system": "istio",
        "level": "MUST",
        "title": "Every door MUST be shut",
        "relates": [],
        "mutants": ["open"],
        "tier": "gate",
        "file": "suites/test_doors.py",
        "source": "https://example.org",
    }


def test_a_control_that_disappears_is_named(tmp_path: Path) -> None:
    """Collecting less than the page lists is refused, and the page stays as it was."""
    page = tmp_path / "CONTROLS.md"
    write_catalogue(page, [_row("DOOR-001"), _row("DOOR-002")], retired={})
    before = page.read_text()

    with pytest.raises(UsageError, match=r"CONTROLS\.md lists DOOR-002, which no suite has any more"):
        write_catalogue(page, [_row("DOOR-001")], retired={})

    assert page.read_text() == before


def test_a_retired_control_may_go(tmp_path: Path) -> None:
    """With its reason on record an id leaves the page."""
    page = tmp_path / "CONTROLS.md"
    write_catalogue(page, [_row("DOOR-001"), _row("DOOR-002")], retired={})

    write_catalogue(page, [_row("DOOR-001")], retired={"DOOR-002": "DOOR-001 covers windows too"})

    assert "DOOR-002" not in page.read_text()


def test_a_retired_id_is_never_used_again(tmp_path: Path) -> None:
    """An id means one demand for ever."""
    with pytest.raises(UsageError, match=r"DOOR-001 is retired \(no doors any more\)"):
        write_catalogue(tmp_path / "CONTROLS.md", [_row("DOOR-001")], retired={"DOOR-001": "no doors any more"})


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("retired = 3", "retired is not a table; write [retired]"),
        ("[retired]\nDOOR-001 = ''", "DOOR-001 in [retired] has no reason"),
        ("[retired", "not valid TOML"),
    ],
)
def test_a_record_that_says_nothing_is_refused(tmp_path: Path, text: str, says: str) -> None:
    """What is not a reason is not taken for one."""
    record = tmp_path / "retired.toml"
    record.write_text(text)

    with pytest.raises(UsageError) as caught:
        read_reasons(record, "retired")

    assert says in str(caught.value)


def test_a_record_that_is_not_there_is_missed_by_whoever_named_it(tmp_path: Path) -> None:
    """A suite need not have one; a file that somebody names and that is not there is a mistake."""
    assert reasons_beside(tmp_path, "retired.toml", "retired") == {}
    with pytest.raises(UsageError, match=r"why\.toml: cannot be read: No such file or directory; name a TOML file"):
        read_reasons(tmp_path / "why.toml", "explained")


def test_what_is_decided_nightly_is_marked(tmp_path: Path) -> None:
    """A reader sees which controls no change waits for."""
    page = tmp_path / "CONTROLS.md"

    write_catalogue(page, [_row("DOOR-001"), _row("DOOR-002") | {"tier": "nightly"}], retired={})

    assert "| DOOR-001 | MUST |" in page.read_text()
    assert "| DOOR-002 | MUST, nightly |" in page.read_text()

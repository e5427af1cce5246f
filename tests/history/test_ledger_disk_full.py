"""A disk that is full under the ledger: what was acknowledged is then unheard of, never lost."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from meshproof.history.operation import Outcome
from meshproof.history.reading import read_ledger
from meshproof.history.sets import check_set
from meshproof.process import require, run
from tests.small_disks import small_disk

#: Runs where the disk is: writes until the ledger says that it cannot, beside a store that takes everything.
PROGRAM = """
import json, shutil, sys
from pathlib import Path
from meshproof.history.ledger import Ledger, LedgerBroken
from meshproof.history.operation import value_of

disk, out, width = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
stored, said = [], ""
with Ledger(disk / "ledger") as ledger:
    try:
        for sequence in range(100_000):
            value = value_of(0, sequence)
            ledger.intend(value, "pool", "x" * width)
            stored.append(value)
            ledger.acknowledged(value, by="primary", epoch=1, position=sequence)
    except LedgerBroken as error:
        said = str(error)
shutil.copy(disk / "ledger", out / "ledger")
(out / "stored.json").write_text(json.dumps([said, stored]))
"""


@pytest.mark.parametrize("width", range(11, 31, 3))
def test_nothing_is_called_lost(tmp_path: Path, width: int) -> None:
    """Wherever the last record is cut, and whether it was an intent or an outcome."""
    (tmp_path / "disk").mkdir()
    prefix = small_disk(tmp_path / "disk", "64k")
    argv = [*prefix, sys.executable, "-c", PROGRAM, str(tmp_path / "disk"), str(tmp_path), str(width)]
    require(run(argv, within_s=60.0), doing="filling a ledger's disk")

    said, stored = json.loads((tmp_path / "stored.json").read_text())
    history = read_ledger(tmp_path / "ledger")
    verdict = check_set(history, stored)

    assert "the ledger cannot be written: No space left on device; free some space" in said
    assert verdict.acknowledged > 100
    assert not verdict.lost
    assert not verdict.unexpected
    assert len(history.having(Outcome.INDETERMINATE)) <= 1
    assert [one.value for one in check_set(history, stored[1:]).lost] == stored[:1]

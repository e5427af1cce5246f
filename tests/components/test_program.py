"""Any program is run as a pod's would be: with what it is told and no more, until it listens."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from meshproof.components.program import program
from meshproof.errors import TargetError
from meshproof.targets.embedded.addresses import free_ports

SERVES = "import http.server, sys; http.server.HTTPServer(('127.0.0.1', int(sys.argv[1])), None).serve_forever()"


def test_it_is_told_no_variable_of_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What this process knows may be a secret of somebody else's."""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "ours")
    (port,) = free_ports(1)
    tells = f"import os; open('told', 'w').write(str(sorted(os.environ))); {SERVES}"

    with program(
        [sys.executable, "-c", tells, str(port)], name="shop", environment={"SITE": "a"}, port=port, directory=tmp_path
    ):
        told = (tmp_path / "told").read_text()

    assert "SITE" in told
    assert "AWS_SECRET_ACCESS_KEY" not in told


def test_one_that_ends_before_it_listens_is_told_with_its_last_words(tmp_path: Path) -> None:
    """Not waited for until the time is up."""
    (port,) = free_ports(1)
    command = [sys.executable, "-c", "raise SystemExit('no settings')"]

    with (
        pytest.raises(TargetError, match=r"program of shop .*ended with status 1: no settings"),
        program(command, name="shop", environment={}, port=port, directory=tmp_path),
    ):
        pass

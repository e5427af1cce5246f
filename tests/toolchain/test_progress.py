"""What is shown while something is under way."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from meshproof.errors import TargetError
from meshproof.toolchain import Step, shown
from meshproof.toolchain.platform import this_platform

STEPS = (
    Step(program="tool", doing="downloading tool", done_bytes=1_000, total_bytes=2_000),
    Step(program="tool", doing="downloading tool", done_bytes=2_000, total_bytes=2_000),
    Step(program="tool", doing="building tool"),
)


def printed(*, terminal: bool) -> str:
    """What a console gets of the steps."""
    out = io.StringIO()
    with shown(Console(file=out, force_terminal=terminal, width=100)) as progress:
        for step in STEPS:
            progress(step)
    return out.getvalue()


def test_a_log_gets_each_step_once() -> None:
    """Bars make no sense there."""
    assert printed(terminal=False) == "downloading tool\nbuilding tool\n"


def test_a_terminal_gets_a_display_that_goes_away() -> None:
    """The last step is on it, and it ends by erasing itself."""
    text = printed(terminal=True)

    assert "building tool" in text
    assert text.endswith("\x1b[2K")


@pytest.mark.parametrize(
    ("system", "machine", "name"),
    [("Linux", "x86_64", "linux_amd64"), ("Darwin", "arm64", "darwin_arm64"), ("Linux", "aarch64", "linux_arm64")],
)
def test_platforms_have_go_names(monkeypatch: pytest.MonkeyPatch, system: str, machine: str, name: str) -> None:
    """Those of the lock file."""
    monkeypatch.setattr("platform.system", lambda: system)
    monkeypatch.setattr("platform.machine", lambda: machine)

    assert this_platform() == name


def test_another_platform_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """And what can be had."""
    monkeypatch.setattr("platform.machine", lambda: "riscv64")

    with pytest.raises(TargetError, match="not for linux on riscv64"):
        this_platform()

"""What the targets need, and what doctor and fetch say of it."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from meshproof.commands import programs
from meshproof.errors import TargetError, UsageError
from meshproof.toolchain import needs
from meshproof.toolchain.lock import read_lock
from meshproof.toolchain.needs import NEEDS, readiness, wanted, welcome


@pytest.fixture(autouse=True)
def nothing_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty cache and an empty PATH."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))


def console() -> tuple[Console, io.StringIO]:
    """A console and what is printed on it."""
    text = io.StringIO()
    return Console(file=text, width=200), text


def test_all_that_a_target_needs_is_in_the_lock_file() -> None:
    """No name is misspelt."""
    lock = read_lock()
    known = {*lock.programs, *lock.bundles}

    assert not {name for names in NEEDS.values() for name in names} - known
    assert set(welcome()) <= set(lock.bundles) | set(lock.programs)


def test_every_go_source_has_its_sum() -> None:
    """What can be had here is pinned."""
    lock = read_lock()
    sources = [source for entry in (*lock.programs.values(), *lock.bundles.values()) for source in entry.sources]

    assert not [source for source in sources if source.kind in {"go", "files"} and not source.sum]


def test_a_target_says_what_is_missing() -> None:
    """And the command that brings it."""
    state = readiness("embedded", system="Linux")

    assert not state.ready
    assert "etcd" in state.missing
    assert state.reason.endswith(f"missing; run: meshproof fetch {' '.join(state.missing)}")


def test_embedded_is_for_linux_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """On macOS nothing of it is fetched, and doctor says why."""
    monkeypatch.setattr("platform.system", lambda: "Darwin")
    monkeypatch.setattr("platform.machine", lambda: "arm64")
    out, text = console()

    status = programs.doctor(out)

    assert "no: Linux only, this is Darwin" in text.getvalue()
    assert status == 4
    assert "etcd" not in wanted()


def test_a_target_whose_programs_are_here_is_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    """Doctor's status is 0 as soon as one can run."""
    monkeypatch.setattr(needs, "is_here", lambda name: name in needs.PLAN)
    out, text = console()

    assert programs.doctor(out) == 0
    assert "etcd, kube-apiserver" in text.getvalue()


def test_fetch_brings_what_it_can(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that cannot be had does not keep the others away; the status says that it is missing."""
    monkeypatch.setattr(programs, "wanted", lambda: ("terraform", "etcd"))
    monkeypatch.setattr(programs, "welcome", lambda: ("litmus-crds",))
    asked = []

    def look(name: str, *_: object, **__: object) -> object:
        asked.append(name)
        message = f"{name} cannot be had"
        raise TargetError(message)

    monkeypatch.setattr(programs, "_look", look)
    out, text = console()

    with pytest.raises(TargetError, match=r"^terraform cannot be had\netcd cannot be had$"):
        programs.fetch([], everything=False, out=out)
    assert asked == ["terraform", "etcd", "litmus-crds"]
    assert "without litmus-crds: litmus-crds cannot be had" in text.getvalue()


def test_fetch_refuses_an_unknown_name() -> None:
    """Before anything is fetched."""
    with pytest.raises(UsageError, match=r"nonesuch: no such program; the lock file knows terraform, "):
        programs.fetch(["etcd", "nonesuch"], everything=False, out=console()[0])

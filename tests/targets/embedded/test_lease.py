"""How a target begins and ends, whoever dies: shown with a world that only sleeps."""

from __future__ import annotations

import fcntl
import os
import random
import signal
import sys
from pathlib import Path

import pytest

from meshproof.errors import TargetError
from meshproof.process import Running
from meshproof.targets.embedded.lease import VARIABLE, Lease, discard, home, is_stale, leave_changed, reserve, world
from meshproof.targets.embedded.running import stop
from meshproof.targets.embedded.state import FILE
from meshproof.waiting import throughout, until
from tests.targets.embedded.runs import found_here, nothing_left_of, started

#: Moments after the start of a run, in seconds: from before its first line to long after its target is ready.
DICE = random.Random(20261124)  # noqa: S311 - keeps no secret
MOMENTS = sorted(DICE.uniform(0.0, 4.0) for _ in range(5))


@pytest.mark.parametrize("moment", MOMENTS, ids=[f"{one:.2f}s" for one in MOMENTS])
def test_a_killed_run_leaves_nothing(place: Path, moment: float) -> None:
    """SIGKILL at any moment: 5 s later no process and no directory is left."""
    with started(place, "run") as run:
        throughout(lambda: run.process.returncode, lambda ended: ended is None, for_s=moment)
        os.kill(run.process.pid, signal.SIGKILL)

        assert nothing_left_of(place) <= 5.0


def test_a_killed_supervisor_leaves_nothing_but_its_run(place: Path) -> None:
    """Its keeper ends the target's processes and removes the directory."""
    with started(place, "run") as run:
        directory = run.directory()
        (found,) = found_here()
        os.kill(found.pid, signal.SIGKILL)

        until(directory.exists, lambda there: not there, within_s=20, what="the directory gone")
    nothing_left_of(place)


def test_a_run_that_ends_stops_its_target(place: Path) -> None:
    """The last lease is the target's end."""
    with started(place, "run") as run:
        assert run.directory().is_dir()

    nothing_left_of(place)


def test_workers_share_one_target(place: Path) -> None:
    """The second worker finds it by the environment, and it outlives the first."""
    with started(place, "controller") as controller:
        directory = controller.directory()
        with started(place, "worker", **{VARIABLE: str(directory)}) as worker:
            assert worker.directory() == directory
            assert len(found_here()) == 1

        assert not is_stale(directory)
        assert found_here()[0].used


def test_two_runs_side_by_side_have_targets_of_their_own(place: Path) -> None:
    """Different directories and different blocks of addresses; the end of one leaves the other up."""
    with started(place, "first") as first:
        with started(place, "second") as second:
            ours, theirs = first.says().split(), second.says().split()
            assert ours[0] != theirs[0]
            assert ours[1].split(".")[:3] != theirs[1].split(".")[:3]
        until(Path(theirs[0]).exists, lambda there: not there, within_s=20, what="the second gone")

        assert [str(one.directory) for one in found_here()] == [ours[0]]


def test_a_target_that_cannot_start_says_why_and_goes(place: Path) -> None:
    """The waiting run gets the supervisor's sentence; nothing is left, kept or not."""
    for keep in (False, True):
        with started(place, f"run-{keep}", keep=keep, FAILS="1") as run:
            assert run.says() == "TargetError: istiod of primary ended with status 1: its last words"
        nothing_left_of(place)


def test_a_target_of_another_release_is_refused_at_once(place: Path) -> None:
    """Its description is written whole: what this release cannot read of it never becomes what it can."""
    with started(place, "run") as run:
        directory = run.directory()
        (directory / FILE).write_text("{}", encoding="utf-8")
        with started(place, "later", **{VARIABLE: str(directory)}) as later:
            assert f"`meshproof down {directory.name}`" in later.says(within_s=20)
    nothing_left_of(place)


def test_a_supervisor_that_cannot_even_begin_is_told_of(place: Path) -> None:
    """No waiting for one that is dead: its last words are the reason."""
    with started(place, "run") as run:
        (place / "sleeping_supervisor.py").write_text("raise SystemExit('no room left')", encoding="utf-8")

        assert run.says(within_s=20).startswith("TargetError: the target's supervisor ended: no room left")


def test_a_kept_target_outlives_its_run_and_is_stopped(place: Path) -> None:
    """Until `meshproof down`."""
    with started(place, "run", keep=True) as run:
        run.says()
    (found,) = found_here()

    assert (found.kept, found.used) == (True, False)
    assert stop(found) < 5
    nothing_left_of(place)


def test_a_kept_target_is_found_by_its_directory(place: Path) -> None:
    """A later run that names it in the environment uses it and leaves it up."""
    with started(place, "first", keep=True) as first:
        directory = first.directory()
    with started(place, "second", **{VARIABLE: str(directory)}) as second:
        assert second.directory() == directory
    (found,) = found_here()

    assert found.directory == directory
    stop(found)


@pytest.mark.usefixtures("place")
def test_a_target_of_another_version_is_found_and_can_be_stopped(place: Path) -> None:
    """What it tells of itself is not understood, that it runs is: it stands in nobody's way."""
    with started(place, "run") as run:
        directory = run.directory()
        (directory / "target.json").write_text('{"of": "another version"}', encoding="utf-8")
        (found,) = found_here()

        assert found.state is None
        assert stop(found) <= 10.0


@pytest.mark.usefixtures("place")
def test_what_a_dead_run_left_is_no_obstacle() -> None:
    """Its files and locks go with the next reservation; what somebody holds stays."""
    dead, held = home() / "dead", home() / "held"
    for one in (dead, held):
        one.mkdir()
        for name in ("lease", "alive", "start", "world.lock"):
            (one / name).write_text("1", encoding="utf-8")
    holder = Lease(held)
    lease = reserve()

    assert sorted(home().iterdir()) == sorted([held, lease.directory])
    holder.release()
    discard(lease)
    assert VARIABLE not in os.environ


@pytest.mark.usefixtures("place")
def test_a_home_that_others_can_read_is_refused() -> None:
    """Keys of the mesh lie there."""
    home().chmod(0o755)

    with pytest.raises(TargetError, match="open to others; remove it or set TMPDIR"):
        home()


@pytest.mark.usefixtures("place")
def test_nothing_that_others_can_read_is_made() -> None:
    """The directory of a target is the user's alone, whatever the umask says."""
    before = os.umask(0)
    try:
        lease = reserve()
    finally:
        os.umask(before)

    assert {one.stat().st_mode & 0o777 for one in (home(), lease.directory)} == {0o700}
    discard(lease)
    assert list(home().iterdir()) == []


ALONE = """
import signal, sys
from pathlib import Path
from meshproof.targets.embedded.lease import world
with world(Path(sys.argv[1]), alone=True):
    Path(sys.argv[1], "in").touch()
    signal.pause()
"""


def test_a_target_that_somebody_died_in_is_judged_no_more(tmp_path: Path) -> None:
    """A killed mutant may still be in force: whoever comes next cannot see, which is never a pass."""
    with Running([sys.executable, "-c", ALONE, tmp_path], log=tmp_path / "log") as holder:
        until((tmp_path / "in").exists, bool, within_s=30, what="the holder's hold")
        os.kill(holder.pid, signal.SIGKILL)
        until(lambda: _is_refused(tmp_path, alone=False), lambda held: not held, within_s=20, what="the lock free")

    with (
        pytest.raises(TargetError, match=r"may not be as declared: .* was killed; stop it"),
        world(tmp_path, alone=False),
    ):
        pass


def test_a_change_that_could_not_be_undone_is_told(tmp_path: Path) -> None:
    """The words are those of who could not; an exception alone is no reason, since changes are undone on it."""
    with pytest.raises(KeyError), world(tmp_path, alone=True):
        raise KeyError
    with world(tmp_path, alone=True):
        leave_changed(tmp_path, "mutant mode-permissive could not be undone: the API server does not answer")

    with pytest.raises(TargetError, match="mutant mode-permissive could not be undone"), world(tmp_path, alone=True):
        pass


def _is_refused(directory: Path, *, alone: bool) -> bool:
    """Whether another process would have to wait for the target."""
    kind = fcntl.LOCK_EX if alone else fcntl.LOCK_SH
    with (directory / "world.lock").open("r") as lock:
        try:
            fcntl.flock(lock, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def test_a_mutant_waits_for_the_checks_that_look(tmp_path: Path) -> None:
    """Looks share the world; a change has it alone; a dead holder is no obstacle."""
    with world(tmp_path, alone=False), world(tmp_path, alone=False):
        assert _is_refused(tmp_path, alone=True)
    with world(tmp_path, alone=True):
        assert _is_refused(tmp_path, alone=False)

    assert not _is_refused(tmp_path, alone=True)

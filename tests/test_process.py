"""Starting programs, and leaving nothing behind."""

import contextlib
import os
import signal
import sys
from pathlib import Path

import pytest

from meshproof.keeper import groups_left, kill_groups
from meshproof.process import ProgramFailed, ProgramMissing, ProgramTimedOut, Running, require, run
from meshproof.waiting import until

#: Writes the ids of three processes to $PIDS: the shell, its child, and a daemon in a session of its own.
FAMILY = "sleep 300 & echo $$ $! > $PIDS.half; setsid sleep 301 & echo $! >> $PIDS.half; mv $PIDS.half $PIDS; wait"
PARENT = "from meshproof.process import run; import os; run(['sh', '-c', {script!r}], within_s=300)"


def alive(pid: int) -> bool:
    """Whether a process is there and not a zombie."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    return False


def pids(file: Path) -> list[int]:
    """The ids in the file, once it is there."""
    until(file.exists, bool, within_s=20, what=f"{file}")
    return [int(word) for word in file.read_text(encoding="utf-8").split()]


def none_alive(family: list[int]) -> bool:
    """Whether all are gone, at the latest some seconds from now."""
    return until(lambda: [pid for pid in family if alive(pid)], lambda left: not left, within_s=10).value == []


def test_output_status_and_duration_are_told() -> None:
    """A status other than 0 is an answer, not an error."""
    done = run(["sh", "-c", "cat; echo oops >&2; exit 3"], stdin="hello", within_s=10)

    assert (done.stdout, done.stderr, done.returncode, done.name) == ("hello", "oops\n", 3, "sh")
    assert 0 < done.seconds < 10


def test_the_environment_is_the_one_given() -> None:
    """Nothing of this process's environment is added but the keeper's mark."""
    done = run(["/usr/bin/env"], env={"ONLY": "this"}, within_s=10)

    assert [line.partition("=")[0] for line in done.stdout.splitlines()] == ["ONLY", "MESHPROOF_KEEPER"]


def test_output_that_is_not_utf8_is_no_traceback() -> None:
    """Faulty bytes are replaced."""
    assert run(["printf", r"\377"], within_s=10).stdout == "\ufffd"


def test_a_missing_program_is_named(tmp_path: Path) -> None:
    """One line with its path."""
    with pytest.raises(ProgramMissing, match="nothing: cannot be started"):
        run([tmp_path / "nothing"], within_s=1)


def test_a_missing_directory_is_named(tmp_path: Path) -> None:
    """It is not taken for a missing program."""
    with pytest.raises(ProgramMissing, match=f"in {tmp_path}/away"):
        run(["true"], cwd=tmp_path / "away", within_s=1)


def test_a_time_out_kills_the_whole_group(tmp_path: Path) -> None:
    """The program's children go with it, and the message has its last words."""
    script = "echo working >&2; sleep 300 & echo $$ $! > half; mv half pids; wait"

    with pytest.raises(ProgramTimedOut, match=r"not finished within 1 s.*working"):
        run(["sh", "-c", script], cwd=tmp_path, within_s=1)

    assert none_alive(pids(tmp_path / "pids"))


def test_what_a_program_leaves_in_its_group_goes(tmp_path: Path) -> None:
    """A child left in the background does not outlive the call."""
    run(["sh", "-c", "sleep 300 >/dev/null 2>&1 & echo $! > pids"], cwd=tmp_path, within_s=10)

    assert none_alive(pids(tmp_path / "pids"))


@pytest.mark.skipif(sys.platform != "linux", reason="daemons in sessions of their own are found through /proc")
@pytest.mark.parametrize("death", [signal.SIGKILL, signal.SIGINT], ids=["killed", "interrupted"])
def test_nothing_outlives_its_parent(tmp_path: Path, death: int) -> None:
    """Whatever ends the parent, all it started goes: on SIGKILL even a daemon in a session of its own."""
    script = PARENT.format(script=FAMILY)
    environment = {**os.environ, "PIDS": str(tmp_path / "pids")}

    with Running([sys.executable, "-c", script], log=tmp_path / "log", env=environment) as parent:
        family = pids(tmp_path / "pids")
        os.kill(parent.pid, death)

        assert none_alive(family)


@pytest.mark.skipif(sys.platform != "linux", reason="families are found through /proc")
def test_a_child_that_stands_still_without_its_environment_goes_too(tmp_path: Path) -> None:
    """As PostgreSQL's own are: in a session of their own, and frozen when everything ends."""
    still = "env -i setsid sh -c 'kill -STOP $$; sleep 300' & echo $! > $PIDS.half; mv $PIDS.half $PIDS; wait"
    script = PARENT.format(script=still)
    environment = {**os.environ, "PIDS": str(tmp_path / "pids")}

    with Running([sys.executable, "-c", script], log=tmp_path / "log", env=environment) as parent:
        family = pids(tmp_path / "pids")
        os.kill(parent.pid, signal.SIGKILL)

        assert none_alive(family)


def test_a_forked_child_has_a_keeper_of_its_own(tmp_path: Path) -> None:
    """A child that lives on does not keep its parent's keeper from noticing that the parent died."""
    script = (
        "import os, signal\nfrom meshproof.process import run\nrun(['true'], within_s=9)\n"
        "if os.fork() == 0: signal.pause()\n" + PARENT.format(script=FAMILY)
    )
    environment = {**os.environ, "PIDS": str(tmp_path / "pids")}

    with Running([sys.executable, "-c", script], log=tmp_path / "log", env=environment) as parent:
        family = pids(tmp_path / "pids")
        os.kill(parent.pid, signal.SIGKILL)

        assert none_alive(family)


SCRATCH = """
import signal, sys
from pathlib import Path
from meshproof.process import scratch
with scratch("secrets") as place:
    (place / "key").write_text("private")
    Path(sys.argv[1]).write_text(f"{place} {oct(place.stat().st_mode & 0o777)}")
    signal.pause()
"""


@pytest.mark.parametrize("death", [signal.SIGKILL, signal.SIGINT], ids=["killed", "interrupted"])
def test_a_scratch_directory_goes_with_its_process(tmp_path: Path, death: int) -> None:
    """What lies in it may be a key: nobody else reads it, and no death leaves it behind."""
    told = tmp_path / "told"
    argv = [sys.executable, "-c", SCRATCH, told]
    with Running(argv, log=tmp_path / "log", env={**os.environ, "TMPDIR": str(tmp_path)}) as process:
        until(lambda: told.exists() and told.read_text(encoding="utf-8").endswith("00"), bool, within_s=20)
        place, mode = told.read_text(encoding="utf-8").split()
        os.kill(process.pid, death)

        until(Path(place).exists, lambda there: not there, within_s=5, what="the directory gone")
    assert mode == "0o700"


def test_the_keeper_forgets_groups_that_ended() -> None:
    """Only what was started and has not ended is killed."""
    assert groups_left(["+1\n", "+2\n", "-1\n", "\n"]) == {2}


def test_killing_a_group_that_is_gone_is_fine() -> None:
    """It may end between the look and the blow."""
    kill_groups([2**22 + 1])


def test_success_is_passed_on() -> None:
    """What `require` takes it gives back."""
    done = run(["true"], within_s=10)

    assert require(done, doing="nothing") is done


def test_failure_is_one_line_with_the_last_words() -> None:
    """What was being done, how it ended, the end of what it said."""
    done = run(["sh", "-c", "echo first >&2; echo '│ last' >&2; exit 7"], within_s=10)

    with pytest.raises(ProgramFailed, match=r"^trying: sh ended with status 7: first \| last$"):
        require(done, doing="trying")


def test_a_signal_is_told_as_one() -> None:
    """A program that was killed did not fail by itself."""
    with pytest.raises(ProgramFailed, match="was ended by signal 9"):
        require(run(["sh", "-c", "kill -9 $$"], within_s=10), doing="trying")


def test_secrets_do_not_reach_messages() -> None:
    """Neither values of secret variables nor passwords in URLs."""
    environment = {"DB_PASSWORD": "hunter22", "PATH": os.environ["PATH"]}
    done = run(["sh", "-c", "echo $DB_PASSWORD https://me:hunter23@host/ >&2; exit 1"], env=environment, within_s=10)

    with pytest.raises(ProgramFailed) as caught:
        require(done, doing="trying")

    assert "hunter" not in f"{caught.value} {done!r}"
    assert "https://me:***@host/" in str(caught.value)


def test_a_running_program_is_stopped_at_the_end_of_the_block(tmp_path: Path) -> None:
    """By TERM; its log is private and has what it said."""
    log = tmp_path / "log"

    with Running(["sh", "-c", "echo up; sleep 300 & wait"], log=log) as program:
        until(program.last_words, lambda said: said == "up", within_s=10)
        assert program.returncode is None

    assert program.returncode == -signal.SIGTERM
    assert log.stat().st_mode & 0o777 == 0o600


def test_a_program_that_ignores_term_is_killed(tmp_path: Path) -> None:
    """After its grace."""
    with Running(["sh", "-c", "trap '' TERM; echo up; while :; do sleep 1; done"], log=tmp_path / "log") as program:
        program._stop_within_s = 0.1
        until(program.last_words, lambda said: said == "up", within_s=10)

    assert program.returncode == -signal.SIGKILL


def test_an_error_in_the_block_stops_the_program(tmp_path: Path) -> None:
    """Whatever ends the block."""
    with (
        pytest.raises(ZeroDivisionError),
        Running(["sleep", "300"], log=tmp_path / "log") as program,
    ):
        raise ZeroDivisionError

    assert not alive(program.pid)


def test_a_program_ends_with_the_one_that_it_needs(tmp_path: Path) -> None:
    """What it had said is kept, and it is not waited for until its time is over."""
    with Running(["sleep", "1"], log=tmp_path / "log") as needed:
        done = run(["sh", "-c", "cat; sleep 300"], stdin="asked", within_s=200, needs=needed)

    assert (done.returncode, done.stdout) == (-signal.SIGKILL, "asked")
    assert done.seconds < 100


def test_a_program_that_ends_before_the_one_that_it_needs_is_as_any_other(tmp_path: Path) -> None:
    """Also where it is looked at more than once."""
    with Running(["sleep", "300"], log=tmp_path / "log") as needed:
        done = run(["sh", "-c", "sleep 1.5; cat"], stdin="asked", within_s=60, needs=needed)

    assert (done.returncode, done.stdout) == (0, "asked")


def test_a_program_that_was_not_started_says_so(tmp_path: Path) -> None:
    """It is used in a with block."""
    with pytest.raises(RuntimeError, match="not started"):
        Running(["true"], log=tmp_path / "log").stop()


def test_a_running_program_that_is_missing_is_named(tmp_path: Path) -> None:
    """As by `run`."""
    with pytest.raises(ProgramMissing), Running([tmp_path / "nothing"], log=tmp_path / "log"):
        pass

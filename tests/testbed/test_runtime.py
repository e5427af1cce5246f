"""Docker's runtime of the test bed: asks for every capability but one, and hands everything else on as it is."""

import json
import os
import shutil
from pathlib import Path

import kind
import pytest

from meshproof.process import run

RUNTIME = Path(kind.__file__).with_name("runtime")
CAPABILITIES = {"bounding": ["CAP_CHOWN", "CAP_SYS_RESOURCE"], "effective": ["CAP_SYS_RESOURCE"]}
LESS = {"bounding": ["CAP_CHOWN"], "effective": []}

pytestmark = pytest.mark.skipif(shutil.which("jq") is None, reason="jq is not on PATH: the runtime was not run")


def called(tmp_path: Path, *words: str) -> list[str]:
    """The words that runc got in the end."""
    runc = tmp_path / "bin" / "runc"
    runc.parent.mkdir()
    runc.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    runc.chmod(0o755)
    path = f"{runc.parent}:{os.environ['PATH']}"
    done = run([RUNTIME, *words], within_s=20, env={**os.environ, "PATH": path})
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_a_container_is_created_without_it(tmp_path: Path) -> None:
    """The process is a part of the container's specification; the rest of that stays."""
    file = tmp_path / "config.json"
    file.write_text(json.dumps({"process": {"capabilities": CAPABILITIES, "args": ["init"]}, "hostname": "node"}))

    assert called(tmp_path, "create", "--bundle", str(tmp_path), "id") == ["create", "--bundle", str(tmp_path), "id"]
    assert json.loads(file.read_text()) == {"process": {"capabilities": LESS, "args": ["init"]}, "hostname": "node"}


def test_a_process_is_run_in_one_without_it(tmp_path: Path) -> None:
    """There the file is the process itself."""
    file = tmp_path / "process"
    file.write_text(json.dumps({"capabilities": CAPABILITIES, "args": ["sh"]}))

    called(tmp_path, "exec", "--process", str(file), "id")
    assert json.loads(file.read_text()) == {"capabilities": LESS, "args": ["sh"]}


def test_a_process_without_capabilities_stays_as_it_is(tmp_path: Path) -> None:
    """An unprivileged one may have none at all."""
    file = tmp_path / "process"
    file.write_text(json.dumps({"args": ["sh"]}))

    called(tmp_path, "exec", "--process", str(file), "id")
    assert json.loads(file.read_text()) == {"args": ["sh"]}


def test_other_words_are_handed_on(tmp_path: Path) -> None:
    """`state`, `kill` and `delete` name no file."""
    assert called(tmp_path, "--root", "/run", "delete", "--force", "id") == [
        "--root",
        "/run",
        "delete",
        "--force",
        "id",
    ]

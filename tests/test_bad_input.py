"""Bad input of every kind: one sentence, the exit status that belongs to it, nothing half-written, never a traceback."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from meshproof.commands.runs import load_run
from meshproof.declaration.kubernetes import read_tree
from meshproof.declaration.origins import Origins
from meshproof.errors import MeshproofError
from meshproof.exemption import read_exemptions
from meshproof.process import Completed, Running, run
from meshproof.reasons import read_reasons
from meshproof.systems import read_systems
from meshproof.waiting import until
from tests.declaration.trees import plant
from tests.small_suite import GOOD, SERVICES, Suite, suite

__all__ = ["suite"]

#: A run that is stuck fails the test instead of holding it.
WITHIN_S = 180.0
QUICK = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def in_a_small_world(pytester: pytest.Pytester, mount: str, *args: str) -> Completed:
    """Run pytest where `reports` is a file system of its own; then list what it left there."""
    pytester.mkdir("reports")
    command = shlex.join([sys.executable, "-m", "pytest", "suites", "-p", "no:cacheprovider", *args])
    script = f"{mount} || exit 77; {command}; status=$?; echo LEFT: $(ls -A reports); exit $status"
    done = run(["unshare", "-rm", "sh", "-c", script], cwd=pytester.path, within_s=WITHIN_S)
    if done.returncode in (1, 77) and "LEFT" not in done.stdout:
        pytest.skip(f"no file system can be mounted here: {done.stderr.strip()[-200:]}")
    return done


@pytest.mark.parametrize(
    ("mount", "words"),
    [
        pytest.param("mount -t tmpfs -o ro none reports", "Read-only file system", id="read-only"),
        pytest.param("mount -t tmpfs -o size=8k none reports", "No space left on device", id="full"),
    ],
)
def test_a_report_that_cannot_be_written_is_exit_four_and_leaves_nothing(
    suite: Suite, pytester: pytest.Pytester, mount: str, words: str
) -> None:
    """Said with the directory and what to do."""
    suite(GOOD, "--co", "-q")

    done = in_a_small_world(pytester, mount, "--report-dir", "reports/run")

    said = done.stdout + done.stderr
    assert done.returncode == 4, said
    assert words in said
    assert "--report-dir" in said
    assert "LEFT:\n" in done.stdout
    assert "Traceback" not in said


def test_a_report_directory_below_a_file_is_exit_four(suite: Suite) -> None:
    """Before anything runs."""
    result = suite(GOOD, "--report-dir", "suites/systems.toml/run")

    assert result.ret == 4
    result.stderr.fnmatch_lines(["*the report cannot be written there*choose another --report-dir*"])


@pytest.mark.parametrize("place", ["infra", "."])
def test_a_report_never_takes_the_place_of_something_else(suite: Suite, pytester: pytest.Pytester, place: str) -> None:
    """A directory that holds no report is left as it is."""
    result = suite(GOOD, "--report-dir", place)

    assert result.ret == 4
    result.stderr.fnmatch_lines(["*holds something else than a report and is left alone*"])
    assert (pytester.path / "infra/services.yaml").read_text() == SERVICES


BLOCKS = """
@checks(control("NET-009", [OPEN]))
def test_zz_waits(platform):
    with open("ready", "w"): pass
    open("never").read()
"""


@pytest.mark.parametrize(
    ("workers", "how"),
    [
        pytest.param((), signal.SIGINT, id="alone"),
        pytest.param(("-n", "1"), signal.SIGINT, id="with-a-worker"),
        pytest.param((), signal.SIGTERM, id="asked-to-end"),
    ],
)
def test_an_interrupted_run_is_reported_as_partial(
    suite: Suite, pytester: pytest.Pytester, workers: tuple[str, ...], how: signal.Signals
) -> None:
    """Ctrl-C or a job that is cancelled: exit status 2, and the report says what was judged until then."""
    suite(GOOD + BLOCKS, "--co", "-q")
    for name in ("ready", "never"):
        os.mkfifo(pytester.path / name)
    argv = [sys.executable, "-m", "pytest", "suites", "-v", "-p", "no:cacheprovider", *workers]
    log = pytester.path / "said"
    with Running(argv, cwd=pytester.path, log=log, name="pytest") as process:
        (pytester.path / "ready").read_bytes()
        # A worker that has gone on to the next check may not yet have been heard about the one before.
        until(log.read_text, lambda said: "PASSED" in said, within_s=WITHIN_S, what="the first verdict")
        process.signal(how)
        status = until(lambda: process.returncode, lambda one: one is not None, within_s=WITHIN_S, what="its end").value
    said = log.read_text()

    found = json.loads((pytester.path / "reports/runs/latest/run.json").read_text())
    verdicts = {one["id"]: one["verdict"] for one in found["controls"]}
    assert status == 2, said
    assert found["complete"] is False
    assert verdicts == {"NET-001": "pass", "NET-009": "unknown"} if not workers else verdicts["NET-001"] == "pass"
    assert "INCOMPLETE RUN" in said


OLD = '#!/bin/sh\necho \'{"terraform_version": "1.0.11"}\'\n'
QUEUES = """
@checks(control("NET-001", [edit("aws_sqs_queue", "*", {"name": "x"}, says="x")]))
def test_queues(platform):
    findings = judge(platform.all("aws_sqs_queue"), lambda one: None if one.get("name") else "has no name")
    assert not findings.broken, findings.table()
"""


@pytest.mark.parametrize(
    ("program", "words"),
    [pytest.param(OLD, "1.0.11", id="too-old"), pytest.param("", "not on PATH", id="missing")],
)
def test_terraform_that_cannot_be_had_leaves_a_must_unseen(
    suite: Suite, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, program: str, words: str
) -> None:
    """Exit status 6 in the words of the toolchain, with the command that helps."""
    suite(QUEUES, "--co", "-q")
    plant(pytester.path)
    tools = pytester.mkdir("tools")
    if program:
        (tools / "terraform").write_text(program)
        (tools / "terraform").chmod(0o755)
    monkeypatch.setenv("PATH", str(tools))
    monkeypatch.setenv("XDG_CACHE_HOME", str(pytester.path / "cache"))

    result = pytester.runpytest_subprocess("suites", "-p", "no:cacheprovider")

    said = " ".join(result.stdout.str().split())
    assert result.ret == 6, said
    assert words in said
    assert "meshproof fetch terraform" in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("file", "text", "words"),
    [
        pytest.param(
            "modules/aws/store/main.tf",
            'resource "aws_sqs_queue" "main" {\n  name = \n}\n',
            "infra/modules/aws/store/main.tf:2",
            id="broken-hcl",
        ),
        pytest.param(
            "modules/aws/store/more.tf",
            'module "gone" {\n  source = "../gone"\n}\n',
            "infra/modules/aws/gone: holds no Terraform module",
            id="unknown-module",
        ),
    ],
)
def test_a_tree_that_makes_no_sense_is_exit_four(
    suite: Suite, pytester: pytest.Pytester, file: str, text: str, words: str
) -> None:
    """Said once, with the place."""
    suite(QUEUES, "--co", "-q")
    plant(pytester.path)
    (pytester.path / "infra" / file).write_text(text)

    result = pytester.runpytest_subprocess("suites", "-p", "no:cacheprovider")

    said = " ".join((result.stdout.str() + result.stderr.str()).split())
    assert result.ret == 4, said
    assert words in said
    assert "Traceback" not in said


def test_a_provider_that_cannot_be_had_leaves_what_needs_it_unseen(suite: Suite, pytester: pytest.Pytester) -> None:
    """The units that need it are left out by name; nothing is made up in their place."""
    suite(QUEUES, "--co", "-q")
    plant(pytester.path)
    versions = pytester.path / "infra/modules/aws/store/versions.tf"
    more = '    lamp = {\n      source  = "example.invalid/nobody/lamp"\n      version = "1.0.0"\n    }\n    aws ='
    versions.write_text(versions.read_text().replace("    aws =", more))

    result = pytester.runpytest_subprocess("suites", "-p", "no:cacheprovider")

    said = " ".join(result.stdout.str().split())
    notes = json.loads((pytester.path / "reports/runs/latest/run.json").read_text())["notes"]
    assert result.ret == 6, said
    assert "NET-001 module.primary_store.aws_sqs_queue.main: name is known only after apply" in said
    assert "Not read as declared (1)" in said
    assert "provider example.invalid/nobody/lamp cannot be had here" in notes[0]["says"]
    assert "Traceback" not in said


def test_a_unit_whose_module_is_elsewhere_hides_what_it_declares(suite: Suite, pytester: pytest.Pytester) -> None:
    """That there is none of a kind cannot be said while a unit is unread: unknown, not "not applicable"."""
    suite(QUEUES.replace("aws_sqs_queue", "aws_sns_topic"), "--co", "-q")
    plant(pytester.path)
    unit = pytester.path / "infra/units/aws/store/terragrunt.hcl"
    elsewhere = 'source = "git::https://modules.example/store.git?ref=v1"'
    unit.write_text(re.sub(r"source = find_in_parent_folders.*", elsewhere, unit.read_text()))

    result = pytester.runpytest_subprocess("suites", "-p", "no:cacheprovider")

    said = " ".join(result.stdout.str().split())
    assert result.ret == 6, said
    assert "git::https://modules.example/store.git?ref=v1 lies outside the tree" in said
    assert "whether it declares aws_sns_topic is not known" in said
    assert "Traceback" not in said


@pytest.mark.parametrize("name", ["suites/exemptions.toml", "suites/systems.toml", "infra/a.yaml"])
def test_a_file_that_is_not_utf_8_is_named(suite: Suite, pytester: pytest.Pytester, name: str) -> None:
    """Whatever it is for."""
    suite(GOOD, "--co", "-q")
    (pytester.path / name).write_bytes(b"# \xff\xfe\n")

    result = pytester.runpytest_subprocess("suites", "-p", "no:cacheprovider")

    said = result.stdout.str() + result.stderr.str()
    assert result.ret == 4, said
    assert name.rpartition("/")[2] in said
    assert "Traceback" not in said


YAML_TEXT = st.one_of(
    st.text(max_size=120),
    st.text(alphabet="kind: apiVersion\n-[]{}#&*!|>'\"%@`,?\t0aé\x00", max_size=120),
    st.binary(max_size=80),
)


@QUICK
@given(body=YAML_TEXT)
def test_any_manifest_is_read_or_refused_in_words(tmp_path: Path, body: str | bytes) -> None:
    """No document gives a traceback."""
    infra = tmp_path / "infra"
    infra.mkdir(exist_ok=True)
    (infra / "services.yaml").write_bytes(
        SERVICES.encode() + b"---\n" + (body if isinstance(body, bytes) else body.encode())
    )

    try:
        read_tree(infra, Origins(infra))
    except MeshproofError as error:
        assert "services.yaml" in str(error)  # noqa: PT017 - either way is right, but only with the file's name


TOML_TEXT = st.one_of(
    st.text(max_size=100),
    st.lists(
        st.sampled_from(
            ["[[exemption]]", "[[system]]", "[equivalent]", 'control = "A-001"', 'id = "x"', "expires = 2030-01-01",
             'owner = ""', "a = 1", "system = 1", "equivalent = 1", "exemption = 1", 'floor = "none"', "x = [", '"a#b:flip" = ""']
        ),
        max_size=8,
    ).map("\n".join),
)  # fmt: skip


@QUICK
@given(body=TOML_TEXT)
def test_any_register_is_read_or_refused_in_words(tmp_path: Path, body: str) -> None:
    """Exemptions, systems and equivalents."""
    path = tmp_path / "any.toml"
    path.write_text(body, encoding="utf-8", errors="surrogatepass")
    readers = (lambda: read_exemptions(path, today=__import__("datetime").date(2026, 1, 1)), lambda: read_systems(path))

    for reader in (*readers, lambda: read_reasons(path, "equivalent")):
        try:
            reader()
        except MeshproofError as error:
            assert "any.toml" in str(error)  # noqa: PT017 - either way is right, but only with the file's name


@QUICK
@given(body=st.one_of(st.text(max_size=80), st.binary(max_size=60), st.just('{"schema": 1}'), st.just("[" * 5000)))
def test_any_run_is_read_or_refused_in_words(tmp_path: Path, body: str | bytes) -> None:
    """What `verify`, `diff`, `explain` and `report` are given."""
    (tmp_path / "run.json").write_bytes(body if isinstance(body, bytes) else body.encode("utf-8", "surrogatepass"))

    with pytest.raises(MeshproofError, match=r"run\.json"):
        load_run(tmp_path)


@pytest.mark.parametrize("command", [["report"], ["verify"], ["explain", "NET-001", "--run"], ["diff", "."]])
def test_a_command_without_a_run_is_one_sentence(tmp_path: Path, command: list[str]) -> None:
    """Exit status 4."""
    argv = [sys.executable, "-m", "meshproof.cli", *command, str(tmp_path / "none")]
    done = run(argv, cwd=tmp_path, within_s=WITHIN_S)

    assert done.returncode == 4, done.stdout + done.stderr
    assert done.stderr.startswith("meshproof: ")
    assert "Traceback" not in done.stderr
    assert done.stderr.count("\n") == 1

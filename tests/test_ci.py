"""What a pipeline runs: the shell of the composite action, with the files that a runner gives it."""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from meshproof.process import Completed, run
from tests.small_suite import GOOD, ROOT, SERVICES, Suite, suite

__all__ = ["suite"]

ACTION = ROOT / ".github/actions/conformance/action.yml"


def _script(name: str) -> str:
    steps = YAML(typ="safe").load(ACTION.read_text(encoding="utf-8"))["runs"]["steps"]
    return str(next(one["run"] for one in steps if one["name"] == name))


def _judged(pytester: pytest.Pytester, **given: str) -> Completed:
    """The step `Judge` in the suite's directory, as a runner starts it."""
    bin_dir = pytester.path / "runner/meshproof/bin"
    bin_dir.mkdir(parents=True)
    (bin_dir / "pytest").symlink_to(Path(sys.executable).with_name("pytest"))
    inputs = {"ENVIRONMENT": "prod", "NAME": "part", "OPTIONS": "", "TARGET": "plan", "TESTS": "suites", "TIER": "gate"}
    files = {"GITHUB_OUTPUT": "output", "GITHUB_STEP_SUMMARY": "summary", "RUNNER_TEMP": "runner"}
    environment = os.environ | {name: str(pytester.path / path) for name, path in files.items()} | inputs | given
    argv = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", _script("Judge")]
    return run(argv, cwd=pytester.path, env=environment, within_s=300)


def _outputs(pytester: pytest.Pytester) -> dict[str, str]:
    lines = (pytester.path / "output").read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines)


@pytest.mark.parametrize(("declared", "status"), [("ClusterIP", 0), ("NodePort", 1)])
def test_the_action_ends_as_the_run_did(suite: Suite, pytester: pytest.Pytester, declared: str, status: int) -> None:
    """Red or green, the summary is there to read and the digest names the report."""
    suite(GOOD, "--co", "-q", services=SERVICES.replace("ClusterIP", declared, 1))

    done = _judged(pytester, OPTIONS="-p no:cacheprovider")

    sums = (pytester.path / "reports/runs/part/SHA256SUMS").read_bytes()
    assert done.returncode == status, done.stdout + done.stderr
    assert _outputs(pytester) == {
        "status": str(status),
        "directory": "reports/runs/part",
        "digest": hashlib.sha256(sums).hexdigest(),
    }
    assert "NET-001" in (pytester.path / "summary").read_text(encoding="utf-8") or status == 0
    assert (pytester.path / "summary").read_text(encoding="utf-8").startswith("## ")


def test_a_run_without_a_report_has_no_digest(suite: Suite, pytester: pytest.Pytester) -> None:
    """The step fails by the run's own status, and nothing is shown as found."""
    suite(GOOD, "--co", "-q")

    done = _judged(pytester, TARGET="moon")

    assert done.returncode == 4, done.stdout + done.stderr
    assert "digest" not in _outputs(pytester)
    assert not (pytester.path / "summary").exists()

"""Runs Terraform over a composed root and returns the plan as JSON."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from meshproof.declaration import diagnostics
from meshproof.declaration.diagnostics import Diagnostic
from meshproof.errors import TargetError, UsageError
from meshproof.process import Completed, run

try:
    import fcntl
except ImportError:  # pragma: no cover - not on Windows, where two runs must not share a cache
    fcntl = None  # type: ignore[assignment]

#: The JSON plan's `after_unknown` marks and `-json` of `init` that this module relies on.
OLDEST: Final = (1, 11)
#: A registry download of the AWS provider is 160 MB; a plan of 500 resources takes under a minute.
_INIT_S: Final = 900.0
_PLAN_S: Final = 600.0
#: Some resources ask AWS while they are planned (an OpenSearch domain asks which versions follow its own), and without
#: a network the provider asks again for an hour. Nothing listens on port 0: no request leaves the machine.
_NOBODY: Final = {"AWS_ENDPOINT_URL": "http://127.0.0.1:0", "AWS_MAX_ATTEMPTS": "1"}
#: Settings of the caller's shell that would change what is planned.
FOREIGN: Final = ("TF_VAR_", "TF_CLI_ARGS", "TF_WORKSPACE", "TF_DATA_DIR", "AWS_", "GOOGLE_", "CLOUDSDK_")


@dataclass(frozen=True, slots=True, kw_only=True)
class Terraform:
    """The program, its version, and the environment in which it finds providers.

    `offered` are the provider sources that can be had, with their version where it is known.
    """

    path: Path
    version: str
    environment: Mapping[str, str]
    offered: Mapping[str, str]

    def __post_init__(self) -> None:
        """Refuse a version that is too old."""
        parts = tuple(int(part) for part in self.version.split("-")[0].split(".")[:2])
        if parts < OLDEST:
            wanted = ".".join(str(part) for part in OLDEST)
            message = f"terraform {self.version} at {self.path} is too old: install {wanted} or newer"
            raise TargetError(message)

    @property
    def fingerprint(self) -> str:
        """What of the program and its providers decides a plan."""
        return json.dumps([self.version, dict(sorted(self.offered.items()))])


@contextmanager
def workspace(parent: Path, key: str) -> Iterator[Path]:
    """A directory of its own for roots that need the same providers and modules, held alone while it is used."""
    directory = parent / "roots" / key
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (directory / ".lock").open("w") as lock:
        if fcntl is not None:
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield directory


def init_key(root: Mapping[str, object], terraform: Terraform) -> str:
    """Roots with the same key can share what `terraform init` prepared."""
    modules = root.get("module", {})
    calls = {name: call.get("source") for name, call in modules.items()} if isinstance(modules, Mapping) else {}
    settings = [calls, root.get("terraform"), terraform.fingerprint]
    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:20]


Locate = Callable[[Diagnostic], Diagnostic]


class Refused(UsageError):
    """Terraform does not take the declaration; `found` are all its errors, placed where they were declared."""

    def __init__(self, message: str, found: tuple[Diagnostic, ...]) -> None:
        """The message names the first of them."""
        super().__init__(message)
        self.found = found


def planned_json(terraform: Terraform, directory: Path, locate: Locate) -> str:
    """`init` (once per directory), `plan` and `show -json` over the root in `directory`.

    Raises UsageError for what is wrong in the declaration and TargetError for a provider that cannot be had, both in
    Terraform's own words with file and line; `locate` turns a place in the root into the place that was declared.
    """
    marker = directory / ".initialised"
    if not marker.exists():
        _init(terraform, directory, locate)
        marker.touch()
    plan = directory / "plan.bin"
    try:
        words = ["plan", "-json", "-input=false", "-lock=false", "-refresh=false", f"-out={plan.name}"]
        completed = _terraform(terraform, directory, words, _PLAN_S)
        if completed.returncode != 0 and _stale(completed):
            _init(terraform, directory, locate)
            completed = _terraform(terraform, directory, words, _PLAN_S)
        _refuse(completed, "plan", locate)
        shown = _terraform(terraform, directory, ["show", "-json", plan.name], _PLAN_S)
        _refuse(shown, "show", locate)
    finally:
        plan.unlink(missing_ok=True)
    return shown.stdout


def _init(terraform: Terraform, directory: Path, locate: Locate) -> None:
    completed = _terraform(terraform, directory, ["init", "-json", "-input=false"], _INIT_S)
    if completed.returncode == 0:
        return
    found = list(diagnostics.errors(completed.stdout))
    provider = next((one for one in found if "provider" in one.summary.lower()), None)
    if provider is not None:
        message = (
            f"a provider cannot be had: {provider}; let Terraform reach its registry, or mirror it "
            "with `terraform providers mirror DIRECTORY`"
        )
        raise TargetError(message)
    _refuse(completed, "init", locate)


def _stale(completed: Completed) -> bool:
    """Whether Terraform asks for another `init`: modules call others than when the directory was prepared."""
    return any(
        "not installed" in one.summary or "terraform init" in one.detail for one in diagnostics.errors(completed.stdout)
    )


def _refuse(completed: Completed, doing: str, locate: Locate) -> None:
    if completed.returncode == 0:
        return
    found = tuple(locate(one) for one in diagnostics.errors(completed.stdout))
    if found:
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        message = f"{found[0]}{more}"
        raise Refused(message, found)
    message = (
        f"terraform {doing} ended with status {completed.returncode}: {completed.last_words() or 'it said nothing'}"
    )
    raise TargetError(message)


def _terraform(terraform: Terraform, directory: Path, words: list[str], within_s: float) -> Completed:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    quiet = {"TF_IN_AUTOMATION": "1", "CHECKPOINT_DISABLE": "1", "NO_COLOR": "1"}
    env = {**kept, **_NOBODY, **terraform.environment, **quiet}
    return run([terraform.path, *words], cwd=directory, env=env, within_s=within_s, name="terraform")

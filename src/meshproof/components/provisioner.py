"""Terraform that applies: a composed root, and the account that it is applied to."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from meshproof.components.moto import Account
from meshproof.declaration import composition, plan_json, terragrunt
from meshproof.declaration.composition import AWS, Composer, Composition
from meshproof.declaration.diagnostics import Diagnostic, errors
from meshproof.declaration.terraform_run import FOREIGN, Terraform
from meshproof.errors import TargetError, UsageError
from meshproof.process import Completed, run

_INIT_S: Final = 120.0
_APPLY_S: Final = 1200.0
#: Most of an apply is waiting that is written into the provider: it must not be done one after the other.
_AT_ONCE: Final = 64
_BACKEND_FILE: Final = "backend.tf.json"
#: How many lines Terraform takes to say what is wrong where it does not say it in JSON.
_WORDS: Final = 16
_LOCKED: Final = "acquiring the state lock"
#: A line of `terraform graph`: what needs, and what it needs.
_EDGE: Final = re.compile(r'^\s*"(?P<one>[^"]+)" -> "(?P<other>[^"]+)"', re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What one apply did: the addresses that are there now by its doing, and the errors it ended with."""

    addresses: tuple[str, ...]
    refused: tuple[Diagnostic, ...]
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What a plan would do to one resource; `attributes` are the top-level ones that would differ."""

    address: str
    actions: tuple[str, ...]
    attributes: tuple[str, ...]

    def __str__(self) -> str:
        """One line for a person."""
        return f"{self.address}: {' and '.join(self.actions)} ({', '.join(self.attributes) or 'all of it'})"


class StateLockedError(TargetError):
    """Somebody else holds the lock of the state."""


def compose(  # noqa: PLR0913  what a root is made from, by name
    infra: Path, environment: str, units: frozenset[str], *, terraform: Terraform, cache: Path, directory: Path
) -> Composition:
    """Lay the root of these units into `directory`, ready to be applied.

    Raises TargetError where the provider cannot be had, UsageError for a unit that is not declared.
    """
    if AWS not in terraform.offered:
        message = (
            "Terraform's AWS provider cannot be had here, so nothing is applied; get it with "
            "`terraform providers mirror ~/.terraform.d/plugins` in infra/modules/aws/state"
        )
        raise TargetError(message)
    live = terragrunt.read_live(infra.resolve(), environment, cache=cache)
    if missing := units - live.by_id.keys():
        message = f"{infra.name}/live/{environment} declares no unit {', '.join(sorted(missing))}"
        raise UsageError(message)
    available = frozenset(terraform.offered)
    composed = Composer(live, available, units).compose()
    composition.lay(composed, live, directory)
    return composed


class Provisioner:
    """A root in a directory of its own and the account that it is applied to."""

    def __init__(self, terraform: Terraform, directory: Path, account: Account) -> None:
        """Nothing is applied yet."""
        self._terraform = terraform
        self.directory = directory
        self._account = account

    def at(self, account: Account, directory: Path) -> Provisioner:
        """The same root for a copy of the account, in a directory of its own."""
        shutil.copytree(self.directory, directory, symlinks=True)
        return Provisioner(self._terraform, directory, account)

    def prepare(self) -> None:
        """Install what the root needs. Raises TargetError."""
        self._require("init", self._run(["init", "-json", "-input=false"], _INIT_S))

    def move_state(self, backend: Mapping[str, object]) -> None:
        """Move the state, as yet in the directory, into the declared bucket. Raises TargetError."""
        self._write(backend)
        words = ["init", "-no-color", "-input=false", "-migrate-state", "-force-copy"]
        self._require("init -migrate-state", self._run(words, _INIT_S))

    def use_backend(self, backend: Mapping[str, object]) -> None:
        """Use the state where it lies with other settings. Raises TargetError."""
        self._write(backend)
        self._require("init", self._run(["init", "-json", "-input=false", "-reconfigure"], _INIT_S))

    def _write(self, backend: Mapping[str, object]) -> None:
        root = {"terraform": {"backend": {"s3": dict(backend)}}}
        (self.directory / _BACKEND_FILE).write_text(json.dumps(root, indent=2), encoding="utf-8")

    def dependencies(self) -> Mapping[str, frozenset[str]]:
        """What each resource needs at once, without their indices, by Terraform's own graph. Raises TargetError."""
        shown = self._require("graph", self._run(["graph"], _INIT_S))
        found: defaultdict[str, set[str]] = defaultdict(set)
        for edge in _EDGE.finditer(shown.stdout):
            found[edge["one"]].add(edge["other"])
        return {one: frozenset(others) for one, others in found.items()}

    def apply(self, targets: Sequence[str], *, refresh: bool = True) -> Applied:
        """Apply these addresses and what they depend on; what the account would not take is in `refused`.

        Without `refresh` the state is believed, which is faster where nobody else can have changed the account.
        Raises StateLockedError, and TargetError where the account died: what it held died with it.
        """
        words = ["apply", "-json", "-input=false", "-auto-approve", f"-parallelism={_AT_ONCE}", *_targets(targets)]
        words += [] if refresh else ["-refresh=false"]
        completed = self._run(words, _APPLY_S)
        self._account.require_alive()
        refused = tuple(errors(completed.stdout))
        if any(_LOCKED in one.summary for one in refused):
            message = f"the state is locked: {refused[0]}"
            raise StateLockedError(message)
        if completed.returncode != 0 and not refused:
            self._require("apply", completed)
        return Applied(addresses=tuple(_done(completed.stdout)), refused=refused, seconds=completed.seconds)

    def changes(self, targets: Sequence[str] = ()) -> tuple[Change, ...]:
        """What another apply would change, in order of address. Raises StateLockedError and TargetError."""
        plan = self.directory / "again.bin"
        words = ["plan", "-json", "-input=false", f"-parallelism={_AT_ONCE}", f"-out={plan.name}", *_targets(targets)]
        try:
            self._require("plan", self._run(words, _APPLY_S))
            shown = self._require("show", self._run(["show", "-json", plan.name], _APPLY_S))
        finally:
            plan.unlink(missing_ok=True)
        rows = plan_json.loaded(shown.stdout, "the second plan").get("resource_changes", [])
        assert isinstance(rows, list)  # noqa: S101 - narrows the type
        found = [_change(row) for row in rows if row["change"]["actions"] not in (["no-op"], ["read"])]
        return tuple(sorted(found, key=lambda one: one.address))

    def _require(self, doing: str, completed: Completed) -> Completed:
        if completed.returncode == 0:
            return completed
        self._account.require_alive()
        found = next(errors(completed.stdout), None)
        said = str(found) if found else completed.last_words(_WORDS) or "it said nothing"
        kind = StateLockedError if _LOCKED in said else TargetError
        message = f"terraform {doing} against the emulated AWS: {said}"
        raise kind(message)

    def _run(self, words: Sequence[str], within_s: float) -> Completed:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
        env = {**kept, **self._terraform.environment, **self._account.environment}
        env |= {"TF_IN_AUTOMATION": "1", "CHECKPOINT_DISABLE": "1", "NO_COLOR": "1"}
        argv = [str(self._terraform.path), *words]
        needs = self._account.process
        return run(argv, cwd=self.directory, env=env, within_s=within_s, name="terraform", needs=needs)


def _targets(addresses: Sequence[str]) -> Iterator[str]:
    return (f"-target={one}" for one in addresses)


def _done(output: str) -> Iterator[str]:
    """The addresses of `apply_complete` lines, but for what was destroyed."""
    for line in output.splitlines():
        if '"apply_complete"' not in line:
            continue
        hook: Mapping[str, Any] = json.loads(line).get("hook", {})
        if hook.get("action") != "delete":
            yield str(hook["resource"]["addr"])


def _change(row: Mapping[str, Any]) -> Change:
    body = row["change"]
    before, after, unknown = (body.get(one) or {} for one in ("before", "after", "after_unknown"))
    names = sorted({*before, *after, *unknown})
    differing = [name for name in names if before.get(name) != after.get(name) or _any(unknown.get(name))]
    return Change(address=str(row["address"]), actions=tuple(body["actions"]), attributes=tuple(differing))


def _any(mark: object) -> bool:
    if isinstance(mark, Mapping):
        return any(_any(one) for one in mark.values())
    return any(_any(one) for one in mark) if isinstance(mark, list) else mark is True

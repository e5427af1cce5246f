"""`meshproof verify`: a report's sums, and its verdicts decided again from its own evidence."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from meshproof.commands.runs import load_run
from meshproof.errors import UsageError
from meshproof.process import run as run_program
from meshproof.process import scratch
from meshproof.provenance import suite_digest
from meshproof.report.model import Run
from meshproof.settings import read_settings

#: Replaying a run takes as long as its checks did; this bounds a check that hangs.
REPLAY_WITHIN_S = 900.0

_DECIDED = ("pass", "fail", "exempt", "not_applicable", "unknown")


def verify(directory: Path, *, digest: str, root: Path, out: Console) -> int:
    """0 where sums and verdicts agree, 1 where they do not.

    Raises UsageError where the report cannot be verified here: incomplete, or made by another suite.
    """
    run = load_run(directory)
    problems = _wrong_sums(directory)
    sums = hashlib.sha256((directory / "SHA256SUMS").read_bytes()).hexdigest()
    if digest and digest != sums:
        problems.append(f"SHA256SUMS has the digest {sums}, not {digest}")
    if not problems:
        problems = _replayed(directory, run, root, out)
    for problem in problems:
        out.print(f"[red]wrong[/]  {escape(problem)}")
    if problems:
        return 1
    word = "authentic: it has the digest you named" if digest else "consistent (not authentic: no --digest was given)"
    out.print(f"The report is {word}.")
    return 0


def _wrong_sums(directory: Path) -> list[str]:
    path = directory / "SHA256SUMS"
    if not path.is_file():
        message = f"{path}: there is none; only a report with its sums can be verified"
        raise UsageError(message)
    listed = {}
    for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
        digest, gap, name = line.partition("  ")
        if not gap or len(digest) != hashlib.sha256().digest_size * 2:
            return [f"{path}:{number}: not a line of the form `digest  name`"]
        listed[name] = digest
    present = {one.relative_to(directory).as_posix() for one in directory.rglob("*") if one.is_file()} - {"SHA256SUMS"}
    wrong = [f"{name} is listed but missing" for name in sorted(listed.keys() - present)]
    wrong += [f"{name} is not listed" for name in sorted(present - listed.keys())]
    wrong += [
        f"{name} differs from its sum"
        for name in sorted(listed.keys() & present)
        if hashlib.sha256((directory / name).read_bytes()).hexdigest() != listed[name]
    ]
    return wrong


def _replayed(directory: Path, run: Run, root: Path, out: Console) -> list[str]:
    if not run.complete:
        message = f"{directory}: the run is incomplete, so its verdicts cannot be decided again"
        raise UsageError(message)
    settings = read_settings(root, {})
    if suite_digest(root / settings.suites) != run.tool.suite_digest:
        message = f"{directory}: made by another suite; check out {run.tool.commit or 'the commit that made it'}"
        raise UsageError(message)
    with scratch("replay") as place:
        again = _run_again(directory, run, root / settings.suites, place / "replay", root)
    before = {one.id: one for one in run.controls if one.verdict in _DECIDED}
    after = {one.id: one for one in again.controls if one.verdict in _DECIDED}
    unseen = sorted(before.keys() - after.keys())
    replayable = [key for key in before if key in after]
    out.print(f"replayed {len(replayable)} of {len(before)} verdicts from the evidence")
    if unseen:
        out.print(f"not replayed, because they look at what runs: {', '.join(unseen)}")
    return [
        f"{key}: the report says {before[key].verdict}, the evidence says {after[key].verdict}"
        for key in sorted(replayable)
        if before[key].verdict != after[key].verdict
    ]


def _run_again(directory: Path, run: Run, suites: Path, report: Path, root: Path) -> Run:
    chosen = run.selection.arguments
    named = chosen if run.selection.paths else [str(suites), *chosen]
    argv = [sys.executable, "-m", "pytest", *named, "-q", "-p", "no:cacheprovider"]
    argv += ["--replay", str(directory.resolve()), "--report-dir", str(report)]
    argv += ["--environment", run.selection.environment, "--target", "plan", "--tier", run.tier]
    done = run_program(argv, cwd=root, within_s=REPLAY_WITHIN_S)
    if not (report / "run.json").exists():
        last = (done.stdout.strip() or done.stderr.strip() or "no output").splitlines()[-1]
        message = f"{directory}: the checks could not be replayed: {last}"
        raise UsageError(message)
    return load_run(report)

"""GitHub Actions: pinned, least-privileged, bounded, and nothing published that was not scanned."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from meshproof import Control, Level, Pillar, checks, edit, judge
from meshproof.declaration.platform import Item, Platform
from suites.policy.charts import mapping, within
from suites.policy.pipelines import jobs_of, number, steps_of

_HARDENING = "https://docs.github.com/en/actions/security-for-github-actions/security-guides/security-hardening-for-github-actions"

PINNED = Control(
    id="DEL-001",
    title="Every action MUST be pinned by its commit, and no token MUST outlive its step",
    system="delivery",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source=f"{_HARDENING}#using-third-party-actions",
    remedy="Name the 40-digit commit after @, and set persist-credentials: false on checkout.",
    frameworks={"nist": "SI-7", "pci": "6.3.2", "soc2": "CC8.1"},
    mutants=[
        edit(
            "Workflow",
            "*deploy",
            {"jobs": {"apply": {"steps": [{"uses": "actions/checkout@v5"}]}}},
            says="actions/checkout@v5 is not pinned",
        ),
        edit(
            "Workflow",
            "*deploy",
            {"jobs": {"apply": {"steps": [{"with": {"persist-credentials": True}}]}}},
            says="leaves its token behind",
        ),
    ],
)
_COMMIT: Final = re.compile(r"[^@]+@[0-9a-f]{40}")


@checks(PINNED)
def test_actions_are_pinned(platform: Platform) -> None:
    """What runs tomorrow is what was read today, and a later step cannot push."""
    findings = judge(platform.all("Workflow"), _pinned)

    assert not findings.broken, findings.table()


def _pinned(workflow: Item) -> Iterator[str]:
    for name, job in jobs_of(workflow):
        for uses in [str(job.get("uses", "")), *(str(step.get("uses", "")) for step in steps_of(job))]:
            if uses and not uses.startswith("./") and not _COMMIT.fullmatch(uses):
                yield f"{name}: {uses} is not pinned"
        for step in steps_of(job):
            if (
                str(step.get("uses", "")).startswith("actions/checkout@")
                and mapping(step, "with").get("persist-credentials") is not False
            ):
                yield f"{name}: leaves its token behind"
        local = [step for step in steps_of(job) if str(step.get("uses", "")).startswith("./")]
        fetched = [step for step in steps_of(job) if str(step.get("uses", "")).startswith("actions/checkout@")]
        if local and not fetched:
            yield f"{name}: uses what it did not check out"


LEAST = Control(
    id="DEL-002",
    title="Every token MUST hold no permission but those that its job's steps use",
    system="delivery",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source=f"{_HARDENING}#restricting-permissions-for-tokens",
    remedy="Set permissions: {} for the workflow, and state for each job what its steps need.",
    frameworks={"nist": "AC-6", "pci": "7.2.1", "soc2": "CC6.3"},
    mutants=[
        edit("Workflow", "*deploy", {"permissions": None}, says="grants its jobs more than nothing"),
        edit(
            "Workflow",
            "*platform",
            {"jobs": {"form": {"permissions": {"id-token": "write"}}}},
            says="form: holds id-token, which no step uses",
        ),
        edit(
            "Workflow",
            "*deploy",
            {"on": {"pull_request_target": {"branches": ["main"]}}},
            says="runs foreign code with its secrets",
        ),
    ],
)
#: Permission to the words of a step that need it.
_NEEDS: Final = {
    "id-token": ("configure-aws-credentials", "google-github-actions/auth", "cosign", "attest-"),
    "attestations": ("attest-build-provenance", "attest-sbom"),
    "security-events": ("sarif",),
    "contents": ("actions/checkout", "download-artifact"),
    "actions": ("actions/artifacts",),
}


@checks(LEAST)
def test_tokens_hold_little(platform: Platform) -> None:
    """A compromised step gets what its job needs and nothing else."""
    findings = judge(platform.all("Workflow"), _least)

    assert not findings.broken, findings.table()


def _least(workflow: Item) -> Iterator[str]:
    if workflow.get("permissions") != {}:
        yield "grants its jobs more than nothing"
    if "pull_request_target" in str(workflow.get("on")) or not workflow.get("on"):
        yield "runs foreign code with its secrets, or never"
    for name, job in jobs_of(workflow):
        permissions = mapping(job, "permissions")
        words = str(steps_of(job))
        if not permissions:
            yield f"{name}: does not state its permissions"
        for scope, level in permissions.items():
            if not any(word in words for word in _NEEDS.get(scope, ())):
                yield f"{name}: holds {scope}, which no step uses"
            if level == "write" and scope == "contents":
                yield f"{name}: may write the repository"
        for scope, needing in (("id-token", _NEEDS["id-token"][:2]), ("contents", ("actions/checkout",))):
            if any(word in words for word in needing) and scope not in permissions:
                yield f"{name}: lacks {scope}"


BOUNDED = Control(
    id="DEL-003",
    title="Every job MUST end by itself, keep its artifacts for a while and not overtake its predecessor",
    system="delivery",
    pillar=Pillar.OPERATIONS,
    level=Level.MUST,
    since="1.0",
    source="https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax",
    remedy="Set timeout-minutes, retention-days and, for what changes an environment, a concurrency group without cancelling.",
    frameworks={"nist": "CM-3", "soc2": "CC8.1"},
    mutants=[
        edit("Workflow", "*deploy", {"jobs": {"apply": {"timeout-minutes": 1200}}}, says="apply: may run 1200 min"),
        edit(
            "Workflow",
            "*deploy",
            {"jobs": {"apply": {"concurrency": {"cancel-in-progress": True}}}},
            says="apply: may be cut off while it changes",
        ),
    ],
)
#: Minutes: shorter than GitHub's own six hours, longer than a machine takes to start and fetch its tools.
RUNS: Final = (5, 359)
#: Days that a report or an image waits for its reader.
KEPT: Final = (3, 180)
#: Seconds a cloud session lasts: at least AWS's minimum, no longer than the job.
SESSION: Final = (900, 7200)


@checks(BOUNDED)
def test_jobs_are_bounded(platform: Platform) -> None:
    """Nothing hangs for hours, nothing is cut off half-way, no session outlives its job."""
    findings = judge(platform.all("Workflow"), _bounded)

    assert not findings.broken, findings.table()


def _bounded(workflow: Item) -> Iterator[str]:
    for name, job in jobs_of(workflow):
        minutes = number(job.get("timeout-minutes"))
        if not within(minutes, *RUNS):
            yield f"{name}: may run {job.get('timeout-minutes', 'without end')} min"
        for step in steps_of(job):
            given = mapping(step, "with")
            kept, session = number(given.get("retention-days")), number(given.get("role-duration-seconds"))
            if "upload-artifact" in str(step.get("uses")) and not within(kept, *KEPT):
                yield f"{name}: keeps its artifact {given.get('retention-days', 'for ever')} days"
            if "configure-aws-credentials" in str(step.get("uses")) and not within(session, *SESSION):
                yield f"{name}: holds its session {given.get('role-duration-seconds', 'for long')} s"
            if "if-no-files-found" in given and given["if-no-files-found"] != "error":
                yield f"{name}: does not notice a missing artifact"
        together = mapping(job, "concurrency") or workflow.mapping("concurrency")
        changes = any("apply" in str(step.get("run")) for step in steps_of(job)) and "environment" in job
        if changes and together.get("cancel-in-progress") is not False:
            yield f"{name}: may be cut off while it changes an environment"
        strategy = mapping(job, "strategy")
        if changes and strategy and (strategy.get("fail-fast") is not True or strategy.get("max-parallel") != 1):
            yield f"{name}: changes environments although an earlier one failed"
        matrix = mapping(strategy, "matrix")
        for key in sorted(
            set(re.findall(r"\$\{\{ matrix\.(\w+)", str({k: v for k, v in job.items() if k != "strategy"})))
        ):
            if key not in _keys(matrix):
                yield f"{name}: reads matrix.{key}, which it has not"
        if strategy and not changes and strategy.get("fail-fast") is not False:
            yield f"{name}: hides the outcome of its siblings"
    if workflow.has("on.schedule") and workflow.get("concurrency.cancel-in-progress") is not False:
        yield "may cut off its own drill"


def _keys(matrix: Mapping[str, object]) -> set[str]:
    """What a job of the matrix can read: its own lists, and what rows of `include` add."""
    rows = matrix.get("include")
    included = [one for one in rows if isinstance(one, Mapping)] if isinstance(rows, (list, tuple)) else []
    return {key for one in (matrix, *included) for key in one} - {"include", "exclude"}

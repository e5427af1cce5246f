"""Workflows that publish: scanned first, trusted narrowly, pushing what is released."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from meshproof import Control, Level, Pillar, checks, edit, judge, remove
from meshproof.declaration.platform import Item, Platform
from suites.policy.charts import mapping
from suites.policy.pipelines import Job, jobs_of, number, steps_of

SCANNED_FIRST = Control(
    id="DEL-004",
    title="Nothing MUST be published before it was built apart, scanned with a verdict, listed and then signed",
    system="delivery",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source="https://slsa.dev/spec/v1.0/requirements",
    remedy="Let the publishing job need the scanning one; sign and attest the digest that was scanned.",
    frameworks={"nist": "SR-4", "pci": "6.3.2", "soc2": "CC7.1"},
    mutants=[
        edit("Workflow", "*service", {"jobs": {"publish": {"needs": None}}}, says="publish: does not wait for a scan"),
        edit("Workflow", "*platform", {"jobs": {"plan": {"needs": ["form"]}}}, says="plan: does not wait for a scan"),
    ],
)
_SCANS: Final = ("checkov", "grype", "trivy")
_PUSHES: Final = ("skopeo copy", "docker push", "helm push")


@checks(SCANNED_FIRST)
def test_nothing_is_published_unscanned(platform: Platform) -> None:
    """Every image has passed the scanner, has a list of its parts and a signature, and both sites get the same digest."""
    findings = judge(platform.all("Workflow"), _scanned_first)

    assert not findings.broken, findings.table()


def _scanned_first(workflow: Item) -> Iterator[str]:
    jobs = dict(jobs_of(workflow))
    scanning = {name for name, job in jobs.items() if any(word in str(steps_of(job)) for word in _SCANS)}
    for name, job in jobs.items():
        words = str(steps_of(job))
        pushes = any(word in words for word in _PUSHES)
        before = _before(jobs, name)
        if before - jobs.keys():
            yield f"{name}: waits for {', '.join(sorted(before - jobs.keys()))}, which is no job"
        plans = "plan -input" in words and workflow.has("on") and "pull_request" in str(workflow.get("on"))
        if (pushes or plans) and not before & scanning:
            yield f"{name}: does not wait for a scan"
        if pushes and "cosign sign" not in words:
            yield f"{name}: does not sign"
        if pushes and "id-token" not in mapping(job, "permissions"):
            yield f"{name}: signs with a stored key"
        if "skopeo copy" in words:
            for tool, what in (("cosign attest", "a list of its parts"), ("attest-build-provenance", "its origin")):
                if tool not in words:
                    yield f"{name}: does not attest {what}"
            if "sbom" not in str([steps_of(jobs[one]) for one in before if one in jobs]).lower():
                yield f"{name}: has no list of parts to attest"
            for step in steps_of(job):
                if (
                    "attest-build-provenance" in str(step.get("uses"))
                    and mapping(step, "with").get("push-to-registry") is not True
                ):
                    yield f"{name}: keeps the attestation away from the image"
        if name in scanning and "docker/build-push-action" in words:
            yield from (
                f"{name}: pushes before the scan"
                for s in steps_of(job)
                if mapping(s, "with").get("push", False) is not False
            )
    called = workflow.mapping("on.workflow_call.inputs")
    for key in sorted(set(re.findall(r"\$\{\{ inputs\.(\w+)", str(workflow.get("jobs"))))):
        if mapping(called, key).get("required") is not True:
            yield f"reads inputs.{key}, which nobody must give"


def _before(jobs: Mapping[str, Job], name: str) -> set[str]:
    found: set[str] = set()
    left = [name]
    while left:
        needs = jobs.get(left.pop(), {}).get("needs", [])
        for one in [needs] if isinstance(needs, str) else list(needs) if isinstance(needs, (list, tuple)) else []:
            if one not in found:
                found.add(str(one))
                left.append(str(one))
    return found


TRUSTED = Control(
    id="DEL-005",
    title="A pipeline's role MUST trust one repository and environment, the one that the clusters read, and last no longer than its job",
    system="delivery",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source="https://docs.github.com/en/actions/security-for-github-actions/security-hardening-your-deployments/configuring-openid-connect-in-amazon-web-services",
    remedy="Condition the trust on repository, environment and audience; name the repository of the GitRepository.",
    frameworks={"nist": "IA-5", "pci": "8.6.1", "soc2": "CC6.1"},
    relates=("aws_iam_role", "GitRepository", "Workflow"),
    mutants=[
        edit(
            "GitRepository",
            "primary:flux-system/platform",
            {"spec": {"url": "https://github.com/someone/else"}},
            says="which not every cluster reads",
        ),
        edit(
            "aws_iam_role",
            'module.global_ci.aws_iam_role.main["apply"]',
            {"max_session_duration": 43200},
            says="lasts 43200 s",
        ),
        edit(
            "aws_iam_role",
            'module.global_ci.aws_iam_role.main["plan"]',
            {"assume_role_policy": {"Statement": [{"Condition": None}]}},
            says="trusts any",
        ),
    ],
)
_ISSUER: Final = "token.actions.githubusercontent.com"
_CLAIMS: Final = ("aud", "repository", "environment", "sub")


@checks(TRUSTED)
def test_pipelines_are_trusted_narrowly(platform: Platform) -> None:
    """Who may change the cloud is who may change what the clusters reconcile, from a protected environment."""
    urls = {one.text("spec.url").removesuffix(".git") for one in platform.all("GitRepository")}
    sessions = {
        str(mapping(step, "with").get("role-to-assume", "")).rpartition("-")[2]: number(
            mapping(step, "with").get("role-duration-seconds")
        )
        for workflow in platform.all("Workflow")
        for _, job in jobs_of(workflow)
        for step in steps_of(job)
    }

    def trusts(role: Item) -> Iterator[str]:
        for statement in role.mappings("assume_role_policy.Statement"):
            condition = mapping(mapping(statement, "Condition"), "StringEquals")
            for claim in _CLAIMS:
                value = str(condition.get(f"{_ISSUER}:{claim}", ""))
                if not value or "*" in value:
                    yield f"trusts any {claim}"
            repository = str(condition.get(f"{_ISSUER}:repository", ""))
            if repository and not all(url.endswith(f"/{repository}") for url in urls):
                yield f"trusts {repository}, which not every cluster reads"
        if not role.mappings("assume_role_policy.Statement"):
            yield "trusts any or no pipeline"
        most, asked = role.number("max_session_duration"), sessions.get(role.text("name").rpartition("-")[2])
        if asked is None or most != asked:
            yield f"lasts {most or 0:g} s, its workflow asks for {asked or 0:g}"
        if role.get("force_detach_policies", default=False) is not False:
            yield "loses its policies without a review"

    findings = judge(
        [one for one in platform.all("aws_iam_role") if _ISSUER in str(one.get("assume_role_policy"))], trusts
    )

    assert not findings.broken, findings.table()


PUBLISHES = Control(
    id="DEL-006",
    title="Pipelines MUST be able to push exactly repositories that exist, among them every image that is released",
    system="delivery",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source="https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-push-iam.html",
    remedy="Name the repositories of the released services in the publishing role's policy.",
    frameworks={"nist": "AC-6", "pci": "7.2.1", "soc2": "CC6.3"},
    relates=("aws_iam_role_policy", "aws_ecr_repository", "Rollout"),
    mutants=[
        remove(
            "aws_ecr_repository",
            'module.primary_registry.aws_ecr_repository.shop["orders"]',
            says="pushes to shop/orders, which does not exist",
        ),
        edit(
            "aws_iam_role_policy",
            "module.global_ci.aws_iam_role_policy.publish",
            {"policy": {"Statement": [{}, None]}},
            says="no pipeline can push",
        ),
        remove("aws_iam_role_policy", "module.global_ci.aws_iam_role_policy.publish", says="no pipeline can push"),
    ],
)
_PUT: Final = "ecr:PutImage"


@checks(PUBLISHES)
def test_pipelines_push_what_is_released(platform: Platform) -> None:
    """Every image that a canary starts can be published by the pipeline that tested it, and nothing else."""
    existing = {one.text("name") for one in platform.all("aws_ecr_repository")}
    policies = [one for one in platform.all("aws_iam_role_policy") if one.owner.endswith("/ci")]
    pushed = {name for policy in policies for name in _pushed(policy)}

    def pushes(policy: Item) -> Iterator[str]:
        for name in sorted(_pushed(policy) - existing):
            yield f"pushes to {name}, which does not exist"
        for statement in policy.mappings("policy.Statement"):
            if statement.get("Resource") == "*" and statement.get("Action") != "ecr:GetAuthorizationToken":
                yield f"may {statement.get('Action')} everywhere"
            if "kms:" in str(statement.get("Action")) and not mapping(statement, "Condition"):
                yield "may use any key of the account"

    def published(rollout: Item) -> Iterator[str]:
        for container in rollout.mappings("spec.template.spec.containers"):
            image = str(container.get("image", "")).rpartition(":")[0]
            if ".ecr." in image and image.partition("/")[2] not in pushed:
                yield f"no pipeline can push {image.partition('/')[2]}"

    released = judge(platform.all("Rollout"), published)
    narrow = judge(policies, pushes)

    assert not narrow.broken, narrow.table()
    assert not released.broken, released.table()


def _pushed(policy: Item) -> set[str]:
    found = set()
    for statement in policy.mappings("policy.Statement"):
        if _PUT in str(statement.get("Action")):
            resources = statement.get("Resource")
            for one in resources if isinstance(resources, (list, tuple)) else [resources]:
                found.add(str(one).partition(":repository/")[2])
    return found

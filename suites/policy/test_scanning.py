"""Scanning: other people's judgement, gated by id, and the scanning of what is shipped."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from fixtures.scanning import Scanner
from meshproof import Control, Level, Pillar, checks, edit, judge, remove
from meshproof.declaration.platform import Item, Platform
from suites.policy.classes import CLASSES, class_of

GATED_FINDINGS = Control(
    id="SCAN-001",
    title="Every finding of the scanner MUST be fixed or set aside with a reason, an owner and an end",
    system="scanning",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source="https://www.checkov.io/2.Basics/Suppressing%20and%20Skipping%20Policies.html",
    remedy="Fix the resource, or add an [[exemption]] for the finding's id to suites/exemptions.toml.",
    frameworks={"nist": "RA-5", "pci": "6.3.1", "soc2": "CC7.1"},
    mutants=[
        edit("aws_eks_cluster", "*", {"vpc_config": [{"endpoint_public_access": True}]}, says="CKV_AWS_39"),
        edit(
            "Deployment",
            "primary:data/pgbouncer",
            {"spec": {"template": {"spec": {"containers": [{"securityContext": {"privileged": True}}]}}}},
            says="CKV_K8S_16",
        ),
    ],
)

#: What the scanner demands alike of every environment, and our control that demands it by the environment's class.
DECIDED_BY_CLASS = {
    "CKV_AWS_139": "AUR-001",
    "CKV_AWS_150": "NET-021",
    "CKV_AWS_318": "MET-003",
    "CKV_AWS_338": "MET-001",
    "CKV2_AWS_59": "MET-003",
    "CKV2_GCP_4": "AUDIT-008",
    "CKV_GCP_122": "NOSQL-003",
}


@checks(GATED_FINDINGS)
def test_no_finding_is_left_open(platform: Platform, scanner: Scanner, excused: Callable[[str, str], bool]) -> None:
    """The scanner sees every resource and object; what it finds is fixed or excused by name."""
    found: dict[str, list[str]] = {}
    for one in scanner(platform).failed:
        ours = one.id in DECIDED_BY_CLASS and class_of(platform) != CLASSES[0]
        if not ours and not excused(one.id, one.address):
            found.setdefault(_address(one.address), []).append(f"{one.id} {one.title}")

    findings = judge(platform.family("terraform", "kubernetes"), lambda item: found.pop(_key(item), None))

    assert not findings.broken, findings.table()
    assert not found, f"findings about things that are not declared: {found}"


def _key(item: Item) -> str:
    """The scanner's own name of a thing."""
    if not item.has("apiVersion"):
        return item.address
    return f"{item.kind}.{item.namespace or 'default'}.{item.name}"


def _address(scanned: str) -> str:
    """Containers of a pod are named after their workload."""
    return scanned.partition(" ")[0]


SCANNED_IMAGES = Control(
    id="SCAN-002",
    title="Every image registry MUST scan what is pushed",
    system="scanning",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source="https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning.html",
    remedy="Set scan_on_push on the repository, or a registry-wide scanning rule that matches every repository.",
    frameworks={"nist": "SI-3", "pci": "6.3.2", "soc2": "CC7.1"},
    relates=("aws_ecr_repository", "aws_ecr_registry_scanning_configuration"),
    mutants=[
        edit(
            "aws_ecr_repository",
            '*shop["orders"]',
            {"image_scanning_configuration": [{"scan_on_push": False}]},
            says="is not scanned when it is pushed",
        ),
        edit(
            "google_artifact_registry_repository",
            "*",
            {"vulnerability_scanning_config": [{"enablement_config": "DISABLED"}]},
            says="is not scanned when it is pushed",
        ),
    ],
)


@checks(SCANNED_IMAGES)
def test_images_are_scanned_when_pushed(platform: Platform) -> None:
    """A vulnerability is known before the image runs."""
    rules = [rule for one in platform.all("aws_ecr_registry_scanning_configuration") for rule in one.mappings("rule")]
    always = any(rule.get("scan_frequency") in ("SCAN_ON_PUSH", "CONTINUOUS_SCAN") for rule in rules)

    def scans(repository: Item) -> str | None:
        own = repository.get("image_scanning_configuration.0.scan_on_push")
        google = repository.get("vulnerability_scanning_config.0.enablement_config")
        by_registry = always and own is None and repository.kind == "aws_ecr_repository"
        return None if own is True or google == "INHERITED" or by_registry else "is not scanned when it is pushed"

    findings = judge(platform.all("aws_ecr_repository", "google_artifact_registry_repository"), scans)

    assert not findings.broken, findings.table()


IMMUTABLE_IMAGES = Control(
    id="SCAN-003",
    title="A tag in the primary's registry MUST always name the image that was scanned",
    system="scanning",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source="https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html",
    remedy="Set image_tag_mutability = IMMUTABLE.",
    frameworks={"nist": "CM-14", "pci": "6.3.2", "soc2": "CC8.1"},
    mutants=[
        edit("aws_ecr_repository", '*shop["orders"]', {"image_tag_mutability": "MUTABLE"}, says="lets a tag move")
    ],
)


@checks(IMMUTABLE_IMAGES)
def test_a_tag_does_not_move(platform: Platform) -> None:
    """What runs is what was scanned."""

    def stays(repository: Item) -> str | None:
        return None if repository.get("image_tag_mutability") == "IMMUTABLE" else "lets a tag move"

    findings = judge(platform.all("aws_ecr_repository"), stays)

    assert not findings.broken, findings.table()


STANDBY_REGISTRY = Control(
    id="SCAN-004",
    title="The standby's registry MUST keep tags still and clean up old images, but never the newest",
    system="scanning",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source="https://cloud.google.com/artifact-registry/docs/repositories/cleanup-policy",
    remedy="Set immutable_tags, cleanup_policy_dry_run = false, one KEEP policy by count and one DELETE policy by age.",
    frameworks={"nist": "CM-14", "pci": "6.3.2", "soc2": "CC8.1"},
    mutants=[
        edit("google_artifact_registry_repository", "*", {"docker_config": [{"immutable_tags": False}]}, says="lets a tag move"),
        edit("google_artifact_registry_repository", "*", {"cleanup_policy_dry_run": True}, says="only rehearses"),
        edit("google_artifact_registry_repository", "*", {"cleanup_policies": [{"most_recent_versions": [{"keep_count": 1}]}]}, says="keeps 1"),
    ],
)  # fmt: skip

#: A rollback reaches back ten releases at least; more than two hundred is an archive, not a registry.
FEWEST_KEPT, MOST_KEPT = 10, 200
#: An image that no tag names is of no use after a week to three months.
SHORTEST_AGE_DAYS, LONGEST_AGE_DAYS = 1, 90
SECONDS_PER_DAY = 86400


@checks(STANDBY_REGISTRY)
def test_the_standbys_registry_keeps_what_a_rollback_needs(platform: Platform) -> None:
    """Old images go, the newest stay, and no tag moves."""
    findings = judge(platform.all("google_artifact_registry_repository"), _standby_registry)

    assert not findings.broken, findings.table()


def _standby_registry(repository: Item) -> Iterator[str]:
    if repository.get("docker_config.0.immutable_tags") is not True:
        yield "lets a tag move"
    if repository.get("cleanup_policy_dry_run") is not False:
        yield "only rehearses its clean-up"
    policies = repository.mappings("cleanup_policies")
    kept = [
        n for one in policies if one.get("action") == "KEEP" for n in _field(one, "most_recent_versions", "keep_count")
    ]
    ages = [n for one in policies if one.get("action") == "DELETE" for n in _field(one, "condition", "older_than")]
    if not kept or not all(FEWEST_KEPT <= int(str(n)) <= MOST_KEPT for n in kept):
        yield f"keeps {', '.join(map(str, kept)) or 'nothing'} of the newest versions"
    days = [int(str(n).removesuffix("s")) / SECONDS_PER_DAY for n in ages]
    if not days or not all(SHORTEST_AGE_DAYS <= n <= LONGEST_AGE_DAYS for n in days):
        yield f"deletes after {', '.join(map(str, days)) or 'no'} days"


def _field(policy: Mapping[str, object], block: str, name: str) -> list[object]:
    blocks = policy.get(block)
    return [one[name] for one in blocks if one.get(name) is not None] if isinstance(blocks, list) else []


LIFECYCLE = Control(
    id="SCAN-005",
    title="Every repository of the primary MUST expire what no release needs, and keep enough releases to go back",
    system="scanning",
    pillar=Pillar.COST,
    level=Level.MUST,
    since="1.0",
    source="https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html",
    remedy="Give the repository a lifecycle policy: untagged images by age first, then tagged ones by count.",
    frameworks={"nist": "SI-12", "soc2": "CC8.1"},
    relates=("aws_ecr_repository", "aws_ecr_lifecycle_policy"),
    mutants=[
        remove("aws_ecr_lifecycle_policy", '*shop["orders"]', says="has no lifecycle policy"),
        edit("aws_ecr_lifecycle_policy", '*shop["orders"]', {"policy": {"rules": [{}, {"selection": {"countNumber": 1}}]}}, says="keeps 1"),
        edit("aws_ecr_lifecycle_policy", '*shop["orders"]', {"policy": {"rules": [{"rulePriority": 9}]}}, says="priorities 9, 2"),
    ],
)  # fmt: skip


@checks(LIFECYCLE)
def test_repositories_expire_what_is_old(platform: Platform) -> None:
    """Storage does not grow without end, and a rollback finds its image."""

    def lifecycle(repository: Item) -> list[str]:
        policies = platform.referrers(repository, "aws_ecr_lifecycle_policy")
        return [said for one in policies for said in _rules(one, "policy")] or (
            [] if policies else ["has no lifecycle policy"]
        )

    findings = judge(platform.all("aws_ecr_repository"), lifecycle)

    assert not findings.broken, findings.table()


TEMPLATES = Control(
    id="SCAN-006",
    title="Repositories that a pull-through cache creates MUST be born encrypted, immutable, guarded and with a lifecycle",
    system="scanning",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source="https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-creation-templates.html",
    remedy="State encryption, mutability, policy and lifecycle in the creation template, and name its role.",
    frameworks={"nist": "CM-6", "soc2": "CC8.1"},
    relates=("aws_ecr_repository_creation_template", "aws_ecr_pull_through_cache_rule"),
    mutants=[
        edit("aws_ecr_repository_creation_template", "*.platform", {"encryption_configuration": None}, says="not encrypted"),
        edit("aws_ecr_repository_creation_template", "*.platform", {"lifecycle_policy": {"rules": [{}, {"selection": {"countNumber": 1}}]}}, says="keeps 1"),
        remove("aws_ecr_pull_through_cache_rule", "*", says="serves no pull-through cache"),
    ],
)  # fmt: skip


@checks(TEMPLATES)
def test_cached_images_are_kept_like_our_own(platform: Platform) -> None:
    """Third-party images meet the same rules as the shop's."""
    caches = platform.all("aws_ecr_pull_through_cache_rule")

    def template(one: Item) -> Iterator[str]:
        if not one.mappings("encryption_configuration"):
            yield "repositories are not encrypted by a key of ours"
        if one.has("repository_policy") and not one.sequence("repository_policy.Statement"):
            yield "repositories carry no policy"
        if "PULL_THROUGH_CACHE" in one.sequence("applied_for") and not caches:
            yield "serves no pull-through cache"
        yield from _rules(one, "lifecycle_policy")

    findings = judge(platform.all("aws_ecr_repository_creation_template"), template)

    assert not findings.broken, findings.table()


def _rules(item: Item, path: str) -> Iterator[str]:
    """Rules in ascending priority without gaps: untagged by age, then everything by count."""
    rules = item.mappings(f"{path}.rules")
    priorities = [rule.get("rulePriority") for rule in rules]
    if not rules or priorities != list(range(1, len(rules) + 1)):
        yield f"priorities {', '.join(map(str, priorities)) or 'none'} do not count up from 1"
    selections = [_mapping(rule.get("selection")) for rule in rules]
    if any(_mapping(rule.get("action")).get("type") != "expire" for rule in rules):
        yield "a rule expires nothing"
    counts = [one["countNumber"] for one in selections if one.get("countType") == "imageCountMoreThan"]
    ages = [one["countNumber"] for one in selections if one.get("countType") == "sinceImagePushed"]
    if not counts or not all(FEWEST_KEPT < int(str(n)) <= MOST_KEPT for n in counts):
        yield f"keeps {', '.join(map(str, counts)) or 'all'} images"
    if not ages or not all(SHORTEST_AGE_DAYS <= int(str(n)) <= 30 for n in ages):  # noqa: PLR2004 - a month
        yield f"expires untagged images after {', '.join(map(str, ages)) or 'no'} days"


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


KEPT_IMAGES = Control(
    id="SCAN-007",
    title="Every registry MUST be encrypted by a key of the platform and MUST NOT be deleted with what it holds",
    system="scanning",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source="https://docs.aws.amazon.com/AmazonECR/latest/userguide/encryption-at-rest.html",
    remedy="Set encryption_configuration with kms_key, and force_delete = false.",
    frameworks={"nist": "SC-28", "pci": "3.5.1", "soc2": "CC6.1"},
    relates=("aws_ecr_repository", "aws_kms_key"),
    mutants=[
        edit("aws_ecr_repository", '*shop["orders"]', {"force_delete": True}, says="deleted with its images"),
        edit(
            "aws_ecr_repository", '*shop["orders"]', {"encryption_configuration": None}, says="no key of the platform"
        ),
    ],
)


@checks(KEPT_IMAGES)
def test_registries_are_encrypted_and_kept(platform: Platform) -> None:
    """An image is evidence of what ran."""

    def kept(repository: Item) -> Iterator[str]:
        key = repository.refers("encryption_configuration", "aws_kms_key") or repository.refers(
            "kms_key_name", "google_kms_crypto_key"
        )
        if not key:
            yield "is encrypted by no key of the platform"
        if repository.get("force_delete"):
            yield "is deleted with its images"

    findings = judge(platform.all("aws_ecr_repository", "google_artifact_registry_repository"), kept)

    assert not findings.broken, findings.table()

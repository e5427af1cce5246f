"""Scanning: other people's judgement, gated by id, and the scanning of what is shipped."""

from __future__ import annotations

from collections.abc import Callable

from fixtures.scanning import Scanner
from meshproof import Control, Level, Pillar, checks, edit, judge
from meshproof.declaration.platform import Item, Platform

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


@checks(GATED_FINDINGS)
def test_no_finding_is_left_open(platform: Platform, scanner: Scanner, excused: Callable[[str, str], bool]) -> None:
    """The scanner sees every resource and object; what it finds is fixed or excused by name."""
    found: dict[str, list[str]] = {}
    for one in scanner(platform).failed:
        if not excused(one.id, one.address):
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
        edit("aws_ecr_repository", '*shop["orders"]', {"image_scanning_configuration": [{"scan_on_push": False}]},
             says="is not scanned when it is pushed"),
        edit("google_artifact_registry_repository", "*", {"vulnerability_scanning_config": [{"enablement_config": "DISABLED"}]},
             says="is not scanned when it is pushed"),
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
    title="A tag MUST always name the image that was scanned",
    system="scanning",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source="https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html",
    remedy="Set image_tag_mutability = IMMUTABLE, and docker_config.immutable_tags on the other cloud.",
    frameworks={"nist": "CM-14", "pci": "6.3.2", "soc2": "CC8.1"},
    mutants=[
        edit("aws_ecr_repository", '*shop["orders"]', {"image_tag_mutability": "MUTABLE"}, says="lets a tag move"),
        edit("google_artifact_registry_repository", "*", {"docker_config": [{"immutable_tags": False}]}, says="lets a tag move"),
    ],
)


@checks(IMMUTABLE_IMAGES)
def test_a_tag_does_not_move(platform: Platform) -> None:
    """What runs is what was scanned."""
    findings = judge(platform.all("aws_ecr_repository", "google_artifact_registry_repository"), _tags_stay)

    assert not findings.broken, findings.table()


def _tags_stay(repository: Item) -> str | None:
    stays = repository.get("image_tag_mutability") == "IMMUTABLE" or repository.get("docker_config.0.immutable_tags") is True
    return None if stays else "lets a tag move"

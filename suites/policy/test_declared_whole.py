"""What is declared is all there is: services switched on for it, nothing left behind, nothing taken along."""

from collections.abc import Iterator, Mapping

from meshproof import Control, Level, Pillar, checks, edit, judge, remove
from meshproof.declaration.platform import Item, Platform

ENABLED = Control(
    id="TF-010",
    title="Every API that a resource of Google is made by MUST be enabled by the declaration, and stay when its unit goes",
    system="terraform",
    pillar=Pillar.OPERATIONS,
    level=Level.MUST,
    since="1.0",
    source="https://registry.terraform.io/providers/hashicorp/google/latest/docs/resources/google_project_service",
    remedy="Add the service to the project's services.",
    frameworks={"nist": "CM-7"},
    relates=("google_project_service", "google_compute_network", "google_dns_managed_zone", "google_kms_crypto_key"),
    mutants=[
        remove("google_project_service", '*["dns.googleapis.com"]', says="dns.googleapis.com is not enabled"),
        edit("google_project_service", '*["compute.googleapis.com"]', {"disable_on_destroy": True}, says="goes with its unit"),
    ],
)  # fmt: skip

#: The API behind a resource, by how its type begins.
APIS: Mapping[str, str] = {
    "google_artifact_registry": "artifactregistry",
    "google_bigtable": "bigtableadmin",
    "google_billing_budget": "billingbudgets",
    "google_binary_authorization": "binaryauthorization",
    "google_certificate_manager": "certificatemanager",
    "google_compute": "compute",
    "google_container_analysis": "containeranalysis",
    "google_container_cluster": "container",
    "google_dns": "dns",
    "google_essential_contacts": "essentialcontacts",
    "google_gke_backup": "gkebackup",
    "google_iam": "iam",
    "google_kms": "cloudkms",
    "google_logging": "logging",
    "google_memorystore": "memorystore",
    "google_monitoring": "monitoring",
    "google_network_connectivity": "networkconnectivity",
    "google_org_policy": "orgpolicy",
    "google_pubsub": "pubsub",
    "google_secret_manager": "secretmanager",
    "google_service_networking": "servicenetworking",
    "google_sql": "sqladmin",
    "google_storage": "storage",
}


@checks(ENABLED)
def test_apis_are_enabled(platform: Platform) -> None:
    """A project made anew takes everything at the first attempt."""
    services = platform.all("google_project_service")
    enabled = {one.text("service") for one in services}

    def made(resource: Item) -> Iterator[str]:
        if resource.kind == "google_project_service":
            for flag in ("disable_on_destroy", "disable_dependent_services"):
                if resource.get(flag) is not False:
                    yield f"{flag}: what others use goes with its unit"
        api = next((api for prefix, api in APIS.items() if resource.kind.startswith(prefix)), "")
        if api and f"{api}.googleapis.com" not in enabled:
            yield f"{api}.googleapis.com is not enabled"

    subjects = [one for one in platform.family("terraform") if one.kind.startswith("google_")] if services else []
    findings = judge(subjects, made)

    assert not findings.broken, findings.table()


KEPT = Control(
    id="TF-009",
    title="Nothing that goes out of the declaration MUST take with it what others put into it",
    system="terraform",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source="https://docs.aws.amazon.com/wellarchitected/latest/framework/rel_planning_for_recovery_disaster_recovery.html",
    remedy="Leave the switch that the finding names off; empty the thing by hand when it must go.",
    frameworks={"nist": "CP-9", "soc2": "CC6.5"},
    mutants=[
        edit("aws_cloudwatch_event_target", "module.global_detection.*", {"force_destroy": True}, says="force_destroy"),
        edit("google_monitoring_notification_channel", "*", {"force_delete": True}, says="force_delete is on"),
    ],
)

#: Each destroys a thing together with its content, its users or its last copy.
SWITCHES = ("force_delete", "force_destroy", "force_detach_policies", "skip_final_snapshot")


@checks(KEPT)
def test_nothing_takes_its_content_along(platform: Platform) -> None:
    """A removal that would lose something stops, and somebody looks."""
    bearers = [one for one in platform.family("terraform") if any(one.has(name) for name in SWITCHES)]
    findings = judge(bearers, lambda one: [f"{name} is on" for name in SWITCHES if one.get(name) is True])

    assert not findings.broken, findings.table()

"""Tracing: the collectors' identity in each cloud."""

from meshproof import Control, Level, Pillar, checks, judge, remove
from meshproof.declaration.platform import Item, Platform
from meshproof.errors import ValueUnknown
from suites.policy.identities import policy_text

#: What an exporter must be allowed to do in the cloud it sends to: an action or a role.
RIGHTS = {"awsxray": "xray:PutTraceSegments", "googlecloud": "roles/cloudtrace.agent"}

IDENTITY = Control(
    id="TRACE-006",
    title="An exporter to a cloud MUST run as an identity that its cloud knows and allows to write traces",
    system="tracing",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source="https://docs.aws.amazon.com/eks/latest/userguide/pod-identities.html",
    remedy="Associate the collectors' service account with a role that writes traces; grant roles/cloudtrace.agent to it.",
    frameworks={"nist": "AC-6", "soc2": "CC6.3"},
    relates=("Collector", "ServiceAccount", "aws_eks_pod_identity_association", "google_project_iam_member"),
    mutants=[
        remove(
            "aws_eks_pod_identity_association",
            "module.primary_workload_identity.*sampler*",
            says="awsxray is not allowed",
        ),
        remove(
            "google_project_iam_member",
            "module.standby_workload_identity.*cloudtrace.agent*",
            says="googlecloud is not allowed",
        ),
        remove("ServiceAccount", "primary:monitoring/sampler", says="awsxray is not allowed", name="without-account"),
    ],
)


@checks(IDENTITY)
def test_exporters_are_allowed_to_write(platform: Platform) -> None:
    """Some service account is bound, in the cloud of each exporter, to the right that the exporter needs."""
    accounts = {(one.site, one.namespace, one.name) for one in platform.all("ServiceAccount")}
    allowed = set[str]()
    for one in platform.all("aws_eks_pod_identity_association"):
        if (one.site, one.text("namespace"), one.text("service_account")) in accounts:
            roles = one.refers("role_arn", "aws_iam_role")
            allowed |= {right for role in roles for right in RIGHTS.values() if _grants(platform, role, right)}
    grants = [one for one in platform.all("google_project_iam_member") if _role(one) in RIGHTS.values()]
    for one in grants:
        if any(
            one.text("member").endswith(f"/ns/{space}/sa/{name}") for site, space, name in accounts if site == one.site
        ):
            allowed.add(_role(one))
    sending = [one for one in platform.all("Collector") if any(one.has(f"exporters.{name}") for name in RIGHTS)]
    findings = judge(sending, lambda one: _is_allowed(one, allowed))

    assert not findings.broken, findings.table()


def _is_allowed(collector: Item, allowed: set[str]) -> list[str]:
    used = [name for name in RIGHTS if collector.has(f"exporters.{name}")]
    return [f"{name} is not allowed to write: {RIGHTS[name]}" for name in used if RIGHTS[name] not in allowed]


def _role(grant: Item) -> str:
    try:
        return grant.text("role")
    except ValueUnknown:
        return ""


def _grants(platform: Platform, role: Item, right: str) -> bool:
    return any(right in policy_text(one) for one in platform.referrers(role, "aws_iam_role_policy"))

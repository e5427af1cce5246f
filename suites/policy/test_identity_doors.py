"""Doors between a pod and its cloud, and between the clouds: open to who has an identity, shut to strangers."""

import re
from collections.abc import Iterator
from ipaddress import ip_network

from meshproof import Control, Level, Pillar, checks, edit, judge, remove
from meshproof.declaration.platform import Item, Platform
from suites.policy.identities import ASSOCIATION, GRANTS, account_of, subject_of
from suites.policy.workloads import WORKLOADS, pod_labels, selects

_MODULE = "module.primary_workload_identity"

ASKED = Control(
    id="ZT-211",
    title="Every pod that has an identity in its cloud MUST be let ask for it, and who is let ask by name MUST have one",
    system="zerotrust",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source="https://cloud.google.com/kubernetes-engine/docs/concepts/workload-identity",
    remedy="Open the node's link-local address to the pod and give its service account an identity; or neither.",
    frameworks={"nist": "AC-6", "pci": "1.3.2", "soc2": "CC6.6"},
    relates=("NetworkPolicy", "Deployment", ASSOCIATION, "google_project_iam_member"),
    mutants=[
        remove(ASSOCIATION, f'{_MODULE}.*main["monitoring/cloudwatch-exporter"]', says="may ask who it is, and is nobody"),
        remove("google_project_iam_member", "module.standby_workload_identity.*cloudtrace*", says="sampler may ask"),
        remove("NetworkPolicy", "primary:monitoring/observer-stream", says="no policy lets it ask"),
    ],
)  # fmt: skip


@checks(ASKED)
def test_pods_with_an_identity_can_ask_for_it(platform: Platform) -> None:
    """What a program needs of its cloud it gets, and nobody asks for what he does not have."""
    known = {subject_of(one) for one in platform.all(ASSOCIATION, *GRANTS)}

    def asks(workload: Item) -> Iterator[str]:
        account = account_of(workload)
        policies = list(_lets_ask(platform, workload))
        if account in known and not policies:
            yield f"{account[2]} has an identity, but no policy lets it ask for it"
        if account not in known and any(one.mapping("spec.podSelector") for one in policies):
            yield f"{account[2]} may ask who it is, and is nobody"

    findings = judge(platform.all(*WORKLOADS), asks)

    assert not findings.broken, findings.table()


def _lets_ask(platform: Platform, workload: Item) -> Iterator[Item]:
    """The policies that let the pods of a workload ask their node who they are: at a link-local address."""
    for policy in platform.all("NetworkPolicy", site=workload.site, namespace=workload.namespace):
        blocks = [
            peer["ipBlock"].get("cidr")
            for rule in policy.mappings("spec.egress")
            for peer in rule.get("to") or ()
            if "ipBlock" in peer
        ]
        local = any(ip_network(str(one)).is_link_local for one in blocks)
        if local and selects(policy.get("spec.podSelector"), pod_labels(workload)):
            yield policy


STRANGERS = Control(
    id="ZT-212",
    title="Every door of Google's to strangers MUST admit only roles that AWS declares, or the repository and environment at hand",
    system="zerotrust",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source="https://cloud.google.com/iam/docs/best-practices-for-using-workload-identity-federation",
    remedy="Name the roles, or the repository and environment, in attribute_condition; name the account or issuer.",
    frameworks={"nist": "IA-8", "pci": "8.6.1", "soc2": "CC6.1"},
    relates=("google_iam_workload_identity_pool_provider", "aws_iam_role", "GitRepository"),
    mutants=[
        edit("google_iam_workload_identity_pool_provider", "module.standby_stream.*", {"attribute_condition": "assertion.arn.extract('assumed-role/{role}/') == 'anybody'"}, says="admits anybody, which is no role"),
        edit("google_iam_workload_identity_pool_provider", "module.standby_registry.*", {"attribute_condition": "assertion.repository == 'meshproof/other'"}, says="admits another repository"),
        edit("google_iam_workload_identity_pool_provider", "module.standby_registry.*", {"attribute_condition": None}, says="admits everybody"),
    ],
)  # fmt: skip

#: Texts of a condition in Google's expression language, and how it cuts the role out of a session's ARN.
_QUOTED, _ROLE = re.compile(r"""['"]([^'"]+)['"]"""), "assumed-role/{role}/"


@checks(STRANGERS)
def test_federation_admits_who_is_declared(platform: Platform) -> None:
    """A condition names whom it admits, and each of them exists on the other side."""
    roles = {one.text("name") for one in platform.all("aws_iam_role") if one.knows("name")}
    urls = [one.text("spec.url").removesuffix(".git") for one in platform.all("GitRepository")]

    def admits(provider: Item) -> Iterator[str]:
        named = _QUOTED.findall(provider.text("attribute_condition"))
        if not named:
            yield "admits everybody whom its issuer knows"
        elif provider.has("aws.0"):
            yield from (f"admits {one}, which is no role" for one in named if one not in roles | {_ROLE})
        else:
            if not any(url.endswith(f"/{one}") for one in named for url in urls):
                yield f"admits another repository: {', '.join(named)}"
            if platform.environment not in named:
                yield f"admits pipelines of other environments than {platform.environment}"
        if not provider.has("aws.0.account_id") and not provider.text("oidc.0.issuer_uri").startswith("https://"):
            yield "trusts any account or issuer"
        if provider.get("disabled") is not False:
            yield "is shut, and whoever needs it stands outside"

    findings = judge(platform.all("google_iam_workload_identity_pool_provider"), admits)

    assert not findings.broken, findings.table()

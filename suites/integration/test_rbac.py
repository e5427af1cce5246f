"""Who may do what with the Kubernetes API, as the API server itself decides: SubjectAccessReviews."""

from collections.abc import Callable, Collection, Iterator
from functools import partial

from fixtures.clusters import Clusters
from meshproof import Control, Level, Pillar, checks, edit, judge
from meshproof.declaration.platform import Item, Platform
from meshproof.observation import Observed
from meshproof.verdict import Assurance

SHOWN_BY = ("embedded", "kind", "live")

#: What turns any account into any other, or into the cluster's owner.
#: https://kubernetes.io/docs/concepts/security/rbac-good-practices/#privilege-escalation-risks
ESCALATIONS = (
    ("escalate", "clusterroles", "rbac.authorization.k8s.io"),
    ("bind", "clusterroles", "rbac.authorization.k8s.io"),
    ("impersonate", "users", ""),
    ("create", "pods/exec", ""),
    ("create", "serviceaccounts/token", ""),
    ("create", "validatingadmissionpolicies", "admissionregistration.k8s.io"),
    ("delete", "validatingadmissionpolicybindings", "admissionregistration.k8s.io"),
)

NO_ESCALATION = Control(
    id="RBAC-001",
    title="No account that a workload runs under MUST be able to become another account or to switch off a policy",
    system="zerotrust",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source="https://kubernetes.io/docs/concepts/security/rbac-good-practices/",
    remedy="Take the verb out of the role that the account is bound to.",
    targets=SHOWN_BY,
    relates=("ServiceAccount", "Deployment", "Rollout"),
    frameworks={"nist": "AC-6", "cis": "5.1", "soc2": "CC6.3"},
    mutants=[
        edit(
            "ClusterRoleBinding",
            "primary:platform-reconciler",
            {"subjects": [{"name": "orders", "namespace": "shop"}]},
            says="may impersonate users",
        ),
        edit(
            "ClusterRole",
            "standby:collector",
            {"rules": [{"resources": ["pods/exec"], "verbs": ["create"]}]},
            says="may create pods/exec",
        ),
    ],
)


@checks(NO_ESCALATION)
def test_workloads_cannot_escalate(platform: Platform, clusters: Clusters) -> None:
    """Each account of a pod against each way to escalate, in every namespace at once."""
    findings = judge(_observed(platform, partial(_escalations, clusters)), _cannot)

    assert not findings.broken, findings.table()


def _observed(platform: Platform, asked: Callable[[Item], list[str]]) -> Iterator[Observed[Callable[[], list[str]]]]:
    """Each account with its question, which is asked when it is judged: a cluster not looked at hides no other."""
    for account in _accounts(platform):
        yield Observed(
            address=account.address,
            place=account.place,
            value=partial(asked, account),
            assurance=Assurance.ACCEPTED,
        )


def _escalations(clusters: Clusters, account: Item) -> list[str]:
    api, user = clusters.api(account.site), f"{account.namespace}/{account.name}"
    return [f"{verb} {resource}" for verb, resource, group in ESCALATIONS if api.may(user, verb, resource, group=group)]


def _accounts(platform: Platform) -> list[Item]:
    """The accounts that declared pods run under."""
    used = {
        (one.site, one.namespace, one.text("spec.template.spec.serviceAccountName"))
        for one in platform.all("Deployment", "Rollout", "StatefulSet", "DaemonSet")
    }
    return [one for one in platform.all("ServiceAccount") if (one.site, one.namespace, one.name) in used]


def _cannot(seen: Observed[Callable[[], list[str]]]) -> list[str]:
    return [f"may {one} in every namespace" for one in seen.value()]


OWN_SECRETS = Control(
    id="RBAC-002",
    title="An account of a workload MUST NOT read secrets, but for a gateway's own in its own namespace",
    system="secrets",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source="https://kubernetes.io/docs/concepts/security/secrets-good-practices/",
    remedy="Mount the secret into the pod instead, and take `secrets` out of the account's role.",
    targets=SHOWN_BY,
    relates=("ServiceAccount", "Deployment", "Gateway"),
    frameworks={"nist": "AC-3", "cis": "5.1.2", "soc2": "CC6.1"},
    mutants=[
        edit(
            "RoleBinding",
            "primary:istio-ingress/istio-ingressgateway-certificates",
            {"subjects": [{"name": "istio-eastwestgateway"}]},
            says="reads the secrets of istio-ingress",
        ),
    ],
)


@checks(OWN_SECRETS)
def test_workloads_read_no_secrets(platform: Platform, clusters: Clusters) -> None:
    """Each account of a pod against the secrets of each declared namespace."""
    asked = partial(_readable, platform, clusters, set(_terminating(platform)))
    findings = judge(_observed(platform, asked), lambda seen: [f"reads the secrets of {one}" for one in seen.value()])

    assert not findings.broken, findings.table()


def _readable(
    platform: Platform, clusters: Clusters, terminating: Collection[tuple[str, str, str]], account: Item
) -> list[str]:
    api, user = clusters.api(account.site), f"{account.namespace}/{account.name}"
    return [
        one.name
        for one in platform.all("Namespace", site=account.site)
        if api.may(user, "list", "secrets", namespace=one.name)
        and not (one.name == account.namespace and (account.site, account.namespace, account.name) in terminating)
    ]


def _terminating(platform: Platform) -> Iterator[tuple[str, str, str]]:
    """The accounts of gateways that end TLS with a certificate out of a secret."""
    for gateway in platform.all("Gateway.networking.istio.io"):
        if any(server.get("tls", {}).get("credentialName") for server in gateway.mappings("spec.servers")):
            labels = gateway.mapping("spec.selector").items()
            for workload in platform.all("Deployment", site=gateway.site, namespace=gateway.namespace):
                if labels <= workload.mapping("spec.template.metadata.labels").items():
                    yield workload.site, workload.namespace, str(workload.text("spec.template.spec.serviceAccountName"))

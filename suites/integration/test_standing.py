"""Whether what is declared stands in the running clusters as it is declared, and nobody has changed it since."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial

from fixtures.clusters import Clusters
from meshproof import Control, Level, Pillar, checks, edit, judge, remove
from meshproof.declaration.platform import Item
from meshproof.errors import ProbeError
from meshproof.mutant import REMOVED, Mutant
from meshproof.observation import Observed
from meshproof.probes.standing import Standing
from meshproof.verdict import Assurance

#: What of one object is not as declared, asked when it is judged.
Comparison = Callable[[], Iterator[str]]

SHOWN_BY = ("embedded", "kind", "live")
#: Pods are processes on the embedded target, and on kind they stand for others: neither holds workloads as declared.
SHOWN_BY_CLUSTERS = ("live",)


def _control(
    number: int, system: str, what: str, mutants: list[Mutant], targets: tuple[str, ...] = SHOWN_BY
) -> Control:
    return Control(
        id=f"DRIFT-{number:03}",
        title=f"Every declared object of {what} MUST stand in the cluster of its site as it is declared",
        system=system,
        pillar=Pillar.OPERATIONS,
        level=Level.MUST,
        since="1.0",
        source="https://opengitops.dev/",
        remedy="Undo what was changed by hand, or declare it; see why Flux or Argo CD does not reconcile it.",
        targets=targets,
        frameworks={"nist": "CM-3", "soc2": "CC8.1"},
        mutants=mutants,
    )


def _judged(clusters: Clusters, belongs: Callable[[Item], bool]) -> None:
    findings = judge(_seen(clusters, belongs), _as_declared)

    assert not findings.broken, findings.table()


def _seen(clusters: Clusters, belongs: Callable[[Item], bool]) -> Iterator[Observed[Comparison]]:
    expected = clusters.expected
    items = [one for one in clusters.platform.family("kubernetes") if belongs(one)]
    there = {site: Standing(api) for site, api in clusters.apis.items()}
    for site, standing in there.items():
        standing.prepare(
            [thing for one in items if one.site == site and isinstance(thing := expected[one.address], Mapping)]
        )
    for item in items:
        if isinstance(thing := expected[item.address], Mapping):
            yield _observed(item, partial(there[item.site].differences, thing), clusters.assurance[item.site])
        elif item.site not in there:  # said of each, so that a site which was not looked at is never taken for kept
            yield _observed(item, partial(_unseen, thing), item.assurance)


def _observed(item: Item, comparison: Comparison, assurance: Assurance) -> Observed[Comparison]:
    return Observed(address=item.address, place=item.place, value=comparison, assurance=assurance)


def _unseen(why: str) -> Iterator[str]:
    raise ProbeError(why)


def _as_declared(seen: Observed[Comparison]) -> Iterator[str]:
    return seen.value()


def _of(*groups: str) -> Callable[[Item], bool]:
    return lambda item: item.group in groups


ROUTING = _control(
    1,
    "istio",
    "the mesh's routing",
    [
        edit("VirtualService", "shop/orders", {"spec": {"hosts": ["elsewhere"]}}, says="spec.hosts.0: is 'elsewhere'"),
        remove("DestinationRule", "primary:shop/orders", says="is not there"),
        edit(
            "DestinationRule",
            "primary:shop/orders",
            {"spec": {"trafficPolicy": {"outlierDetection": REMOVED}}},
            says="spec.trafficPolicy.outlierDetection: is nothing",
        ),
    ],
)


@checks(ROUTING)
def test_routing_stands(compared: Clusters) -> None:
    """Where requests go."""
    _judged(compared, _of("networking.istio.io"))


PROTECTION = _control(
    2,
    "zerotrust",
    "the mesh's protection",
    [
        edit(
            "PeerAuthentication", "istio-system/default", {"spec": {"mtls": {"mode": "PERMISSIVE"}}}, says="mtls.mode"
        ),
        remove("AuthorizationPolicy", "standby:shop/orders", says="is not there"),
        edit(
            "AuthorizationPolicy",
            "primary:istio-ingress/ingressgateway",
            {"spec": {"selector": REMOVED}},
            says="spec.selector: is nothing",
        ),
    ],
)


@checks(PROTECTION)
def test_protection_stands(compared: Clusters) -> None:
    """Who may call whom, under which identity, and what is told of it."""
    _judged(compared, _of("security.istio.io", "telemetry.istio.io"))


RIGHTS = _control(
    3,
    "policy",
    "accounts and rights",
    [
        edit("ClusterRole", "standby:collector", {"rules": [{"verbs": ["create"]}]}, says="rules.0.verbs"),
        edit(
            "ClusterRoleBinding",
            "primary:platform-reconciler",
            {"subjects": [{"name": "orders", "namespace": "shop"}]},
            says="subjects.0.name",
        ),
        edit(
            "ServiceAccount",
            "primary:shop/orders",
            {"automountServiceAccountToken": REMOVED},
            says="automountServiceAccountToken: is nothing",
        ),
    ],
)


@checks(RIGHTS)
def test_rights_stand(compared: Clusters) -> None:
    """Roles, what they are bound to, and the accounts of pods."""
    _judged(compared, lambda item: item.group == "rbac.authorization.k8s.io" or item.kind == "ServiceAccount")


ADMISSION = _control(
    4,
    "policy",
    "the admission policies",
    [
        edit(
            "ValidatingAdmissionPolicyBinding",
            "primary:*",
            {"spec": {"validationActions": ["Audit"]}},
            says="validationActions",
        ),
        edit(
            "ValidatingAdmissionPolicyBinding",
            "primary:token-mounting",
            {"spec": {"matchResources": REMOVED}},
            says="spec.matchResources: is nothing",
        ),
    ],
)


@checks(ADMISSION)
def test_admission_policies_stand(compared: Clusters) -> None:
    """What the API servers refuse, and that they do."""
    _judged(compared, _of("admissionregistration.k8s.io"))


PLACES = _control(
    5,
    "gitops",
    "namespaces, settings and services",
    [
        edit("Service", "shop/orders", {"spec": {"selector": {"app": "elsewhere"}}}, says="spec.selector.app"),
        edit("ConfigMap", "primary:shop/orders", {"data": {"PORT": REMOVED}}, says="data.PORT: is nothing"),
    ],
)


@checks(PLACES)
def test_places_stand(compared: Clusters) -> None:
    """What workloads run in, read and are found by."""
    _judged(compared, lambda item: not item.group and item.kind in ("Namespace", "ConfigMap", "Service"))


WORKLOADS = _control(
    6,
    "resilience",
    "workloads, their limits and their guards",
    [
        edit(
            "Deployment",
            "data/pgbouncer",
            {"spec": {"template": {"spec": {"serviceAccountName": "default"}}}},
            says="serviceAccountName: is",
        ),
        remove("NetworkPolicy", "primary:shop/orders", says="is not there"),
    ],
    SHOWN_BY_CLUSTERS,
)
_GUARDS = ("apps", "autoscaling", "autoscaling.k8s.io", "networking.k8s.io", "policy", "scheduling.k8s.io")


@checks(WORKLOADS)
def test_workloads_stand(compared: Clusters) -> None:
    """Pods' templates, network policies, quotas, budgets, autoscalers and priorities."""
    kinds = ("LimitRange", "ResourceQuota")
    _judged(compared, lambda item: item.group in _GUARDS or (not item.group and item.kind in kinds))


DELIVERY = _control(
    7,
    "gitops",
    "what is delivered by operators",
    [
        edit("Application", "primary:argocd/orders", {"spec": {"project": "elsewhere"}}, says="spec.project"),
        remove("Kustomization", "primary:flux-system/data", says="is not there"),
    ],
    SHOWN_BY_CLUSTERS,
)
_OWN = ("", "rbac.authorization.k8s.io", "admissionregistration.k8s.io", *_GUARDS)
_MESH = ("networking.istio.io", "security.istio.io", "telemetry.istio.io")


@checks(DELIVERY)
def test_objects_of_operators_stand(compared: Clusters) -> None:
    """Every object whose kind another program defines, but for the mesh's."""
    _judged(compared, lambda item: item.group not in (*_OWN, *_MESH))

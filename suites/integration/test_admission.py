"""Whether a real API server takes what is declared: every object, with strict validation and every policy in force."""

from collections.abc import Callable

from meshproof import Control, Level, Pillar, checks, edit, judge
from meshproof.declaration.platform import Item, Platform
from meshproof.errors import ProbeError, TargetError
from meshproof.mutant import Mutant
from meshproof.observation import Observed
from meshproof.probes.admission import Admission
from meshproof.probes.kubernetes import Answer

SHOWN_BY = ("embedded", "kind")
_NOT_SERVED = 404


def _control(number: int, system: str, what: str, mutants: list[Mutant], level: Level = Level.MUST) -> Control:
    return Control(
        id=f"ADM-{number:03}",
        title=f"The API server of its site {level} accept every declared object of {what}",
        system=system,
        pillar=Pillar.OPERATIONS,
        level=level,
        since="1.0",
        source="https://kubernetes.io/docs/reference/using-api/api-concepts/#field-validation",
        remedy="Correct the field that the API server names; an admission policy is named where one refused.",
        targets=SHOWN_BY,
        frameworks={"nist": "CM-6", "soc2": "CC8.1"},
        mutants=mutants,
    )


def _judged(platform: Platform, admission: Admission, belongs: Callable[[Item], bool]) -> None:
    seen = admission.ask(one for one in platform.family("kubernetes") if belongs(one))
    if seen and all(_is_undefined(one.value) for one in seen):
        raise TargetError(seen[0].value.says)
    findings = judge(seen, _is_accepted)

    assert not findings.broken, findings.table()


def _is_accepted(seen: Observed[Answer]) -> str | None:
    answer = seen.value
    if _is_undefined(answer):
        raise ProbeError(answer.says)
    return None if answer.accepted else f"refused: {answer.says}"


def _is_undefined(answer: Answer) -> bool:
    return answer.status == _NOT_SERVED and "definition is missing" in answer.says


def _of(*groups: str) -> Callable[[Item], bool]:
    return lambda item: item.group in groups


CORE_GROUPS = ("", "apps", "rbac.authorization.k8s.io", "scheduling.k8s.io", "policy")

MESH = _control(
    1,
    "istio",
    "the mesh",
    [
        edit("VirtualService", "shop/orders", {"spec": {"hostz": ["orders"]}}, says="hostz"),
        edit("PeerAuthentication", "istio-system/default", {"spec": {"mtls": {"mode": "LAX"}}}, says="mode"),
        edit(
            "DestinationRule",
            "shop/orders",
            {"spec": {"trafficPolicy": {"tls": {"mode": "DISABLE"}}}},
            says="plain text",
        ),
    ],
)


@checks(MESH)
def test_mesh_objects_are_accepted(platform: Platform, admission: Admission) -> None:
    """Traffic, security and telemetry of Istio."""
    _judged(platform, admission, _of("networking.istio.io", "security.istio.io", "telemetry.istio.io"))


WORKLOADS = _control(
    2,
    "resilience",
    "workloads, accounts, quotas and budgets",
    [
        edit("Deployment", "data/pgbouncer", {"spec": {"replicas": "two"}}, says="spec.replicas"),
        edit("PodDisruptionBudget", "shop/orders", {"spec": {"maxUnavailable": 0}}, says="lets no node be drained"),
    ],
)


@checks(WORKLOADS)
def test_workloads_are_accepted(platform: Platform, admission: Admission) -> None:
    """Kubernetes' own kinds but for the network's, the autoscalers' and the policies'."""
    _judged(platform, admission, _of(*CORE_GROUPS))


NETWORK = _control(
    3,
    "zerotrust",
    "network policies",
    [edit("NetworkPolicy", "primary:shop/orders", {"spec": {"policyTypes": ["Sideways"]}}, says="policyTypes")],
)


@checks(NETWORK)
def test_network_policies_are_accepted(platform: Platform, admission: Admission) -> None:
    """Who may send packets to whom."""
    _judged(platform, admission, _of("networking.k8s.io"))


GITOPS = _control(
    4,
    "gitops",
    "Flux and Argo CD",
    [
        edit("Application", "primary:argocd/orders", {"spec": {"destinations": "here"}}, says="destinations"),
        edit("Kustomization", "primary:flux-system/data", {"spec": {"interval": "often"}}, says="spec.interval"),
    ],
)


@checks(GITOPS)
def test_gitops_objects_are_accepted(platform: Platform, admission: Admission) -> None:
    """Sources, Kustomizations, releases, applications and notifications."""
    flux = ("kustomize", "helm", "source", "notification")
    groups = tuple(f"{one}.toolkit.fluxcd.io" for one in flux)
    _judged(platform, admission, lambda item: item.group in groups or item.kind in ("Application", "AppProject"))


DELIVERY = _control(
    5,
    "delivery",
    "progressive delivery",
    [
        edit("Rollout", "primary:shop/orders", {"spec": {"replicas": "many"}}, says="spec.replicas"),
        edit("Rollout", "primary:shop/orders", {"spec": {"strategy": {"canary": {"stepz": []}}}}, says="stepz"),
    ],
)


@checks(DELIVERY)
def test_delivery_objects_are_accepted(platform: Platform, admission: Admission) -> None:
    """Rollouts and what their canaries are judged by."""
    kinds = ("Rollout", "AnalysisTemplate", "ClusterAnalysisTemplate")
    _judged(platform, admission, lambda item: item.group == "argoproj.io" and item.kind in kinds)


CERTIFICATES = _control(
    6,
    "certs",
    "cert-manager",
    [edit("Certificate", "primary:istio-ingress/shop-edge", {"spec": {"issuerRef": None}}, says="issuerRef")],
)


@checks(CERTIFICATES)
def test_certificates_are_accepted(platform: Platform, admission: Admission) -> None:
    """Issuers and certificates."""
    _judged(platform, admission, _of("cert-manager.io"))


SECRETS = _control(
    7,
    "secrets",
    "External Secrets",
    [
        edit(
            "ExternalSecret", "primary:shop/orders-database", {"spec": {"refreshPolicy": "Never"}}, says="refreshPolicy"
        )
    ],
)


@checks(SECRETS)
def test_external_secrets_are_accepted(platform: Platform, admission: Admission) -> None:
    """Stores and the secrets that come out of them."""
    _judged(platform, admission, _of("external-secrets.io"))


METRICS = _control(
    8,
    "metrics",
    "the Prometheus operator",
    [edit("Prometheus", "primary:monitoring/platform", {"spec": {"retention": "long"}}, says="retention")],
)


@checks(METRICS)
def test_monitoring_objects_are_accepted(platform: Platform, admission: Admission) -> None:
    """Prometheus, Alertmanager, monitors and probes."""
    _judged(platform, admission, _of("monitoring.coreos.com"))


SCALING = _control(
    9,
    "scaling",
    "the autoscalers",
    [edit("HorizontalPodAutoscaler", "primary:shop/orders", {"spec": {"maxReplicas": 0}}, says="maxReplicas")],
)


@checks(SCALING)
def test_autoscalers_are_accepted(platform: Platform, admission: Admission) -> None:
    """Horizontal and vertical."""
    _judged(platform, admission, _of("autoscaling", "autoscaling.k8s.io"))


CHAOS = _control(
    10,
    "chaos",
    "Chaos Mesh",
    [
        edit(
            "Schedule", "primary:shop/orders-pod-loss", {"spec": {"concurrencyPolicy": "Sometimes"}}, says="concurrency"
        )
    ],
)


@checks(CHAOS)
def test_chaos_schedules_are_accepted(platform: Platform, admission: Admission) -> None:
    """What is disturbed, when and for how long."""
    _judged(platform, admission, _of("chaos-mesh.org"))


REST = _control(
    11,
    "policy",
    "Litmus and the AWS load balancer controller",
    [edit("TargetGroupBinding", "primary:*", {"spec": {"targetType": "elsewhere"}}, says="targetType")],
    Level.SHOULD,
)


@checks(REST)
def test_objects_of_further_definitions_are_accepted(platform: Platform, admission: Admission) -> None:
    """Unknown where their definitions cannot be had."""
    _judged(platform, admission, _of("litmuschaos.io", "elbv2.k8s.aws"))

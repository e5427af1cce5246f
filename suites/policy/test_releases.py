"""Helm releases that Flux reconciles: what each runs, how it is remediated, which doors stay shut."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from meshproof import Control, Level, Pillar, checks, edit, judge, remove
from meshproof.declaration.platform import Item, Platform
from suites.policy.charts import (
    BRINGS,
    PARTS,
    RESTRICTED_BY_DEFAULT,
    SINGLE,
    Part,
    chart_of,
    mapping,
    parts_of,
    walk,
    within,
)
from suites.policy.quantities import amount as quantity
from suites.policy.quantities import seconds

_HELM = "https://fluxcd.io/flux/components/helm/helmreleases/"
_RELEASE = "primary:flux-system/"

RESTRICTED_PARTS = Control(
    id="GIT-010",
    title="Every pod of a release MUST run restricted: not root, no escalation, a read-only root and no capability",
    system="gitops",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source="https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted",
    remedy="State the security contexts of the part in the release's values.",
    frameworks={"nist": "AC-6", "pci": "2.2.6", "cis": "Kubernetes 5.2.5", "soc2": "CC6.1"},
    mutants=[
        edit(
            "HelmRelease",
            f"{_RELEASE}cert-manager",
            {"spec": {"values": {"webhook": {"containerSecurityContext": {"readOnlyRootFilesystem": False}}}}},
            says="webhook: can write its root file system",
        ),
        edit(
            "HelmRelease",
            f"{_RELEASE}external-dns",
            {"spec": {"values": {"securityContext": {"capabilities": None}}}},
            says="keeps its capabilities",
        ),
    ],
)
#: User ids below are the node's own accounts; above lies what 16-bit ids can not name.
UNPRIVILEGED_IDS: Final = (1000, 65534)
_DEMANDS: Final = {
    "allowPrivilegeEscalation": (False, "may gain privileges"),
    "readOnlyRootFilesystem": (True, "can write its root file system"),
    "runAsNonRoot": (True, "may run as root"),
}


@checks(RESTRICTED_PARTS)
def test_parts_run_restricted(platform: Platform) -> None:
    """No part of a release is weaker than the restricted pod security standard."""
    findings = judge(_with_pods(platform), _runs_restricted)

    assert not findings.broken, findings.table()


def _with_pods(platform: Platform) -> list[Item]:
    return [one for one in platform.all("HelmRelease") if list(parts_of(one))]


def _runs_restricted(release: Item) -> Iterator[str]:
    for part in parts_of(release):
        if part.chart not in PARTS:
            continue  # what a chart needs that is not known here is its namespace's pod security to decide
        contexts = list(_contexts(part))
        for context in contexts:
            yield from (f"{part}: {text}" for text in _weaknesses(context))
        if part.chart in RESTRICTED_BY_DEFAULT and not contexts:
            continue
        merged = {key: value for context in contexts for key, value in context.items()}
        for key, (wanted, text) in _DEMANDS.items():
            if merged.get(key) is not wanted:
                yield f"{part}: {text}"
        if mapping(merged, "capabilities").get("drop") != ["ALL"]:
            yield f"{part}: keeps its capabilities"
        if mapping(merged, "seccompProfile").get("type") != "RuntimeDefault":
            yield f"{part}: has no seccomp profile"


def _contexts(part: Part) -> Iterator[Mapping[str, object]]:
    for values in (part.common, part.values):
        for key, value in values.items():
            if key.lower().endswith("securitycontext") and isinstance(value, Mapping):
                yield value


def _weaknesses(context: Mapping[str, object]) -> Iterator[str]:
    for key, (wanted, text) in _DEMANDS.items():
        if context.get(key, wanted) is not wanted:
            yield text
    if context.get("privileged", False) is not False or context.get("enabled", True) is not True:
        yield "its security context is switched off"
    for key in ("runAsUser", "runAsGroup", "fsGroup"):
        if key in context and not within(quantity(context[key]), *UNPRIVILEGED_IDS):
            yield f"{key} {context[key]} is not an unprivileged id"


SIZED_PARTS = Control(
    id="GIT-011",
    title="Every pod of a release MUST state its requests, and a memory limit that equals what it requests",
    system="gitops",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source="https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/",
    remedy="Set resources.requests.cpu, resources.requests.memory and an equal resources.limits.memory.",
    frameworks={"nist": "SC-6", "soc2": "A1.1"},
    mutants=[
        edit(
            "HelmRelease",
            f"{_RELEASE}argo-cd",
            {"spec": {"values": {"redis": {"resources": {"limits": {"memory": "64Mi"}}}}}},
            says="redis: its memory limit 64Mi is not its request 256Mi",
        ),
        edit(
            "HelmRelease",
            f"{_RELEASE}vpa",
            {"spec": {"values": {"recommender": {"resources": {"requests": {"cpu": "5"}}}}}},
            says="recommender: asks for",
        ),
    ],
)
#: GiB for each core, around the 4 of a general-purpose node: a controller caches much and computes little.
CONTROLLER_SHAPE: Final = (1.5, 16.0)


@checks(SIZED_PARTS)
def test_parts_state_their_size(platform: Platform) -> None:
    """The scheduler knows what every controller needs, and memory never runs out under a neighbour."""
    findings = judge(_with_pods(platform), _states_its_size)

    assert not findings.broken, findings.table()


def _states_its_size(release: Item) -> Iterator[str]:
    for part in parts_of(release):
        resources = mapping(part.values, "resources")
        requests, limits = mapping(resources, "requests"), mapping(resources, "limits")
        cpu, memory = quantity(requests.get("cpu")), quantity(requests.get("memory"))
        if not cpu or not memory:
            yield f"{part}: does not state its requests"
            continue
        if quantity(limits.get("memory")) != memory:
            yield f"{part}: its memory limit {limits.get('memory')} is not its request {requests.get('memory')}"
        if not within(memory / 2**30 / cpu, *CONTROLLER_SHAPE):
            yield f"{part}: asks for {requests.get('cpu')} cores and {requests.get('memory')}, no controller's shape"


REPLICATED_PARTS = Control(
    id="GIT-012",
    title="Every controller MUST survive the loss of a node, and let a node be drained",
    system="gitops",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source="https://kubernetes.io/docs/tasks/run-application/configure-pdb/",
    remedy="Ask for two replicas and enable the part's pod disruption budget with one pod to spare.",
    frameworks={"nist": "CP-10", "soc2": "A1.2"},
    mutants=[
        edit(
            "HelmRelease",
            f"{_RELEASE}cert-manager",
            {"spec": {"values": {"webhook": {"replicaCount": 1}}}},
            says="webhook: has 1 replicas",
        ),
        edit(
            "HelmRelease",
            f"{_RELEASE}argo-cd",
            {"spec": {"values": {"repoServer": {"pdb": {"minAvailable": 2}}}}},
            says="repoServer: its disruption budget",
        ),
    ],
)
#: Two survive a node; of elected controllers a sixth only waits.
REPLICAS: Final = (2, 6)


@checks(REPLICATED_PARTS)
def test_parts_survive_a_node(platform: Platform) -> None:
    """Each controller has a second pod, and a budget that leaves one running and lets one go."""
    findings = judge(_with_pods(platform), _survives_a_node)

    assert not findings.broken, findings.table()


def _survives_a_node(release: Item) -> Iterator[str]:
    for part in parts_of(release):
        if not part.replicas_key or part.chart not in PARTS:
            continue
        replicas = quantity(part.replicas) or 0
        least = 1 if (part.chart, part.name) in SINGLE else REPLICAS[0]
        if not within(replicas, least, REPLICAS[1]):
            yield f"{part}: has {part.replicas} replicas"
        smallest = quantity(part.values.get("autoscaleMin", replicas)) or 0
        if not within(smallest, least, replicas):
            yield f"{part}: goes down to {smallest:g} replicas"
        if least > 1 and part.replicas_key != "autoscaleMax" and not _leaves_room(_budget(part), replicas):
            yield f"{part}: its disruption budget {dict(_budget(part))} does not fit {replicas:g} replicas"


def _budget(part: Part) -> Mapping[str, object]:
    return mapping(part.values, "podDisruptionBudget") or mapping(part.values, "pdb")


def _leaves_room(budget: Mapping[str, object], replicas: float) -> bool:
    bound = quantity(budget.get("minAvailable", budget.get("maxUnavailable", 0)))
    return budget.get("enabled", True) is True and within(bound, 1, replicas - 1)


REMEDIATED_RELEASES = Control(
    id="GIT-013",
    title="Every release MUST undo drift, retry what failed and return to the version that worked",
    system="gitops",
    pillar=Pillar.OPERATIONS,
    level=Level.MUST,
    since="1.0",
    source=_HELM,
    remedy="Enable driftDetection, cleanupOnFail and remediation with rollback; keep a history to return to.",
    frameworks={"nist": "CM-3", "soc2": "CC8.1"},
    relates=("HelmRelease", "ServiceAccount"),
    mutants=[
        edit(
            "HelmRelease", f"{_RELEASE}vpa", {"spec": {"driftDetection": {"mode": "warn"}}}, says="does not undo drift"
        ),
        edit("HelmRelease", f"{_RELEASE}argo-cd", {"spec": {"timeout": "2h"}}, says="timeout"),
        edit(
            "HelmRelease", f"{_RELEASE}argo-cd", {"spec": {"serviceAccountName": "nobody"}}, says="is applied as nobody"
        ),
    ],
)
#: Seconds: sooner floods the API server, later leaves drift for longer than a working session.
RECONCILE_EVERY: Final = (300, 3600)
#: Seconds: images are pulled and leaders elected within, and a failed release is noticed within half an hour.
SETTLE_WITHIN: Final = (300, 1800)
RETRY_AFTER: Final = 30
RETRIES: Final = (1, 5)
HISTORY: Final = (3, 10)


@checks(REMEDIATED_RELEASES)
def test_releases_are_remediated(platform: Platform) -> None:
    """A failed upgrade is rolled back, a failed install retried, a changed object changed back."""
    accounts = {(one.site, one.namespace, one.name) for one in platform.all("ServiceAccount")}

    def remediated(release: Item) -> Iterator[str]:
        yield from _reconciles(release)
        account = release.text("spec.serviceAccountName")
        if (release.site, release.namespace, account) not in accounts:
            yield f"is applied as {account or 'the controller itself'}, which is not declared"

    findings = judge(platform.all("HelmRelease"), remediated)

    assert not findings.broken, findings.table()


def _reconciles(release: Item) -> Iterator[str]:
    timeout = seconds(release.text("spec.timeout"))
    retry = seconds(release.text("spec.install.strategy.retryInterval"))
    if release.text("spec.driftDetection.mode") != "enabled":
        yield "does not undo drift"
    if not within(seconds(release.text("spec.interval")), *RECONCILE_EVERY):
        yield f"interval {release.text('spec.interval')} is outside {RECONCILE_EVERY} s"
    if not within(timeout, *SETTLE_WITHIN):
        yield f"timeout {release.text('spec.timeout')} is outside {SETTLE_WITHIN} s"
    if release.text("spec.install.strategy.name") != "RetryOnFailure" or not within(retry, RETRY_AFTER, timeout or 0):
        yield "a failed install is not retried within its timeout"
    upgrade = release.mapping("spec.upgrade")
    remediation = mapping(upgrade, "remediation")
    kept = upgrade.get("cleanupOnFail") is True and remediation.get("remediateLastFailure") is True
    if (
        not kept
        or remediation.get("strategy") != "rollback"
        or not within(quantity(remediation.get("retries")), *RETRIES)
    ):
        yield "a failed upgrade is not rolled back"
    if mapping(upgrade, "strategy").get("name") != "RemediateOnFailure":
        yield "a failed upgrade is not remediated"
    if not within(release.number("spec.maxHistory"), *HISTORY):
        yield f"maxHistory {release.text('spec.maxHistory')} is outside {HISTORY}"


OBSERVED_RELEASES = Control(
    id="GIT-014",
    title="Every release MUST keep its custom resources and be scraped where its chart can be",
    system="gitops",
    pillar=Pillar.OPERATIONS,
    level=Level.MUST,
    since="1.0",
    source="https://helm.sh/docs/chart_best_practices/custom_resource_definitions/",
    remedy="Install and keep the chart's CRDs, enable its metrics and ServiceMonitor.",
    frameworks={"nist": "SI-4", "soc2": "CC7.2"},
    relates=("HelmRelease", "Certificate", "google_container_cluster"),
    mutants=[
        edit(
            "HelmRelease",
            f"{_RELEASE}cert-manager",
            {"spec": {"values": {"crds": {"keep": False}}}},
            says="would delete its custom resources",
        ),
        edit(
            "HelmRelease",
            f"{_RELEASE}argo-cd",
            {"spec": {"values": {"server": {"metrics": {"enabled": False}}}}},
            says="server.metrics is not scraped",
        ),
        remove("HelmRelease", f"{_RELEASE}cert-manager", says="no release brings its kind"),
    ],
)
#: Seconds between two looks of Prometheus: an alert's window holds several.
SCRAPE_EVERY: Final = (10, 120)
_CRD_SWITCHES: Final = frozenset({"installCRDs", "keepCRDs"})
_BRINGS_ITS_OWN: Final = frozenset({"argo-cd", "argo-rollouts", "cert-manager", "external-secrets"})
#: Charts whose values open the metrics of their parts one by one; the others are scraped by annotation or not at all.
_SCRAPED: Final = frozenset(
    {"argo-cd", "argo-rollouts", "aws-load-balancer-controller", "cert-manager", "cluster-autoscaler", "external-dns"}
)


@checks(OBSERVED_RELEASES)
def test_releases_keep_their_kinds_and_are_scraped(platform: Platform) -> None:
    """Deleting a release loses no data, no controller works unseen, and every kind in use has its controller."""
    releases = platform.all("HelmRelease")
    brought = {(one.site, name) for one in releases for name in BRINGS.get(chart_of(one), ())}
    for cluster in platform.all("google_container_cluster"):
        managed = cluster.get("enable_autopilot") or cluster.get("vertical_pod_autoscaling.0.enabled")
        brought |= {(cluster.site, "autoscaling.k8s.io")} if managed else set()
    kinds = [one for one in platform.family("kubernetes") if _needs_chart(one)]

    def has_controller(item: Item) -> str | None:
        known = {(item.site, item.group), (item.site, f"{item.kind}.{item.group}")} & brought
        return None if known else f"no release brings its kind {item.kind}.{item.group}"

    kept = judge(releases, _kept_and_scraped)
    backed = judge(kinds, has_controller)

    assert not kept.broken, kept.table()
    assert not backed.broken, backed.table()


def _is_scrape(at: tuple[str, ...], node: Mapping[str, object]) -> bool:
    switch = bool(at) and "enabled" in node and not {"admissionWebhooks", "prometheusSpec"} & set(at)
    own = at[-1:] in (("metrics",), ("serviceMonitor",), ("servicemonitor",))
    return switch and (own or bool({"servicemonitor", "serviceMonitor"} & node.keys()))


def _needs_chart(item: Item) -> bool:
    return any({item.group, f"{item.kind}.{item.group}"} & names for names in BRINGS.values())


def _kept_and_scraped(release: Item) -> Iterator[str]:
    values = release.mapping("spec.values")
    switches = dict(mapping(values, "crds")) | {key: values[key] for key in _CRD_SWITCHES & values.keys()}
    if chart_of(release) in _BRINGS_ITS_OWN and (not switches or any(one is not True for one in switches.values())):
        yield "would delete its custom resources, or not bring them"
    scraped = [(at, node) for at, node in walk(values) if _is_scrape(at, node)]
    for at, node in scraped:
        if node["enabled"] is not True:
            yield f"{'.'.join(at)} is not scraped"
        if "interval" in node and not within(seconds(node["interval"]), *SCRAPE_EVERY):
            yield f"{'.'.join(at)} is scraped every {node['interval']}"
    parts = {part.name for part in parts_of(release)} - {"cainjector", "webhook", "redis"}
    seen = {at[0] if at[0] in parts else "" for at, _ in scraped if at[-1].lower() == "servicemonitor"}
    if chart_of(release) in _SCRAPED and parts - seen:
        yield f"{', '.join(sorted(parts - seen)) or 'it'} has no ServiceMonitor"

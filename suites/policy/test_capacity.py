"""Capacity: nodes, priorities, limits and recommendations that hold what the autoscalers ask for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from meshproof import Control, Level, Pillar, checks, edit, judge, remove
from meshproof.declaration.platform import Item, Platform
from suites.policy.charts import chart_of, mapping, walk, within
from suites.policy.classes import UNBOUNDED, ByClass
from suites.policy.quantities import amount as quantity
from suites.policy.quantities import seconds
from suites.policy.workloads import WORKLOADS, containers

_AUTOSCALER = "primary:flux-system/cluster-autoscaler"
GIB: Final = 2.0**30

NODES_HOLD = Control(
    id="SCALE-006",
    title="The cluster autoscaler MUST be allowed what the node groups allow, and prefer groups that exist",
    system="scaling",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source="https://github.com/kubernetes/autoscaler/blob/master/cluster-autoscaler/FAQ.md",
    remedy="Set max-nodes-total and cores-total above the node groups' sum; name node groups in the expander.",
    frameworks={"nist": "CP-2", "soc2": "A1.1"},
    relates=("HelmRelease", "aws_eks_node_group"),
    mutants=[
        edit(
            "HelmRelease",
            _AUTOSCALER,
            {"spec": {"values": {"extraArgs": {"max-nodes-total": 20}}}},
            says="max-nodes-total 20",
        ),
        edit(
            "HelmRelease",
            _AUTOSCALER,
            {"spec": {"values": {"expanderPriorities": {"20": [".*spot.*"]}}}},
            says="prefers .*spot.*, which is no node group",
        ),
        edit("aws_eks_node_group", "module.primary_*", {"scaling_config": [{"max_size": 90}]}, says="max-nodes-total"),
    ],
)
#: At most twice the groups' sum: room for a new group, still a bound. All environments share the manifest, so that where
#: the groups are smaller they are the bound.
SPARE: Final = ByClass(production=2.0, rehearsal=UNBOUNDED, trial=UNBOUNDED)
#: Seconds: a node that is not there by then will not come; a node that idles that long will not be needed.
WAITS: Final = (300, 1800)
#: Below this use a node is emptied: under it money idles, above it pods move all the time.
EMPTIES_AT: Final = (0.4, 0.8)
_SIZE: Final = re.compile(r"[a-z]+\d[a-z-]*\.(\d*)(large|xlarge)")


@checks(NODES_HOLD)
def test_nodes_hold_the_peak(platform: Platform) -> None:
    """No bound of the autoscaler ends the growth before the node groups do."""
    groups = platform.all("aws_eks_node_group")

    def allows(release: Item) -> Iterator[str]:
        mine = [one for one in groups if one.site == release.site]
        arguments = release.mapping("spec.values.extraArgs")
        nodes = sum(one.number("scaling_config.0.max_size") or 0 for one in mine)
        cores = max((_cores(str(kind)) for one in mine for kind in one.sequence("instance_types")), default=0)
        if not within(quantity(arguments.get("max-nodes-total")), nodes, nodes * SPARE.of(release)):
            yield f"max-nodes-total {arguments.get('max-nodes-total')} does not fit {nodes:g} nodes"
        most = str(arguments.get("cores-total", "")).rpartition(":")[2]
        if not within(quantity(most), nodes * cores, nodes * cores * SPARE.of(release)):
            yield f"cores-total {most} does not fit {nodes * cores:g} cores"
        for key in ("max-node-provision-time", "scale-down-unneeded-time", "scale-down-delay-after-add"):
            if not within(seconds(arguments.get(key)), *WAITS):
                yield f"{key} {arguments.get(key)} is outside {WAITS} s"
        if not within(quantity(arguments.get("scale-down-utilization-threshold")), *EMPTIES_AT):
            yield f"empties nodes at {arguments.get('scale-down-utilization-threshold')}"
        for switch in ("skip-nodes-with-system-pods", "skip-nodes-with-local-storage"):
            if arguments.get(switch) is not False:
                yield f"{switch} keeps idle nodes"
        if arguments.get("balance-similar-node-groups") is not True:
            yield "lets zones grow apart"
        priorities = release.mapping("spec.values.expanderPriorities")
        if "priority" in str(arguments.get("expander")) and not priorities:
            yield "has no priorities to expand by"
        for pattern in sorted(str(one) for listed in priorities.values() if isinstance(listed, list) for one in listed):
            if not any(re.search(pattern, one.text("node_group_name")) for one in mine):
                yield f"prefers {pattern}, which is no node group"

    findings = judge([one for one in platform.all("HelmRelease") if chart_of(one) == "cluster-autoscaler"], allows)

    assert not findings.broken, findings.table()


def _cores(instance_type: str) -> int:
    match = _SIZE.fullmatch(instance_type)
    return 0 if match is None else 2 if match[2] == "large" else 4 * int(match[1] or 1)


PRIORITIES = Control(
    id="SCALE-007",
    title="Every pod MUST have a declared priority, and priorities an order without ties and one default",
    system="scaling",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source="https://kubernetes.io/docs/concepts/scheduling-eviction/pod-priority-preemption/",
    remedy="Declare the PriorityClass that the pod names; keep the values apart and let the default preempt nobody.",
    frameworks={"nist": "SC-6", "soc2": "A1.1"},
    relates=("PriorityClass", "Rollout", "Deployment"),
    mutants=[
        edit("PriorityClass", "primary:service-critical", {"value": 10000}, says="is as important as"),
        edit("PriorityClass", "primary:service-critical", {"globalDefault": True}, says="are the default"),
        remove("PriorityClass", "primary:service-critical", says="service-critical, which is not declared"),
    ],
)
_SYSTEM: Final = "system-"


@checks(PRIORITIES)
def test_pods_have_priorities(platform: Platform) -> None:
    """When nodes are short, what every request passes through stays, and what can wait waits."""
    classes = platform.all("PriorityClass")
    known = {(one.site, one.name): one.number("value") or 0.0 for one in classes}
    named = {(one.site, one.text("spec.template.spec.priorityClassName")) for one in platform.all(*WORKLOADS)}
    for release in platform.all("HelmRelease"):
        named |= {
            (release.site, str(n["priorityClassName"]))
            for _, n in walk(release.get("spec.values"))
            if "priorityClassName" in n
        }

    def known_class(workload: Item) -> str | None:
        name = workload.text("spec.template.spec.priorityClassName")
        declared = (workload.site, name) in known or name.startswith(_SYSTEM)
        return None if declared else f"has priority {name or '(none)'}, which is not declared"

    def ordered(one: Item) -> Iterator[str]:
        mine = {name: value for (site, name), value in known.items() if site == one.site}
        for name, value in sorted(mine.items()):
            if name != one.name and value == mine[one.name]:
                yield f"is as important as {name}"
        defaults = [other.name for other in classes if other.site == one.site and other.get("globalDefault") is True]
        if len(defaults) != 1:
            yield f"{', '.join(defaults) or 'none'} are the default"
        lowest = min(mine.values())
        if (mine[one.name] == lowest) != (one.get("globalDefault") is True) or (
            one.get("globalDefault") is True and one.text("preemptionPolicy") != "Never"
        ):
            yield "the default is not the least important, or preempts"
        if (one.site, one.name) not in named:
            yield "no pod has it"

    pods, order = judge(platform.all(*WORKLOADS), known_class), judge(classes, ordered)

    assert not order.broken, order.table()
    assert not pods.broken, pods.table()


LIMITED = Control(
    id="SCALE-008",
    title="Every namespace MUST have a quota and a limit range that gives each container a size, and none more than a node",
    system="scaling",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source="https://kubernetes.io/docs/concepts/policy/limit-range/",
    remedy="Declare a ResourceQuota and a LimitRange with default, defaultRequest and max in the namespace.",
    frameworks={"nist": "SC-6", "cis": "Kubernetes 5.7.1", "soc2": "A1.1"},
    relates=("Namespace", "LimitRange", "ResourceQuota", "Service"),
    mutants=[
        remove("LimitRange", "primary:shop/containers", says="has no LimitRange"),
        edit(
            "LimitRange",
            "primary:shop/containers",
            {"spec": {"limits": [{"max": {"memory": "800Gi"}}]}},
            says="allows a container of 800Gi",
        ),
        edit(
            "ResourceQuota",
            "primary:shop/compute",
            {"spec": {"hard": {"services.loadbalancers": "3"}}},
            says="allows 3 load balancers",
        ),
        edit(
            "Service",
            "primary:istio-ingress/istio-eastwestgateway",
            {"spec": {"allocateLoadBalancerNodePorts": True}},
            says="its Services ask for",
        ),
    ],
)
#: GiB for each core of what states no request: like the services, between half and eight.
DEFAULT_SHAPE: Final = (0.5, 8.0)
#: Bytes: a container of the default size is the smallest that starts, one of the largest leaves room on a 32 GiB node.
DEFAULT_MEMORY: Final = (32 * 2.0**20, GIB)
LARGEST: Final = (2 * GIB, 24 * GIB)
_CLAIMS: Final = ("StatefulSet", "Prometheus", "Alertmanager.monitoring.coreos.com", "PersistentVolumeClaim")


@checks(LIMITED)
def test_namespaces_are_limited(platform: Platform) -> None:
    """One team's mistake does not take another team's node, and opens nothing to the outside."""
    limits = {(one.site, one.namespace) for one in platform.all("LimitRange")}
    quotas = {(one.site, one.namespace) for one in platform.all("ResourceQuota")}
    services = platform.all("Service")
    claims = {(one.site, one.namespace) for one in platform.all(*_CLAIMS)}

    def has_both(namespace: Item) -> Iterator[str]:
        if (namespace.site, namespace.name) not in limits:
            yield "has no LimitRange"
        if (namespace.site, namespace.name) not in quotas:
            yield "has no ResourceQuota"

    def exposes(quota: Item) -> Iterator[str]:
        mine = [one for one in services if (one.site, one.namespace) == (quota.site, quota.namespace)]
        balancers = sum(one.text("spec.type") == "LoadBalancer" for one in mine)
        node_ports = sum(len(one.mappings("spec.ports")) for one in mine if _has_node_ports(one))
        for key, asked, most, words in (
            ("loadbalancers", balancers, max(1, balancers), "load balancers"),
            ("nodeports", node_ports, 0, "node ports"),
        ):
            allowed = quantity(quota.get(("spec", "hard", f"services.{key}")))
            if allowed is None or allowed > most:
                yield f"allows {quota.text(('spec', 'hard', f'services.{key}')) or 'any number of'} {words}"
            elif allowed < asked:
                yield f"allows {allowed:g} {words} and its Services ask for {asked}"
        volumes = quantity(quota.get(("spec", "hard", "persistentvolumeclaims")))
        if volumes is None or volumes < 0 or (volumes and (quota.site, quota.namespace) not in claims):
            yield f"allows {quota.text(('spec', 'hard', 'persistentvolumeclaims')) or 'any number of'} volumes"

    namespaces, sized = judge(platform.all("Namespace"), has_both), judge(platform.all("LimitRange"), _sizes)
    outside = judge(platform.all("ResourceQuota"), exposes)

    assert not namespaces.broken, namespaces.table()
    assert not sized.broken, sized.table()
    assert not outside.broken, outside.table()


def _has_node_ports(service: Item) -> bool:
    """A load balancer's Service is given them too, unless it says otherwise."""
    kind = service.text("spec.type")
    return kind == "NodePort" or (
        kind == "LoadBalancer" and service.get("spec.allocateLoadBalancerNodePorts") is not False
    )


def _sizes(limit: Item) -> Iterator[str]:
    for one in limit.mappings("spec.limits"):
        request, default, most = (mapping(one, key) for key in ("defaultRequest", "default", "max"))
        cpu, memory = quantity(request.get("cpu")), quantity(request.get("memory"))
        if quantity(default.get("memory")) != memory or not within(memory, *DEFAULT_MEMORY):
            yield f"gives {request.get('memory')} and limits at {default.get('memory')}"
        if not cpu or not within((memory or 0) / GIB / cpu, *DEFAULT_SHAPE):
            yield f"gives {request.get('cpu')} cores with {request.get('memory')}"
        if not within(quantity(most.get("memory")), *LARGEST):
            yield f"allows a container of {most.get('memory') or 'any size'}"
    if not limit.mappings("spec.limits"):
        yield "limits nothing"


RIGHTSIZED = Control(
    id="SCALE-009",
    title="Every service SHOULD have a recommendation of its size that changes nothing by itself",
    system="scaling",
    pillar=Pillar.COST,
    level=Level.SHOULD,
    since="1.0",
    source="https://kubernetes.io/docs/concepts/workloads/autoscaling/vertical-pod-autoscale/",
    remedy="Declare a VerticalPodAutoscaler with updateMode Off and bounds around the container's requests.",
    frameworks={"nist": "SA-2", "soc2": "A1.1"},
    relates=("VerticalPodAutoscaler", "Rollout"),
    mutants=[
        edit(
            "VerticalPodAutoscaler",
            "primary:shop/orders",
            {"spec": {"updatePolicy": {"updateMode": "Auto"}}},
            says="changes pods by itself",
        ),
        edit(
            "VerticalPodAutoscaler",
            "primary:shop/orders",
            {"spec": {"resourcePolicy": {"containerPolicies": [{"maxAllowed": {"cpu": "100m"}}]}}},
            says="bounds cpu",
        ),
        remove("VerticalPodAutoscaler", "primary:shop/orders", says="has no recommendation"),
    ],
)
#: A recommendation may halve what is requested, and may exceed it sixteenfold before it is a mistake.
ROOM: Final = (0.5, 16.0)


@checks(RIGHTSIZED)
def test_sizes_are_recommended(platform: Platform) -> None:
    """What a service asks for follows what it uses, by review and not behind anyone's back."""
    rollouts = {(one.site, one.namespace, one.name): one for one in platform.all("Rollout")}
    vpas = platform.all("VerticalPodAutoscaler")
    known = {(one.site, one.namespace, one.text("spec.targetRef.name")) for one in vpas}

    def recommended(rollout: Item) -> str | None:
        return None if (rollout.site, rollout.namespace, rollout.name) in known else "has no recommendation"

    def bounded(vpa: Item) -> Iterator[str]:
        if vpa.text("spec.updatePolicy.updateMode") != "Off":
            yield "changes pods by itself"
        target = rollouts.get((vpa.site, vpa.namespace, vpa.text("spec.targetRef.name")))
        policies = {str(one.get("containerName")): one for one in vpa.mappings("spec.resourcePolicy.containerPolicies")}
        for _, container in containers(target) if target else []:
            policy = policies.get(str(container.get("name")), {})
            requests = mapping(mapping(container, "resources"), "requests")
            for name, text in requests.items():
                asked = quantity(text) or 0.0
                low, high = (quantity(mapping(policy, key).get(name)) for key in ("minAllowed", "maxAllowed"))
                if not within(low, asked / 16, asked * ROOM[0]) or not within(high, asked, asked * ROOM[1]):
                    yield f"bounds {name} to {low} and {high}, its container asks for {asked:g}"
        if target is None:
            yield "recommends for nobody"
        if vpa.has("spec.targetRef") and target and not any(one.get("mode") == "Off" for one in policies.values()):
            yield "recommends for the mesh's proxy too"

    covered, sized = judge(list(rollouts.values()), recommended), judge(vpas, bounded)

    assert not covered.broken, covered.table()
    assert not sized.broken, sized.table()

"""What the declared network policies let one workload say to another: read from both ends."""

from collections.abc import Mapping

from meshproof.declaration.platform import Item, Platform
from suites.policy.workloads import WORKLOADS, pod_labels, selects

Rule = Mapping[str, object]

#: By this label the API server names every namespace.
NAME = "kubernetes.io/metadata.name"


def listed(node: Rule, key: str) -> list[Rule]:
    """The mappings in a list of a rule."""
    value = node.get(key)
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, (list, tuple)) else []


def labels_of(namespace: Item) -> dict[str, object]:
    """A namespace's labels with its name among them."""
    return {**namespace.mapping("metadata.labels"), NAME: namespace.name}


def ports(rule: Rule) -> set[object]:
    """The ports that a rule names."""
    return {one.get("port") for one in listed(rule, "ports")}


def reached(platform: Platform, policy: Item, peer: Rule) -> list[Item]:
    """The declared workloads that a peer of a policy names."""
    spaces = {
        one.name
        for one in platform.all("Namespace", site=policy.site)
        if "namespaceSelector" in peer and selects(peer["namespaceSelector"], labels_of(one))
    }
    spaces = spaces if "namespaceSelector" in peer else {policy.namespace}
    return [
        one
        for one in platform.all(*WORKLOADS, site=policy.site)
        if "ipBlock" not in peer and one.namespace in spaces and selects(peer.get("podSelector") or {}, pod_labels(one))
    ]


def opens(platform: Platform, one: Item, other: Item, way: str) -> set[object]:
    """The ports on which policies let a workload speak to another, or hear it; None is every port."""
    ends = "to" if way == "egress" else "from"
    return {
        port
        for policy in platform.all("NetworkPolicy", site=one.site, namespace=one.namespace)
        if selects(policy.get("spec.podSelector"), pod_labels(one))
        for rule in policy.mappings(f"spec.{way}")
        if any(
            other.address == found.address for peer in listed(rule, ends) for found in reached(platform, policy, peer)
        )
        for port in (ports(rule) if "ports" in rule else {None})
    }

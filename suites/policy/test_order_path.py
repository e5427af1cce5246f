"""The path of an order: from the public name to the database, every link by reference, in both sites."""

from __future__ import annotations

from collections.abc import Iterator

from meshproof import Control, Level, Pillar, checks, edit, judge, remove
from meshproof.declaration.platform import Item, Platform

ORDER_PATH = Control(
    id="CON-100",
    title="Every public route MUST lead by reference from the public name to identity, secret, database and topic",
    system="contracts",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source="https://docs.aws.amazon.com/wellarchitected/latest/reliability-pillar/rel_withstand_component_failures_static_stability.html",
    remedy="Put the link back as a reference: a Terraform attribute, a fact of platform-facts, or the name of an object that exists.",
    frameworks={"nist": "CM-2", "soc2": "CC8.1"},
    relates=(
        "aws_route53_record",
        "aws_lb",
        "google_compute_global_address",
        "Gateway",
        "VirtualService",
        "Service",
        "ServiceAccount",
        "aws_eks_pod_identity_association",
        "ExternalSecret",
        "ConfigMap",
        "fact",
    ),
    mutants=[
        edit("VirtualService", "primary:shop/orders-public", {"spec": {"hosts": ["shop.example.com"]}}, says="is a literal"),
        edit("Gateway", "standby:istio-ingress/shop", {"spec": {"servers": [{"hosts": ["shop/shop.example.com"]}]}}, says="is a literal"),
        edit("TargetGroupBinding", "primary:istio-ingress/ingressgateway", {"spec": {"targetGroupARN": "arn:aws:elasticloadbalancing:eu-west-1:1:targetgroup/x/1"}}, says="is a literal"),
        remove("aws_route53_record", "module.global_failover.aws_route53_record.standby", says="no public record"),
        remove("ServiceAccount", "primary:shop/orders", says="service account"),
        remove("aws_eks_pod_identity_association", 'module.primary_workload_identity.aws_eks_pod_identity_association.main["shop/orders"]', says="has no cloud identity"),
        edit("ConfigMap", "standby:shop/orders", {"data": {"TOPIC": "orders"}}, says="TOPIC is a literal", name="literal-topic"),
        edit("ExternalSecret", "primary:shop/orders-database", {"spec": {"dataFrom": [{"extract": {"key": "orders-database"}}]}}, says="secret key is a literal"),
    ],
)  # fmt: skip

#: Settings of a service that name something Terraform made: they must come from a fact.
OF_TERRAFORM = ("_HOST", "_NAME", "_BOOTSTRAP", "_TABLE", "TOPIC", "TOPICS", "TABLE")


@checks(ORDER_PATH)
def test_an_order_finds_its_way_by_reference(platform: Platform) -> None:
    """From the record through load balancer, gateway and route to service, identity, secret, database and topic."""
    findings = judge(_public_routes(platform), lambda route: list(_broken_links(platform, route)))

    assert not findings.broken, findings.table()


def _public_routes(platform: Platform) -> list[Item]:
    """Routes at a gateway for a name of the platform, not for the mesh alone."""
    return [
        one
        for one in platform.all("VirtualService")
        if one.sequence("spec.gateways") and "mesh" not in one.sequence("spec.gateways") and _leads_to_a_service(one)
    ]


def _leads_to_a_service(route: Item) -> bool:
    return any(host.endswith(".svc.cluster.local") and host.split(".")[1] == route.namespace for host in _hosts(route))


def _hosts(route: Item) -> list[str]:
    return [
        str(target["destination"]["host"]) for rule in route.mappings("spec.http") for target in rule.get("route", [])
    ]


def _broken_links(platform: Platform, route: Item) -> Iterator[str]:
    facts = route.refers("spec.hosts", "fact")
    if not facts:
        yield f"host {route.text('spec.hosts.0')} is a literal"
    for name in route.sequence("spec.gateways"):
        yield from _gateway(platform, route, str(name), facts)
    yield from _records(platform, route)
    for host in dict.fromkeys(_hosts(route)):
        yield from _service(platform, route, host)


def _gateway(platform: Platform, route: Item, name: str, facts: list[Item]) -> Iterator[str]:
    gateway = platform.item(f"{route.site}/Gateway/{name}")
    if gateway is None:
        yield f"gateway {name} does not exist"
        return
    if not {one.address for one in gateway.refers("spec.servers", "fact")} & {one.address for one in facts}:
        yield f"gateway {name}: its host is a literal"
    services = platform.all("Service", site=route.site, namespace=gateway.namespace)
    bound = [
        one
        for one in platform.all("TargetGroupBinding", site=route.site)
        if not one.refers("spec.targetGroupARN", "fact")
    ]
    for binding in bound:
        yield f"{binding.address}: its target group is a literal"
    reached = {one.text("spec.serviceRef.name") for one in platform.all("TargetGroupBinding", site=route.site)}
    negs = [one.name for one in services if one.refers(("metadata", "annotations", "cloud.google.com/neg"), "fact")]
    if not any(one.name in reached or one.name in negs for one in services):
        yield f"no load balancer reaches a Service of gateway {name}"


def _records(platform: Platform, route: Item) -> Iterator[str]:
    """A public record of the route's name leads to a load balancer of this site."""
    names = {str(host) for host in route.sequence("spec.hosts")}
    kinds = ("aws_lb", "google_compute_global_address")
    leading = [
        record
        for record in platform.all("aws_route53_record")
        if any(
            end.kind in kinds and end.site == route.site for end in (*record.refers("alias"), *record.refers("records"))
        )
    ]
    if not any(record.text("name") in names for record in leading):
        yield f"no public record of {', '.join(sorted(names))} leads to this site"


def _service(platform: Platform, route: Item, host: str) -> Iterator[str]:
    name, namespace = host.split(".")[:2]
    service = platform.item(f"{route.site}/Service/{namespace}/{name}")
    if service is None:
        yield f"Service {host} does not exist"
        return
    selector = service.mapping("spec.selector")
    workloads = [
        one
        for one in platform.all("Rollout", "Deployment", site=route.site, namespace=namespace)
        if selector and selector.items() <= one.mapping("spec.template.metadata.labels").items()
    ]
    if not workloads:
        yield f"Service {host} selects no workload"
    for workload in workloads:
        yield from _workload(platform, workload)


def _workload(platform: Platform, workload: Item) -> Iterator[str]:
    account = workload.text("spec.template.spec.serviceAccountName")
    if platform.item(f"{workload.site}/ServiceAccount/{workload.namespace}/{account}") is None:
        yield f"{workload.name}: service account {account or '(default)'} does not exist"
    if not _has_identity(platform, workload, account):
        yield f"{workload.name}: service account {account} has no cloud identity"
    for volume in workload.mappings("spec.template.spec.volumes"):
        if name := volume.get("secret", {}).get("secretName"):
            yield from _secret(platform, workload, name)
    for container in workload.mappings("spec.template.spec.containers"):
        for source in container.get("envFrom", []):
            yield from _settings(platform, workload, source)


def _has_identity(platform: Platform, workload: Item, account: str) -> bool:
    associations = platform.all("aws_eks_pod_identity_association", site=workload.site)
    if any(
        (one.text("namespace"), one.text("service_account")) == (workload.namespace, account) for one in associations
    ):
        return True
    suffix = f"/subject/ns/{workload.namespace}/sa/{account}"
    grants = platform.all(
        "google_project_iam_member",
        "google_pubsub_topic_iam_member",
        "google_pubsub_subscription_iam_member",
        "google_bigtable_table_iam_member",
        "google_secret_manager_secret_iam_member",
        site=workload.site,
    )
    return any(one.knows("member") and one.text("member").endswith(suffix) for one in grants)


def _settings(platform: Platform, workload: Item, source: dict[str, dict[str, str]]) -> Iterator[str]:
    """What a service is told of Terraform's things comes from facts, and its secrets from the store by a fact."""
    if name := source.get("configMapRef", {}).get("name"):
        settings = platform.item(f"{workload.site}/ConfigMap/{workload.namespace}/{name}")
        if settings is None:
            yield f"{workload.name}: ConfigMap {name} does not exist"
            return
        for key, value in settings.mapping("data").items():
            inside = isinstance(value, str) and value.endswith(".svc.cluster.local")
            if (
                key.endswith(OF_TERRAFORM)
                and key != "OTEL_SERVICE_NAME"
                and not inside
                and not settings.refers(("data", key), "fact")
            ):
                yield f"{workload.name}: setting {key} is a literal"
    if name := source.get("secretRef", {}).get("name"):
        yield from _secret(platform, workload, name)


def _secret(platform: Platform, workload: Item, name: str) -> Iterator[str]:
    makers = [
        one
        for one in platform.all("ExternalSecret", site=workload.site, namespace=workload.namespace)
        if one.text("spec.target.name") == name
    ]
    if not makers:
        yield f"{workload.name}: no ExternalSecret makes the secret {name}"
    for maker in makers:
        facts = maker.refers("spec.dataFrom", "fact") + maker.refers("spec.data", "fact")
        secrets = [end for fact in facts for end in fact.refers("value")]
        if not facts:
            yield f"{maker.name}: its secret key is a literal"
        elif not any(end.site == workload.site for end in secrets):
            yield f"{maker.name}: its secret key leads to no secret of this site"

"""Pods, services and settings: everything that is named is there."""

from collections.abc import Mapping

from meshproof import Control, Level, Pillar, checks, edit, judge, remove
from meshproof.declaration.platform import Item, Platform
from suites.policy.quantities import number_of
from suites.policy.workloads import WORKLOADS, container_ports, containers, pod_labels, selects, workloads_of

SELECTED = Control(
    id="CON-007",
    title="Every Service MUST select a declared workload and send to a port that its containers open",
    system="contracts",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source="https://kubernetes.io/docs/concepts/services-networking/service/",
    remedy="Let the selector equal the pods' labels and each targetPort name a containerPort; remove what selects nothing.",
    frameworks={"nist": "CM-2"},
    relates=("Service", "Rollout", "Deployment"),
    mutants=[
        edit("Service", "primary:shop/orders", {"spec": {"ports": [{"targetPort": "grpc"}]}}, says="targetPort grpc"),
        edit(
            "Service", "standby:shop/payments", {"spec": {"selector": {"app": "payment"}}}, says="selects no workload"
        ),
        edit(
            "Rollout",
            "primary:shop/orders",
            {"spec": {"template": {"spec": {"containers": [{"ports": [{"name": "web"}]}]}}}},
            says="targetPort http",
        ),
    ],
)


@checks(SELECTED)
def test_every_service_reaches_a_container(platform: Platform) -> None:
    """Selector and ports of each Service meet pods that are declared beside it."""
    operated = {
        (one.site, one.namespace, one.kind.lower())
        for one in platform.all("Prometheus.monitoring.coreos.com", "Alertmanager.monitoring.coreos.com")
    }

    def reaches(service: Item) -> list[str]:
        if not service.sequence("spec.ports"):
            return ["has no port"]
        chosen = workloads_of(
            platform, service.mapping("spec.selector"), site=service.site, namespace=service.namespace
        )
        made_by = (service.site, service.namespace, service.text(("spec", "selector", "app.kubernetes.io/name")))
        if not chosen and made_by in operated:
            return []  # an operator makes these pods
        if not service.mapping("spec.selector") or not chosen:
            return [f"selects no workload by {dict(service.mapping('spec.selector'))}"]
        open_ports = container_ports(chosen[0])
        return [
            f"sends port {port.get('port')} to targetPort {port.get('targetPort')}, which {chosen[0].name} does not open"
            for port in service.mappings("spec.ports")
            if port.get("targetPort", port.get("port")) not in open_ports
        ]

    findings = judge([one for one in platform.all("Service") if one.site], reaches)

    assert not findings.broken, findings.table()


LABELLED = Control(
    id="CON-008",
    title="Every workload MUST own its pods: selector, pod labels and its own labels agree, its identity is declared",
    system="contracts",
    pillar=Pillar.OPERATIONS,
    level=Level.MUST,
    since="1.0",
    source="https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/",
    remedy="Repeat the selector's labels on the pods and on the workload; name a ServiceAccount of the same namespace.",
    frameworks={"nist": "CM-8", "soc2": "CC6.1"},
    relates=("Rollout", "ServiceAccount"),
    mutants=[
        edit(
            "Rollout",
            "primary:shop/orders",
            {"spec": {"selector": {"matchLabels": {"app": "order"}}}},
            says="does not select its own pods",
        ),
        remove("ServiceAccount", "standby:shop/payments", says="runs as payments, which is no ServiceAccount"),
    ],
)


@checks(LABELLED)
def test_every_workload_owns_its_pods(platform: Platform) -> None:
    """Who owns a pod, and as whom it runs, can be told from the declaration."""
    accounts = {(one.site, one.namespace, one.name) for one in platform.all("ServiceAccount")}

    def owned(workload: Item) -> list[str]:
        wanted = workload.mapping("spec.selector.matchLabels")
        said = []
        if not wanted or not selects(wanted, pod_labels(workload)):
            said.append(f"does not select its own pods by {dict(wanted)}")
        if not selects(wanted, workload.mapping("metadata.labels")):
            said.append("does not carry the labels of its pods")
        account = workload.text("spec.template.spec.serviceAccountName")
        if (workload.site, workload.namespace, account) not in accounts or account in ("", "default"):
            said.append(f"runs as {account or 'default'}, which is no ServiceAccount of its own")
        return said

    findings = judge(platform.all(*WORKLOADS), owned)

    assert not findings.broken, findings.table()


SETTINGS = Control(
    id="CON-009",
    title="Every address in a service's settings MUST be a Service that is declared or a fact of the platform",
    system="contracts",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source="https://12factor.net/config",
    remedy="Take hosts, ports, topics and tables from the platform's facts, or name a Service and one of its ports.",
    frameworks={"nist": "CM-6"},
    relates=("ConfigMap", "Service", "fact", "Rollout"),
    mutants=[
        edit("ConfigMap", "primary:shop/orders", {"data": {"DATABASE_PORT": "5432"}}, says="DATABASE_PORT is 5432"),
        edit(
            "ConfigMap", "standby:shop/catalogue", {"data": {"CACHE_HOST": "10.0.0.9"}}, says="CACHE_HOST is a literal"
        ),
        edit("ConfigMap", "primary:shop/payments", {"data": {"PORT": "80"}}, says="PORT is 80"),
    ],
)


@checks(SETTINGS)
def test_every_address_in_settings_is_known(platform: Platform) -> None:
    """A setting that names a place refers to a fact, or to a Service and a port that it has."""
    mounted = {
        (one.site, one.namespace, reference): one
        for one in platform.all(*WORKLOADS)
        for path, _ in containers(one)
        for source in one.mappings(f"{path}.envFrom")
        if (reference := dict(source.get("configMapRef") or {}).get("name"))
    }
    services = {
        (one.site, f"{one.name}.{one.namespace}.svc.cluster.local"): {
            number_of(p.get("port")) for p in one.mappings("spec.ports")
        }
        for one in platform.all("Service")
    }

    def known(settings: Item) -> list[str]:
        said = []
        workload = mounted.get((settings.site, settings.namespace, settings.name))
        open_ports = set(container_ports(workload).values()) if workload else set()
        for key in settings.mapping("data"):
            path = ("data", key)
            if key in ("PORT", "METRICS_PORT"):
                if (port := settings.number(path)) not in open_ports:
                    said.append(f"{key} is {port}, which no container opens")
            elif key.endswith(("_HOST", "_PORT", "TOPIC", "TABLE", "_BOOTSTRAP", "_NAME")) and not key.startswith(
                "OTEL"
            ):
                if not settings.refers(path, "fact"):
                    said += _named(settings, key, services)
        if not settings.mapping("metadata.labels").get("app"):
            said.append("does not say whose settings it holds")
        return said

    used = [one for one in platform.all("ConfigMap") if (one.site, one.namespace, one.name) in mounted]
    findings = judge(used, known)

    assert not findings.broken, findings.table()


def _named(settings: Item, key: str, services: Mapping[tuple[str, str], set[float | None]]) -> list[str]:
    host = settings.text(("data", f"{key.rsplit('_', 1)[0]}_HOST"))
    ports = services.get((settings.site, host))
    if ports is None:
        return [f"{key} is a literal that names no Service"]
    if key.endswith("_PORT") and settings.number(("data", key)) not in ports:
        return [f"{key} is {settings.text(('data', key))}, which {host} does not serve"]
    return []

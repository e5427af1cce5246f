"""Tracing: one context over every hop, one decision for a whole trace, and no span lost on the way."""

from meshproof import Control, Level, Pillar, checks, edit, judge, remove
from meshproof.declaration.platform import Item, Platform

TELEMETRY = "https://istio.io/latest/docs/reference/config/telemetry/"

W3C = {"tracecontext", "baggage"}

CONTEXT = Control(
    id="TRACE-001",
    title="Every workload that exports spans MUST propagate W3C context and send to a collector that exists at its site",
    system="tracing",
    pillar=Pillar.OPERATIONS,
    level=Level.MUST,
    since="1.0",
    source="https://www.w3.org/TR/trace-context/",
    remedy="Set OTEL_PROPAGATORS=tracecontext,baggage and OTEL_EXPORTER_OTLP_ENDPOINT to the collector's service and port.",
    frameworks={"soc2": "CC7.2"},
    relates=("ConfigMap", "Service", "Rollout"),
    mutants=[
        edit("ConfigMap", "primary:shop/orders", {"data": {"OTEL_PROPAGATORS": "b3multi"}}, says="propagates b3multi"),
        edit(
            "ConfigMap",
            "standby:shop/orders",
            {"data": {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://jaeger.monitoring:4317"}},
            says="exports to",
        ),
        remove("Service", "primary:monitoring/collector", says="exports to"),
    ],
)


@checks(CONTEXT)
def test_context_crosses_every_workload(platform: Platform) -> None:
    """Each service's settings propagate W3C context to an existing port, under the service's own name."""
    ports = {
        (one.site, f"{one.name}.{one.namespace}", str(p.get("port")))
        for one in platform.all("Service")
        for p in one.mappings("spec.ports")
    }
    settings = {(one.site, one.namespace, one.name): one for one in platform.all("ConfigMap")}
    findings = judge(
        platform.all("Rollout"), lambda one: _propagates(one, settings.get((one.site, one.namespace, one.name)), ports)
    )

    assert not findings.broken, findings.table()


def _propagates(workload: Item, settings: Item | None, ports: set[tuple[str, str, str]]) -> list[str]:
    if settings is None:
        return ["has no settings"]
    used = settings.text("data.OTEL_PROPAGATORS")
    said = [] if set(used.split(",")) >= W3C else [f"propagates {used or 'nothing'}"]
    endpoint = settings.text("data.OTEL_EXPORTER_OTLP_ENDPOINT")
    host, _, port = endpoint.rpartition("/")[2].partition(":")
    reached = (workload.site, ".".join(host.split(".")[:2]), port) in ports
    said += [] if reached else [f"exports to {endpoint or 'nothing'}, which is no service here"]
    return said + ([] if settings.text("data.OTEL_SERVICE_NAME") == workload.name else ["exports under another name"])


SHARE = Control(
    id="TRACE-002",
    title="All sites MUST trace as many requests from the edge on as their tail sampling decides over: all, and stamp each span with its site",
    system="tracing",
    pillar=Pillar.OPERATIONS,
    level=Level.MUST,
    since="1.0",
    source=TELEMETRY,
    remedy="Declare one mesh-wide Telemetry per site with randomSamplingPercentage 100 where a collector samples whole traces, the provider and the tag site.",
    frameworks={"soc2": "CC7.2"},
    relates=("Telemetry", "Rollout", "Collector"),
    mutants=[
        edit(
            "Telemetry",
            "standby:istio-system/mesh",
            {"spec": {"tracing": [{"randomSamplingPercentage": 50}]}},
            says="samples 50",
        ),
        remove("Telemetry", "standby:istio-system/mesh", says="nothing traces standby"),
        edit(
            "Telemetry",
            "primary:istio-system/mesh",
            {"spec": {"tracing": [{"customTags": None}]}},
            says="not stamped with primary",
        ),
    ],
)


#: What the edge leaves out no later tier can keep.
ALL_PERCENT = 100


@checks(SHARE)
def test_sites_sample_alike(platform: Platform) -> None:
    """Telemetry of every site agrees; every site with workloads has one."""
    meshes = platform.all("Telemetry")
    shares = {(one.site, one.number("spec.tracing.0.randomSamplingPercentage")) for one in meshes}
    tails = any(one.has("processors.tail_sampling") for one in platform.all("Collector"))
    findings = judge([*meshes, *platform.all("Rollout")], lambda one: _samples(one, shares, whole=tails))

    assert not findings.broken, findings.table()


def _samples(one: Item, shares: set[tuple[str, float | None]], *, whole: bool) -> list[str]:
    if one.kind != "Telemetry":
        return [] if one.site in {site for site, _ in shares} else [f"nothing traces {one.site}"]
    share = one.number("spec.tracing.0.randomSamplingPercentage")
    others = sorted({f"{site} {value}" for site, value in shares if value != share})
    said = [f"samples {share} percent, but {', '.join(others)}"] if others else []
    if whole and share != ALL_PERCENT:
        said.append(f"samples {share or 0:g} percent: the failures among the others are lost before the tail sees them")
    said += [] if share and share > 0 else ["samples nothing"]
    said += (
        []
        if one.text("spec.tracing.0.customTags.site.literal.value") == one.site
        else [f"spans are not stamped with {one.site}"]
    )
    said += [] if one.mappings("spec.tracing.0.providers") else ["spans go nowhere"]
    return said + ([] if one.mappings("spec.accessLogging.0.providers") else ["requests are not logged"])

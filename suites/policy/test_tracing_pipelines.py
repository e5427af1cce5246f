"""The collectors' pipelines: complete, in order, within bounds, and keeping what matters."""

from collections.abc import Iterator, Mapping

from meshproof import Control, Level, Pillar, checks, edit, judge
from meshproof.declaration.platform import Item, Platform
from suites.policy.quantities import number_of, outside, seconds

COLLECTOR = "https://opentelemetry.io/docs/collector/configuration/"
#: Bounds of a collector's settings by the end of their path, each in seconds, percent, items or bytes.
SETTINGS: Mapping[tuple[str, ...], tuple[float, float]] = {
    ("memory_limiter", "check_interval"): (0.5, 2),  # memory grows by seconds
    ("memory_limiter", "limit_percentage"): (50, 90),  # the rest is the runtime's
    ("memory_limiter", "spike_limit_percentage"): (10, 30),  # what arrives between two checks
    ("batch", "timeout"): (0.2, 5),  # a span is seen within seconds
    ("batch", "send_batch_size"): (128, 2048),
    ("batch", "send_batch_max_size"): (512, 4096),  # stays under the message limit of the next tier
    ("retry_on_failure", "initial_interval"): (0.5, 5),
    ("retry_on_failure", "max_interval"): (5, 30),
    ("retry_on_failure", "max_elapsed_time"): (30, 300),  # survives a restart of the next tier
    ("sending_queue", "num_consumers"): (2, 10),
    ("sending_queue", "queue_size"): (500, 5000),  # batches kept over such a restart
    ("otlp", "timeout"): (1, 10),
    ("prometheusremotewrite", "timeout"): (1, 10),
    ("googlecloud", "timeout"): (1, 15),
    ("awsxray", "num_workers"): (2, 16),
    ("awsxray", "max_retries"): (1, 5),
    ("grpc", "max_recv_msg_size_mib"): (1, 16),
    ("http", "max_request_body_size"): (2**20, 2**24),
    ("server_parameters", "max_connection_age"): (30, 300),  # clients come back to a balanced choice
    ("server_parameters", "max_connection_age_grace"): (5, 30),
    ("prometheus", "metric_expiration"): (30, 300),  # a dead source looks absent within an alert's wait
    ("kafkametrics", "collection_interval"): (5, 30),
    ("sqlquery/*", "collection_interval"): (1, 15),  # no slower than the scrape
    ("sqlquery/*", "initial_delay"): (1, 5),
}
#: Settings that must be true or false, with the same key.
SWITCHES: Mapping[tuple[str, ...], bool] = {
    ("retry_on_failure", "enabled"): True,
    ("sending_queue", "enabled"): True,
    ("resource_to_telemetry_conversion", "enabled"): True,
    ("kafka.topic.min_insync_replicas", "enabled"): True,
    ("k8sattributes", "passthrough"): False,
    ("redaction", "allow_all_keys"): True,
    ("prometheus", "add_metric_suffixes"): True,
    ("awsxray", "index_all_attributes"): False,
}
STAMPS = {"site", "deployment.environment.name"}
#: A tenth of the healthy traces at most is kept to compare with, and a hundredth at least.
BASELINE = (1.0, 20.0)
#: Traces are held for as long as is decided, with a margin of no more than twenty.
MARGIN = (1.0, 20.0)


def _of(node: object, *keys: str) -> object:
    for key in keys:
        node = node.get(key) if isinstance(node, Mapping) else None
    return node


def _leaves(node: object, at: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], object]]:
    if isinstance(node, Mapping):
        for key, value in node.items():
            yield from _leaves(value, (*at, str(key)))
    elif isinstance(node, (list, tuple)):
        for value in node:
            yield from _leaves(value, at)
    else:
        yield at, node


PIPELINE = Control(
    id="TRACE-003",
    title="A collector's pipelines MUST use exactly what is configured, the memory limiter first and the batch last",
    system="tracing",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source=COLLECTOR,
    remedy="Name in service.pipelines what stands above, memory_limiter first and batch last among the processors.",
    frameworks={"soc2": "A1.1"},
    mutants=[
        edit(
            "Collector", "*#sampler", {"processors": {"memory_limiter": None}}, says="memory_limiter is not configured"
        ),
        edit(
            "Collector", "*#collector", {"service": {"pipelines": {"traces": None}}}, says="is configured, but not used"
        ),
        edit(
            "Collector", "*#collector", {"processors": {"resource": {"attributes": [None, {}]}}}, says="stamps no site"
        ),
    ],
)


@checks(PIPELINE)
def test_pipelines_are_complete_and_in_order(platform: Platform) -> None:
    """Components and pipelines agree in both directions; what one document leaves open another completes."""
    collectors = platform.all("Collector")
    findings = judge(collectors, lambda one: _is_ordered(one, [other for other in collectors if other is not one]))

    assert not findings.broken, findings.table()


def _is_ordered(collector: Item, others: list[Item]) -> list[str]:
    pipelines = collector.mapping("service.pipelines")
    said = [] if pipelines else ["has no pipeline"]
    for part in ("receivers", "processors", "exporters"):
        used = {str(one) for body in pipelines.values() for one in _names(body, part)}
        configured = {str(one) for one in collector.mapping(part)}
        said += [f"{one} is not configured" for one in sorted(used - configured)]
        said += [f"{one} is configured, but not used" for one in sorted(configured - used)]
    for name, body in pipelines.items():
        order = _names(body, "processors")
        if order and (order[0] != "memory_limiter" or order[-1] != "batch"):
            said.append(f"{name}: {', '.join(order)}")
        if (
            _names(body, "receivers")
            and not _names(body, "exporters")
            and not any(_names(one.mapping("service.pipelines").get(name), "exporters") for one in others)
        ):
            said.append(f"{name} leads nowhere")
        said += [] if order or not _names(body, "receivers") else [f"{name} has no processors"]
    extensions = {str(one) for one in collector.sequence("service.extensions")}
    said += [f"{one} is not configured" for one in sorted(extensions - set(collector.mapping("extensions")))]
    stamps = {str(_of(one, "key")) for one in collector.mappings("processors.resource.attributes")}
    missing = sorted(STAMPS - stamps) if collector.has("processors.resource") else []
    return said + [f"stamps no {one}" for one in missing]


def _names(body: object, part: str) -> list[str]:
    found = _of(body, part)
    return [str(one) for one in found] if isinstance(found, (list, tuple)) else []


SETTING = Control(
    id="TRACE-004",
    title="A collector's limits, waits and queues MUST hold a burst and a restart of the next tier without holding the pod's memory",
    system="tracing",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source="https://opentelemetry.io/docs/collector/internal-telemetry/",
    remedy="Set the value within the bounds that the finding names.",
    frameworks={"nist": "AU-5", "soc2": "A1.1"},
    relates=("Collector", "Deployment"),
    mutants=[
        edit(
            "Collector",
            "*#collector",
            {"processors": {"memory_limiter": {"limit_percentage": 99}}},
            says="limit_percentage is 99",
        ),
        edit(
            "Collector",
            "*#collector",
            {"processors": {"batch": {"send_batch_max_size": 100}}},
            says="send_batch_max_size is 100",
        ),
        edit(
            "Collector",
            "*#observer-primary",
            {"receivers": {"kafkametrics": {"tls": {"insecure": True}}}},
            says="leaves in plain text",
        ),
        edit(
            "Collector",
            "*#sampler",
            {
                "service": {
                    "telemetry": {"metrics": {"readers": [{"pull": {"exporter": {"prometheus": {"port": 9999}}}}]}}
                }
            },
            says="9999 is no port",
        ),
    ],
)


@checks(SETTING)
def test_settings_are_within_their_bounds(platform: Platform) -> None:
    """Numbers and switches by the end of their path; ports are those of a container."""
    ports = {
        str(port.get("containerPort"))
        for one in platform.all("Deployment")
        for container in one.mappings("spec.template.spec.containers")
        for port in _maps(container.get("ports"))
    }
    findings = judge(platform.all("Collector"), lambda one: _is_set(one, ports))

    assert not findings.broken, findings.table()


def _maps(found: object) -> list[Mapping[str, object]]:
    return [one for one in found if isinstance(one, Mapping)] if isinstance(found, (list, tuple)) else []


def _is_set(collector: Item, ports: set[str]) -> list[str]:
    said: list[str | None] = []
    leaves = [
        leaf
        for part in ("receivers", "processors", "exporters", "service")
        for leaf in _leaves(collector.mapping(part), (part,))
    ]
    for path, value in leaves:
        end = tuple("sqlquery/*" if one.startswith("sqlquery/") else one for one in path[-2:])
        if end in SETTINGS:
            said.append(outside(".".join(path), seconds(value), SETTINGS[end]))
        if end in SWITCHES and value is not SWITCHES[end]:
            said.append(f"{'.'.join(path)} is {value}")
        if path[-1] in ("port", "ports") and str(value) not in ports:
            said.append(f"{value} is no port of a container")
        if path[-1] == "insecure" and value is True and "loadbalancing" not in path:
            said.append(f"{'.'.join(path)} leaves in plain text")
    batch = collector.mapping("processors.batch")
    if (number_of(batch.get("send_batch_size")) or 0) > (number_of(batch.get("send_batch_max_size")) or float("inf")):
        said.append("a batch is larger than the largest")
    keys = {path[-1] for path, _ in leaves}
    said += [
        f"{name} sets no {key}"
        for name, key in (("memory_limiter", "limit_percentage"), ("tls", "insecure"))
        if collector.has("receivers") and key not in keys and name in str(leaves)
    ]
    wanted = {
        "loadbalancing": ("retry_on_failure", "sending_queue", "tls"),
        "prometheusremotewrite": ("retry_on_failure", "external_labels", "resource_to_telemetry_conversion"),
    }
    for exporter, blocks in wanted.items():
        held = {one for path, _ in leaves if exporter in path for one in path}
        said += [f"{exporter} has no {one}" for one in blocks if exporter in held and one not in held]
    return [one for one in said if one]


TAIL = Control(
    id="TRACE-005",
    title="Tail sampling MUST keep what failed and what missed an objective, and wait longer than any request may take",
    system="tracing",
    pillar=Pillar.OPERATIONS,
    level=Level.MUST,
    since="1.0",
    source="https://github.com/open-telemetry/opentelemetry-collector-contrib/tree/main/processor/tailsamplingprocessor",
    remedy="Add policies for ERROR, 5xx and the largest latency objective; wait for the longest route timeout; hold that many traces.",
    frameworks={"soc2": "CC7.2"},
    relates=("Collector", "SLO", "VirtualService"),
    mutants=[
        edit(
            "Collector",
            "*#sampler",
            {"processors": {"tail_sampling": {"policies": [None, {}, {}, {}]}}},
            says="failed spans are not kept",
        ),
        edit(
            "Collector",
            "*#sampler",
            {"processors": {"tail_sampling": {"policies": [{}, {}, {"latency": {"threshold_ms": 5000}}]}}},
            says="slower than 5000 ms",
        ),
        edit(
            "Collector",
            "*#sampler",
            {"processors": {"tail_sampling": {"decision_wait": "1s"}}},
            says="decides after 1 s",
        ),
        edit(
            "SLO",
            "*#payments-latency",
            {"metadata": {"annotations": {"meshproof.example/threshold": "100"}}},
            says="slower than 1000 ms",
        ),
    ],
)


@checks(TAIL)
def test_what_matters_is_kept(platform: Platform) -> None:
    """The policies follow from the objectives, the wait from the routes, the memory from both."""
    limits = [
        number_of(one.annotation("meshproof.example/threshold")) or 0
        for one in platform.all("SLO")
        if one.annotation("meshproof.example/unit") == "milliseconds"
    ]
    timeouts = [
        seconds(route.get("timeout")) or 0
        for one in platform.all("VirtualService")
        for route in one.mappings("spec.http")
    ]
    tails = [one for one in platform.all("Collector") if "tail_sampling" in str(one.get("service.pipelines"))]
    findings = judge(tails, lambda one: _keeps(one, max(limits, default=0), max(timeouts, default=0)))

    assert not findings.broken, findings.table()


def _keeps(collector: Item, limit: float, timeout: float) -> list[str]:
    tail = "processors.tail_sampling"
    policies = {str(one.get("type")): _of(one, str(one.get("type"))) for one in collector.mappings(f"{tail}.policies")}
    said: list[str | None] = (
        [] if "ERROR" in str(_of(policies.get("status_code"), "status_codes")) else ["failed spans are not kept"]
    )
    span = [_of(policies.get("numeric_attribute"), key) for key in ("min_value", "max_value")]
    said += [] if span == [500, 599] else [f"answers of {span[0]} to {span[1]} are kept"]
    slow = number_of(_of(policies.get("latency"), "threshold_ms"))
    said += [] if slow == limit else [f"traces slower than {slow or 0:g} ms are kept, the objective is {limit:g} ms"]
    said.append(outside("the baseline", number_of(_of(policies.get("probabilistic"), "sampling_percentage")), BASELINE))
    wait = seconds(collector.get(f"{tail}.decision_wait")) or 0
    said += [] if timeout <= wait <= 4 * timeout else [f"decides after {wait:g} s, a request may take {timeout:g} s"]
    held = (collector.number(f"{tail}.expected_new_traces_per_sec") or 0) * wait
    room = collector.number(f"{tail}.num_traces") or 0
    said.append(outside("room for traces over what arrives", room / held if held else None, MARGIN))
    for cache in ("sampled_cache_size", "non_sampled_cache_size"):
        said.append(
            outside(
                f"{cache} over the traces held",
                (collector.number(f"{tail}.decision_cache.{cache}") or 0) / (room or 1),
                MARGIN,
            )
        )
    return [one for one in said if one]

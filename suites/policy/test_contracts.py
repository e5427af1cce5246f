"""The contract between the teams' services and the platform: how every pod starts, lives and ends."""

from collections.abc import Mapping

from meshproof import Control, Level, Pillar, checks, edit, judge
from meshproof.declaration.platform import Item, Platform
from suites.policy.quantities import amount, number_of, outside
from suites.policy.workloads import WORKLOADS, container_ports, containers

#: Seconds until a pod that cannot serve gets no traffic: slower loses requests, faster flaps.
READY_S = (5, 20)

#: Seconds until a hung container is restarted; Kubernetes advises liveness to be the slower probe.
LIVE_S = (15, 90)

#: Seconds a container may take to start: an image of ours starts in 10, an HPA must help within three minutes.
START_S = (20, 180)

#: What the kubelet assumes where nothing is stated.
DEFAULT_PROBE = {"failureThreshold": 3, "periodSeconds": 10, "timeoutSeconds": 1}

PROBES = Control(
    id="CON-001",
    title="Every serving container MUST be probed so that it gets traffic when ready and is restarted when hung",
    system="contracts",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source="https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/",
    remedy="Give the container a readiness probe of 5 to 20 s, a slower liveness probe, and a startup probe of 20 to 180 s.",
    frameworks={"nist": "SI-13", "soc2": "A1.1"},
    mutants=[
        edit(
            "Rollout",
            "primary:shop/orders",
            {"spec": {"template": {"spec": {"containers": [{"readinessProbe": None}]}}}},
            says="no readinessProbe",
        ),
        edit(
            "Rollout",
            "primary:shop/payments",
            {"spec": {"template": {"spec": {"containers": [{"livenessProbe": {"failureThreshold": 60}}]}}}},
            says="livenessProbe acts after 600",
        ),
        edit(
            "Deployment",
            "standby:istio-ingress/istio-ingressgateway",
            {"spec": {"template": {"spec": {"containers": [{"readinessProbe": {"httpGet": {"port": 1502}}}]}}}},
            says="asks port 1502",
        ),
    ],
)


@checks(PROBES)
def test_every_serving_container_is_probed(platform: Platform) -> None:
    """Each container that opens a port says when it is ready, alive and started, in bounded time."""
    findings = judge(platform.all(*WORKLOADS), _probed)

    assert not findings.broken, findings.table()


def _probed(workload: Item) -> list[str]:
    said = []
    ports = container_ports(workload)
    main = [(path, one) for path, one in containers(workload) if one.get("ports")][:1]
    for _, container in main:
        proxy = container.get("image") == "auto"  # Istio puts its proxy there, which restarts itself
        said += _one_probe(container, "readinessProbe", READY_S, ports, needed=True)
        said += _one_probe(container, "livenessProbe", LIVE_S, ports, needed=not proxy)
        said += _one_probe(container, "startupProbe", START_S, ports, needed=_loads(container, proxy=proxy))
    return said


def _loads(container: Mapping[str, object], *, proxy: bool) -> bool:
    """What takes requests of customers, and so has a preStop, loads before it can answer."""
    return not proxy and bool(container.get("lifecycle"))


def _one_probe(
    container: Mapping[str, object],
    kind: str,
    bounds: tuple[float, float],
    ports: Mapping[object, int],
    *,
    needed: bool,
) -> list[str]:
    probe = container.get(kind)
    if not isinstance(probe, Mapping):
        return [f"{container.get('name')} has no {kind}"] if needed else []
    numbers = {key: number_of(probe.get(key, default)) or 0.0 for key, default in DEFAULT_PROBE.items()}
    acts = numbers["failureThreshold"] * numbers["periodSeconds"]
    said = [] if bounds[0] <= acts <= bounds[1] else [f"{kind} acts after {acts:g} s, not {bounds[0]} to {bounds[1]}"]
    if not 1 <= numbers["timeoutSeconds"] <= numbers["periodSeconds"] or numbers["failureThreshold"] < 1:
        said.append(f"{kind} waits {numbers['timeoutSeconds']:g} s every {numbers['periodSeconds']:g} s")
    action = next((probe[key] for key in ("httpGet", "tcpSocket", "grpc") if isinstance(probe.get(key), Mapping)), None)
    if action is None:
        return [*said, f"{kind} asks nothing"]
    known = {*ports, 15021} if container.get("image") == "auto" else set(ports)
    return said if action.get("port") in known else [*said, f"{kind} asks port {action.get('port')}, which is not open"]


#: Seconds in which every proxy learns that an endpoint is gone (Istio pushes within a few).
UNKNOWN_ENDPOINT_S = (5, 30)

#: A spot node is taken away two minutes after its notice.
GRACE_S = 120

SHUTDOWN = Control(
    id="CON-002",
    title="Every pod MUST drain before it ends: wait until callers know, finish what runs, within the grace of a spot node",
    system="contracts",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source="https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/spot-instance-termination-notices.html",
    remedy="Give the serving container a preStop sleep of 5 to 30 s, and a grace of at least twice that, at most 120 s.",
    frameworks={"nist": "SC-24", "soc2": "A1.2"},
    mutants=[
        edit(
            "Rollout",
            "standby:shop/orders",
            {"spec": {"template": {"spec": {"containers": [{"lifecycle": None}]}}}},
            says="preStop is not stated",
        ),
        edit(
            "Rollout",
            "primary:shop/catalogue",
            {"spec": {"template": {"spec": {"terminationGracePeriodSeconds": 6}}}},
            says="grace of 6 s",
        ),
    ],
)


@checks(SHUTDOWN)
def test_every_serving_pod_drains(platform: Platform) -> None:
    """The sleep before the stop, and what runs after it, fit into the grace period."""
    served = [one for one in platform.all(*WORKLOADS) if _rolls(one) and _serves(one)]
    findings = judge(served, _drains)

    assert not findings.broken, findings.table()


def _rolls(workload: Item) -> bool:
    return workload.text("spec.strategy.type") != "Recreate"


def _serves(workload: Item) -> bool:
    """Whether requests of customers pass it: a rollout, a gateway, or what declares how it drains."""
    first = "spec.template.spec.containers.0"
    return workload.kind == "Rollout" or workload.text(f"{first}.image") == "auto" or workload.has(f"{first}.lifecycle")


def _drains(workload: Item) -> list[str]:
    grace = workload.number("spec.template.spec.terminationGracePeriodSeconds") or 30.0
    sleep = workload.number("spec.template.spec.containers.0.lifecycle.preStop.sleep.seconds")
    said = [text for text in [outside("preStop", sleep, UNKNOWN_ENDPOINT_S)] if text]
    if not 2 * (sleep or 0) <= grace <= GRACE_S:
        said.append(f"grace of {grace:g} s is not between twice the preStop ({sleep} s) and {GRACE_S} s")
    return said


#: GiB of memory for each requested core: what nodes of the general families and Autopilot give.
GIB_PER_CORE = (0.4, 4.0)

#: Cores that one replica may ask; above it a pod no longer fits beside others on a node.
CORES = (0.01, 2.0)

RESOURCES = Control(
    id="CON-003",
    title="Every container MUST request what it uses: memory limit equal to request, CPU in proportion and unlimited",
    system="contracts",
    pillar=Pillar.COST,
    level=Level.MUST,
    since="1.0",
    source="https://cloud.google.com/kubernetes-engine/docs/concepts/autopilot-resource-requests",
    remedy="Set requests.cpu, requests.memory and limits.memory = requests.memory, between 0.4 and 4 GiB a core.",
    frameworks={"nist": "SC-6", "cis": "5.7.4"},
    mutants=[
        edit(
            "Rollout",
            "primary:shop/orders",
            {"spec": {"template": {"spec": {"containers": [{"resources": {"limits": {"memory": "1Gi"}}}]}}}},
            says="may use 1Gi",
        ),
        edit(
            "Deployment",
            "primary:rate-limit/rate-limit",
            {"spec": {"template": {"spec": {"containers": [{"resources": {"requests": {"cpu": "20m"}}}]}}}},
            says="GiB for each core",
        ),
        edit(
            "Rollout",
            "primary:shop/orders",
            {"spec": {"template": {"metadata": {"annotations": {"sidecar.istio.io/proxyMemoryLimit": "1280Mi"}}}}},
            says="proxy may use 1280Mi",
        ),
    ],
)


@checks(RESOURCES)
def test_every_container_requests_what_it_uses(platform: Platform) -> None:
    """No container can take memory it did not ask for, and its shape fits the nodes."""
    findings = judge(platform.all(*WORKLOADS), _requested)

    assert not findings.broken, findings.table()


def _requested(workload: Item) -> list[str]:
    said = []
    for path, container in containers(workload):
        name, at = container.get("name"), f"{path}.resources"
        wanted, limit = workload.get(f"{at}.requests.memory"), workload.get(f"{at}.limits.memory")
        said += _shaped(str(name), workload.get(f"{at}.requests.cpu"), wanted, limit)
        if workload.has(f"{at}.limits.cpu"):
            said.append(f"{name} is throttled by a CPU limit")
    notes = workload.mapping("spec.template.metadata.annotations")
    if any(key.startswith("sidecar.istio.io/proxy") for key in notes):
        proxy = [notes.get(f"sidecar.istio.io/proxy{what}") for what in ("CPU", "Memory", "MemoryLimit")]
        said += _shaped("proxy", *proxy)
    return said


def _shaped(name: str, cpu: object, wanted: object, limit: object) -> list[str]:
    cores, memory = amount(cpu), amount(wanted)
    if cores is None or memory is None:
        return [f"{name} requests cpu {cpu} and memory {wanted}"]
    said = (
        []
        if limit in (wanted, None) and (limit or name == "proxy")
        else [f"{name} may use {limit} of memory but asks for {wanted}"]
    )
    share = memory / 2**30 / cores if cores > 0 else 0.0
    if not (GIB_PER_CORE[0] <= share <= GIB_PER_CORE[1] and CORES[0] <= cores <= CORES[1]):
        said.append(f"{name} asks {cpu} of CPU and {wanted}, {share:.2f} GiB for each core")
    return said


#: Seconds after which a rollout that does not progress has failed: longer than a start, shorter than an on-call's patience.
PROGRESS_S = (120, 900)

#: Old ReplicaSets kept for an undo: none leaves no way back, many clutter etcd.
REVISIONS = (3, 10)

UPDATES = Control(
    id="CON-004",
    title="Every rollout MUST keep its capacity and MUST be given up when it hangs",
    system="contracts",
    pillar=Pillar.OPERATIONS,
    level=Level.MUST,
    since="1.0",
    source="https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#rolling-update-deployment",
    remedy="Surge or go without, never both; state progressDeadlineSeconds of 120 to 900 and 3 to 10 old revisions.",
    frameworks={"nist": "CM-3", "soc2": "CC8.1"},
    mutants=[
        edit(
            "Deployment",
            "primary:istio-egress/istio-egressgateway",
            {"spec": {"strategy": {"rollingUpdate": {"maxUnavailable": 1}}}},
            says="surges 1 and lacks 1",
        ),
        edit(
            "Rollout",
            "primary:shop/orders",
            {"spec": {"progressDeadlineSeconds": 6000}},
            says="progressDeadlineSeconds is 6000",
        ),
    ],
)


@checks(UPDATES)
def test_every_rollout_keeps_capacity(platform: Platform) -> None:
    """A new version comes beside the old one, and its failure ends in bounded time."""
    findings = judge(
        [one for one in platform.all("Deployment", "Rollout") if _rolls(one) and one.has("spec.strategy")], _updated
    )

    assert not findings.broken, findings.table()


def _updated(workload: Item) -> list[str]:
    path = "spec.strategy.canary" if workload.kind == "Rollout" else "spec.strategy.rollingUpdate"
    surge, lack = workload.get(f"{path}.maxSurge"), workload.get(f"{path}.maxUnavailable")
    sizes = [number_of(str(one).removesuffix("%")) for one in (surge, lack)]
    said = []
    if sorted(size is not None and size > 0 for size in sizes) != [False, True] or min(size or 0 for size in sizes) < 0:
        said.append(f"surges {surge} and lacks {lack}; exactly one must be above zero")
    elif max(size or 0 for size in sizes) > (50 if "%" in f"{surge}{lack}" else 3):
        said.append(f"surges {surge} and lacks {lack}: more than half at once")
    for key, bounds in (("progressDeadlineSeconds", PROGRESS_S), ("revisionHistoryLimit", REVISIONS)):
        if workload.has(f"spec.{key}") and (text := outside(key, workload.number(f"spec.{key}"), bounds)):
            said.append(text)
    if workload.kind == "Rollout" and workload.get("spec.progressDeadlineAbort") is not True:
        said.append("progressDeadlineAbort is not true: a rollout that hangs stays half done")
    return said

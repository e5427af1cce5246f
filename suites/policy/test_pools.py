"""DestinationRules: bounded pools, ejection of what fails, and the way to the other site."""

from collections.abc import Iterator, Mapping

from meshproof import Control, Level, Pillar, checks, edit, judge, remove
from meshproof.declaration.platform import Item, Platform
from suites.policy.quantities import number_of, outside, seconds
from suites.policy.workloads import host_of, pod_labels, selects, texts, workloads_of

ISTIO = "https://istio.io/latest/docs/reference/config/networking/destination-rule/"

#: Connections of one proxy to one host: fewer queue at peak, more exhaust a backend of a few replicas.
CONNECTIONS = (50, 500)

#: Bounds in seconds or percent, each with its reason.
POOL = {
    "tcp.connectTimeout": (0.1, 2.0),  # inside a region a handshake takes milliseconds
    "tcp.maxConnectionDuration": (300.0, 3600.0),  # a revoked identity loses access within the hour
    "http.idleTimeout": (30.0, 300.0),  # below the 350 s after which NAT and NLB forget a flow
    "http.maxRequestsPerConnection": (500.0, 5000.0),  # spreads load without a handshake for each request
}

#: Seconds after which a dead peer is known by keepalive: longer than a hiccup, shorter than a NAT's memory.
KEEPALIVE_S = (90.0, 180.0)

#: Retries in flight for each hundred requests.
RETRY_SHARE = (0.01, 0.05)

#: Retries that a budget allows for each hundred requests (Google SRE: ten; Envoy: twenty).
BUDGET_PERCENT = (5, 25)

POOLS = Control(
    id="RES-005",
    title="Every destination MUST have bounded pools that agree: pending <= connections <= requests, with few retries among them",
    system="resilience",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source=f"{ISTIO}#ConnectionPoolSettings",
    remedy="State both pools: a quarter to all of the connections may wait, up to four requests for each connection, 1 to 5 % retries.",
    frameworks={"nist": "SC-5", "soc2": "A1.1"},
    mutants=[
        edit(
            "DestinationRule",
            "primary:shop/orders",
            {"spec": {"trafficPolicy": {"connectionPool": {"tcp": {"maxConnections": 20}}}}},
            says="100 may wait for 20",
        ),
        edit(
            "DestinationRule",
            "primary:data/pgbouncer",
            {"spec": {"trafficPolicy": {"connectionPool": None}}},
            says="maxConnections is not stated",
        ),
        edit(
            "DestinationRule",
            "standby:shop/orders",
            {"spec": {"trafficPolicy": {"retryBudget": {"percent": 100}}}},
            says="retryBudget.percent is 100",
        ),
    ],
)


@checks(POOLS)
def test_every_pool_is_bounded(platform: Platform) -> None:
    """No caller can open, queue or repeat without end, and the bounds agree with each other."""
    findings = judge(
        platform.all("DestinationRule"), lambda rule: [text for one in _policies(rule) for text in _pool(one)]
    )

    assert not findings.broken, findings.table()


def _policies(rule: Item) -> Iterator[Mapping[str, object]]:
    """The policy of the host, and of each port: a port's policy replaces the host's as a whole."""
    policy = rule.mapping("spec.trafficPolicy")
    yield policy
    yield from (one for one in policy.get("portLevelSettings") or () if isinstance(one, Mapping))


def _at(node: object, path: str) -> object:
    for part in path.split("."):
        node = node.get(part) if isinstance(node, Mapping) else None
    return node


def _pool(policy: Mapping[str, object]) -> Iterator[str]:
    tcp, http = _at(policy, "connectionPool.tcp"), _at(policy, "connectionPool.http")
    connections = number_of(_at(tcp, "maxConnections"))
    if text := outside("maxConnections", connections, CONNECTIONS):
        yield text
    for path, bounds in POOL.items():
        family, _, key = path.partition(".")
        value = _at(policy, f"connectionPool.{path}")
        if (value is not None or (family == "tcp" or (http and key == "idleTimeout"))) and (
            text := outside(path, seconds(value), bounds)
        ):
            yield text
    if keepalive := _at(tcp, "tcpKeepalive"):
        known = (seconds(_at(keepalive, "time")) or 0) + (seconds(_at(keepalive, "interval")) or 0) * (
            number_of(_at(keepalive, "probes")) or 0
        )
        if text := outside("a dead peer's seconds by tcpKeepalive", known, KEEPALIVE_S):
            yield text
    elif _at(policy, "loadBalancer.localityLbSetting"):
        yield "reaches the other site without tcpKeepalive"
    if isinstance(http, Mapping):
        yield from _agree(policy, http, connections or 0)


def _agree(policy: Mapping[str, object], http: Mapping[str, object], connections: float) -> Iterator[str]:
    waiting, requests, retries = (
        number_of(http.get(key)) or 0 for key in ("http1MaxPendingRequests", "http2MaxRequests", "maxRetries")
    )
    if not connections / 4 <= waiting <= connections:
        yield f"{waiting:g} may wait for {connections:g} connections"
    if not connections <= requests <= 4 * connections:
        yield f"{requests:g} requests for {connections:g} connections"
    if not RETRY_SHARE[0] * requests <= retries <= RETRY_SHARE[1] * requests:
        yield f"{retries:g} retries among {requests:g} requests"
    if budget := _at(policy, "retryBudget"):
        least = number_of(_at(budget, "minRetryConcurrency")) or 0
        if text := outside("retryBudget.percent", number_of(_at(budget, "percent")), BUDGET_PERCENT):
            yield text
        if not 1 <= least <= retries:
            yield f"retryBudget.minRetryConcurrency is {least:g} of {retries:g} retries"
    elif _at(policy, "loadBalancer"):
        yield "no retryBudget bounds what all callers repeat together"


#: Errors in a row after which an endpoint is out: fewer eject for a blip, more serve errors for seconds.
ERRORS = {"consecutive5xxErrors": (3, 10), "consecutiveGatewayErrors": (3, 5), "consecutiveLocalOriginFailures": (2, 5)}

#: Seconds between looks, and of a first ejection.
LOOK_S, EJECTED_S = (2, 10), (10, 60)

#: Percent of the endpoints that may be out; all of them only where the other site takes over.
EJECTED_PERCENT = (30, 50)

EJECTION = Control(
    id="RES-006",
    title="Every destination MUST eject endpoints that fail, within seconds, and all of them only where the other site takes over",
    system="resilience",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source=f"{ISTIO}#OutlierDetection",
    remedy="State outlierDetection: a look each 2 to 10 s, 3 to 10 errors, 10 to 60 s out, half of the endpoints at most.",
    frameworks={"nist": "SI-13", "soc2": "A1.2"},
    relates=("DestinationRule", "WorkloadEntry"),
    mutants=[
        edit(
            "DestinationRule",
            "primary:shop/orders",
            {"spec": {"trafficPolicy": {"outlierDetection": None}}},
            says="is not stated",
        ),
        edit(
            "DestinationRule",
            "standby:shop/payments",
            {"spec": {"trafficPolicy": {"outlierDetection": {"maxEjectionPercent": 100}}}},
            says="maxEjectionPercent is 100",
        ),
        remove("WorkloadEntry", "primary:shop/catalogue-standby", says="maxEjectionPercent is 100"),
        edit(
            "DestinationRule",
            "primary:shop/catalogue",
            {"spec": {"trafficPolicy": {"outlierDetection": {"splitExternalLocalOriginErrors": True}}}},
            says="forgets the call that hung",
        ),
    ],
)


@checks(EJECTION)
def test_every_destination_ejects_what_fails(platform: Platform) -> None:
    """A failing endpoint is out within seconds, comes back soon, and never takes the whole service with it."""
    remote = [(one.site, one.namespace, one.mapping("spec.labels")) for one in platform.all("WorkloadEntry")]
    selectors = {
        (one.site, host_of(one)): (one.namespace, one.mapping("spec.selector")) for one in platform.all("Service")
    }

    def ejects(rule: Item) -> Iterator[str]:
        namespace, selector = selectors.get((rule.site, rule.text("spec.host")), ("", {}))
        elsewhere = any(
            (site, place) == (rule.site, namespace) and selects(selector, labels) for site, place, labels in remote
        )
        for policy in _policies(rule):
            yield from _ejection(policy, (100, 100) if elsewhere else EJECTED_PERCENT)

    findings = judge(platform.all("DestinationRule"), ejects)

    assert not findings.broken, findings.table()


def _ejection(policy: Mapping[str, object], share: tuple[float, float]) -> Iterator[str]:
    watch = policy.get("outlierDetection")
    facts = [
        ("interval", seconds(_at(watch, "interval")), LOOK_S),
        ("baseEjectionTime", seconds(_at(watch, "baseEjectionTime")), EJECTED_S),
        ("maxEjectionPercent", number_of(_at(watch, "maxEjectionPercent")), share),
    ]
    http = _at(policy, "connectionPool.http") is not None
    stated = [
        key for key in ERRORS if _at(watch, key) is not None or (http and key != "consecutiveLocalOriginFailures")
    ]
    facts += [(key, number_of(_at(watch, key)), ERRORS[key]) for key in stated or ERRORS]
    yield from (text for key, value, bounds in facts if (text := outside(key, value, bounds)))
    if http and _at(watch, "splitExternalLocalOriginErrors") is True:
        yield "splitExternalLocalOriginErrors is true: each connect forgets the call that hung, so it never counts"
    elif (_at(watch, "splitExternalLocalOriginErrors") is True) != (
        _at(watch, "consecutiveLocalOriginFailures") is not None
    ):
        yield "connection errors are counted but not told apart: splitExternalLocalOriginErrors and consecutiveLocalOriginFailures"
    if _at(watch, "minHealthPercent") not in (None, 0):
        yield f"minHealthPercent is {_at(watch, 'minHealthPercent')}: too few healthy endpoints send requests to dead ones"


#: Seconds in which a new endpoint gets its full share: a cold runtime needs tens.
WARMUP_S = (10, 120)

FAILOVER = Control(
    id="RES-007",
    title="Locality failover MUST name the region of the other site, and the two sites MUST name each other",
    system="resilience",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source=f"{ISTIO}#LocalityLoadBalancerSetting",
    remedy="Enable localityLbSetting with failover from the site's region to its peer's, both taken from the platform's facts.",
    frameworks={"nist": "CP-10", "soc2": "A1.2"},
    relates=("DestinationRule", "fact", "Rollout"),
    mutants=[
        edit(
            "DestinationRule",
            "primary:shop/orders",
            {"spec": {"trafficPolicy": {"loadBalancer": {"localityLbSetting": {"failover": [{"to": "eu-west-1"}]}}}}},
            says="no fact",
        ),
        edit(
            "DestinationRule",
            "standby:shop/catalogue",
            {"spec": {"trafficPolicy": {"loadBalancer": {"localityLbSetting": {"enabled": False}}}}},
            says="is not enabled",
        ),
    ],
)


@checks(FAILOVER)
def test_failover_names_the_other_site(platform: Platform) -> None:
    """What the services of a site fall back to is the other site's region, by reference."""
    regions = {one.site: one.text("value") for one in platform.all("fact") if one.address.endswith("/region")}
    rolled = {(one.site, one.namespace) for one in platform.all("Rollout")}

    def falls_back(rule: Item) -> Iterator[str]:
        at = "spec.trafficPolicy.loadBalancer"
        if rule.get(f"{at}.localityLbSetting.enabled") is not True:
            yield "localityLbSetting is not enabled"
        pair = [f"{at}.localityLbSetting.failover.0.{end}" for end in ("from", "to")]
        if not all(rule.refers(end, "fact") for end in pair):
            yield f"{[rule.text(end) for end in pair]} are no facts: no fact says where to fall back to"
        others = {region for site, region in regions.items() if site != rule.site}
        if rule.text(pair[0]) != regions.get(rule.site) or rule.text(pair[1]) not in others:
            yield f"falls back from {rule.text(pair[0])} to {rule.text(pair[1])}"
        if text := outside("warmup.duration", seconds(rule.get(f"{at}.warmup.duration")), WARMUP_S):
            yield text

    findings = judge(
        [one for one in platform.all("DestinationRule") if (one.site, one.namespace) in rolled], falls_back
    )

    assert not findings.broken, findings.table()


SUBSETS = Control(
    id="RES-008",
    title="Every DestinationRule MUST name a declared host over mutual TLS, and subsets that select its pods and are used",
    system="resilience",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source=f"{ISTIO}#ClientTLSSettings",
    remedy="Use ISTIO_MUTUAL inside the mesh; outside SIMPLE with sni and subjectAltNames; keep the subsets that a rollout moves.",
    frameworks={"nist": "SC-8", "pci": "4.2.1", "hipaa": "164.312(e)(1)"},
    relates=("DestinationRule", "Service", "ServiceEntry", "Rollout", "Gateway"),
    mutants=[
        edit(
            "DestinationRule",
            "primary:shop/orders",
            {"spec": {"trafficPolicy": {"tls": {"mode": "DISABLE"}}}},
            says="over DISABLE",
        ),
        edit(
            "DestinationRule",
            "primary:shop/orders",
            {"spec": {"subsets": [{"labels": {"app": "order"}}]}},
            says="selects no pod",
        ),
        edit(
            "DestinationRule",
            "standby:istio-egress/payment-provider",
            {"spec": {"trafficPolicy": {"portLevelSettings": [{"port": {"number": 80}}]}}},
            says="port 443",
        ),
        edit("DestinationRule", "primary:shop/orders", {"spec": {"subsets": [None]}}, says="moves subset stable"),
    ],
)


@checks(SUBSETS)
def test_every_rule_binds_a_host_and_its_subsets(platform: Platform) -> None:
    """Hosts, TLS and subsets of each rule meet the Services, entries, gateways and rollouts that use them."""
    services = {(one.site, host_of(one)): one for one in platform.all("Service")}
    entries = {
        (one.site, host): one for one in platform.all("ServiceEntry") for host in texts(one.sequence("spec.hosts"))
    }
    moved: dict[tuple[str, str, str], set[str]] = {}
    for rollout in platform.all("Rollout"):
        route = rollout.mapping("spec.strategy.canary.trafficRouting.istio.destinationRule")
        key = (rollout.site, rollout.namespace, str(route.get("name")))
        moved[key] = {str(route.get(f"{which}SubsetName")) for which in ("stable", "canary")} if route else set()
    gateways = [(one.site, one.mapping("spec.selector")) for one in platform.all("Gateway")]

    def binds(rule: Item) -> Iterator[str]:
        host, subsets = rule.text("spec.host"), rule.mappings("spec.subsets")
        names = {str(one.get("name")) for one in subsets}
        yield from (
            f"a rollout moves subset {one}, which is not declared"
            for one in moved.get((rule.site, rule.namespace, rule.name), set()) - names
        )
        if (service := services.get((rule.site, host))) is not None:
            if (mode := rule.text("spec.trafficPolicy.tls.mode")) != "ISTIO_MUTUAL":
                yield f"calls {host} over {mode or 'nothing stated'}"
            pods = workloads_of(platform, service.mapping("spec.selector"), site=rule.site, namespace=service.namespace)
            guarded = (
                any(site == rule.site and selects(labels, pod_labels(pods[0])) for site, labels in gateways)
                if pods
                else False
            )
            yield from _subsets(subsets, [pod_labels(one) for one in pods], guarded=guarded)
        elif (entry := entries.get((rule.site, host))) is not None:
            yield from _outside(rule, entry)
        else:
            yield f"host {host} is declared nowhere"

    findings = judge(platform.all("DestinationRule"), binds)

    assert not findings.broken, findings.table()


def _subsets(subsets: list[Mapping[str, object]], pods: list[Mapping[str, object]], *, guarded: bool) -> Iterator[str]:
    if guarded and not subsets:
        yield "a gateway's host without a subset for each name behind it"
    for one in subsets:
        if guarded and not (_at(one, "trafficPolicy.tls.sni") and _at(one, "trafficPolicy.tls.mode") == "ISTIO_MUTUAL"):
            yield f"subset {one.get('name')} does not say whom it wants behind the gateway"
        if not guarded and not (one.get("labels") and any(selects(one.get("labels"), pod) for pod in pods)):
            yield f"subset {one.get('name')} selects no pod"


def _outside(rule: Item, entry: Item) -> Iterator[str]:
    covered = {_at(one, "port.number"): one for one in rule.mappings("spec.trafficPolicy.portLevelSettings")}
    for port in entry.mappings("spec.ports"):
        if port.get("protocol") == "HTTPS":
            tls = _at(covered.get(port.get("number")), "tls")
            if _at(tls, "mode") != "SIMPLE" or not _at(tls, "sni") or not _at(tls, "subjectAltNames"):
                yield f"port {port.get('number')} leaves the mesh without verified TLS"

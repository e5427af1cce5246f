"""Timeouts, retries, pools and ejection: what one failing backend may cost its callers."""

from collections.abc import Iterator, Mapping
from itertools import pairwise

from meshproof import Control, Level, Pillar, checks, edit, judge, remove
from meshproof.declaration.platform import Item, Platform
from suites.policy.quantities import number_of, outside, seconds
from suites.policy.workloads import host_of, selects, texts

ISTIO = "https://istio.io/latest/docs/reference/config/networking/"

#: A customer waits a few seconds at most; below half a second a cross-zone call with one retry is cut off.
TIMEOUT_S = (0.5, 5.0)

#: More than three retries of one layer multiply an outage (Google SRE, "Addressing cascading failures").
RETRIES = (0, 3)

#: The share of a route's time that its tries use together; less cuts off tries that could still succeed.
TRIES_SHARE = 0.8

ROUTES = Control(
    id="RES-001",
    title="Every route MUST end in bounded time, with tries that fit into its timeout and only safe requests repeated",
    system="resilience",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source=f"{ISTIO}virtual-service/#HTTPRetry",
    remedy="State timeout, retries.attempts and perTryTimeout: attempts x perTryTimeout <= timeout; repeat writes only on connect-failure.",
    frameworks={"nist": "SC-5", "soc2": "A1.1"},
    mutants=[
        edit("VirtualService", "primary:shop/orders", {"spec": {"http": [{"timeout": "50s"}]}}, says="timeout is 50"),
        edit(
            "VirtualService",
            "primary:shop/payments",
            {"spec": {"http": [{"retries": {"attempts": 9}}]}},
            says="9 retries",
        ),
        edit(
            "VirtualService",
            "standby:shop/orders",
            {"spec": {"http": [{}, {"retries": {"retryOn": "5xx"}}]}},
            says="repeats writes",
        ),
        edit(
            "VirtualService",
            "primary:shop/catalogue",
            {"spec": {"http": [{"retries": {"perTryTimeout": "65ms"}}]}},
            says="of 65ms",
        ),
    ],
)

#: Conditions under which nothing reached the backend, so that even a write may be repeated.
SAFE = {"connect-failure", "refused-stream"}


@checks(ROUTES)
def test_every_route_is_bounded(platform: Platform) -> None:
    """A route states how long it lasts, how often it tries, and never repeats a write that may have happened."""
    findings = judge(
        platform.all("VirtualService"), lambda one: [text for route in _routes(one) for text in _bounded(route)]
    )

    assert not findings.broken, findings.table()


def _routes(service: Item) -> list[Mapping[str, object]]:
    return service.mappings("spec.http") or [{}]


def _leads_nowhere(route: Mapping[str, object]) -> bool:
    """Whether the proxy answers by itself: it sends the caller on, or says no."""
    return "route" not in route and ("redirect" in route or "directResponse" in route)


def _bounded(route: Mapping[str, object]) -> Iterator[str]:
    if _leads_nowhere(route):
        return
    name, retries = route.get("name") or "a route", route.get("retries")
    timeout = seconds(route.get("timeout"))
    if text := outside(f"{name}: timeout", timeout, TIMEOUT_S):
        yield text
    if not isinstance(retries, Mapping):
        yield f"{name}: retries are left to the mesh"
        return
    attempts, each = number_of(retries.get("attempts")), seconds(retries.get("perTryTimeout"))
    if attempts is None or not RETRIES[0] <= attempts <= RETRIES[1]:
        yield f"{name}: {attempts if attempts is None else int(attempts)} retries"
    elif (attempts > 0) != (each is not None):
        yield f"{name}: {attempts:g} retries with a try of {retries.get('perTryTimeout')}"
    elif each and timeout and not attempts * each <= timeout <= (attempts + 1) * each / TRIES_SHARE:
        yield f"{name}: {attempts:g} retries of {retries.get('perTryTimeout')} do not fill a timeout of {route.get('timeout')}"
    causes = set(str(retries.get("retryOn") or "").split(",")) - {""}
    if not causes <= SAFE and not _reads_only(route):
        yield f"{name}: repeats writes on {', '.join(sorted(causes - SAFE))}"


def _reads_only(route: Mapping[str, object]) -> bool:
    matches = route.get("match")
    methods = [dict(one.get("method") or {}) for one in matches] if isinstance(matches, (list, tuple)) else []
    return bool(methods) and all(
        set(str(next(iter(one.values()), "")).split("|")) <= {"GET", "HEAD"} for one in methods
    )


DESTINATIONS = Control(
    id="RES-002",
    title="Every route MUST lead to a declared host, port and subset, with weights that add up to 100",
    system="resilience",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source=f"{ISTIO}virtual-service/#Destination",
    remedy="Name a Service or ServiceEntry and one of its ports, and a subset that its DestinationRule declares.",
    frameworks={"nist": "CM-2"},
    relates=("VirtualService", "DestinationRule", "Service", "ServiceEntry"),
    mutants=[
        edit(
            "VirtualService",
            "primary:shop/orders",
            {"spec": {"http": [{"route": [{"weight": 10}]}]}},
            says="add up to 10",
        ),
        edit(
            "VirtualService",
            "primary:shop/payments",
            {"spec": {"http": [{"route": [{"destination": {"port": {"number": 80}}}]}]}},
            says="port 80",
        ),
        edit("DestinationRule", "standby:shop/orders", {"spec": {"subsets": [{"name": "old"}]}}, says="subset stable"),
        edit(
            "VirtualService",
            "primary:shop/payments",
            {"spec": {"http": [{"mirrors": [{"destination": {"subset": "shadow"}}]}]}},
            says="subset shadow",
        ),
        remove("DestinationRule", "primary:istio-egress/payment-provider", says="has no DestinationRule"),
    ],
)


@checks(DESTINATIONS)
def test_every_route_leads_somewhere(platform: Platform) -> None:
    """Hosts, ports, subsets and weights of each route meet what is declared beside it."""
    ports = _ports_by_host(platform)
    subsets = {
        (one.site, one.text("spec.host")): {sub.get("name") for sub in one.mappings("spec.subsets")}
        for one in platform.all("DestinationRule")
    }

    def leads(service: Item) -> Iterator[str]:
        for route in _routes(service):
            if _leads_nowhere(route):
                continue
            ends = route.get("route")
            mirrored = [one for one in route.get("mirrors") or () if isinstance(one, Mapping)]  # type: ignore[attr-defined]  # a list of the API
            ends = [one for one in ends if isinstance(one, Mapping)] if isinstance(ends, (list, tuple)) else []
            weights = [number_of(one.get("weight")) for one in ends]
            if not ends or ((len(ends) > 1 or weights[0] is not None) and sum(one or 0 for one in weights) != 100):  # noqa: PLR2004 - percent
                yield f"{route.get('name')}: weights {weights} add up to {sum(one or 0 for one in weights):g}"
            if any((one or 0) < 0 for one in weights):
                yield f"{route.get('name')}: a weight below zero"
            for end in (*ends, *mirrored):
                target = dict(end.get("destination") or {})
                host, port = target.get("host"), dict(target.get("port") or {}).get("number")
                if port not in ports.get((service.site, str(host)), set()):
                    yield f"{route.get('name')}: {host} does not serve port {port}"
                known = subsets.get((service.site, str(host)))
                if known is None:
                    yield f"{route.get('name')}: {host} has no DestinationRule"
                elif target.get("subset") not in known | {None}:
                    yield f"{route.get('name')}: {host} has no subset {target.get('subset')}"
            yield from _matched(service, route, ports)

    findings = judge(platform.all("VirtualService"), leads)

    assert not findings.broken, findings.table()


def _ports_by_host(platform: Platform) -> dict[tuple[str, str], set[object]]:
    found = {
        (one.site, host_of(one)): {port.get("port") for port in one.mappings("spec.ports")}
        for one in platform.all("Service")
    }
    for entry in platform.all("ServiceEntry"):
        for host in texts(entry.sequence("spec.hosts")):
            found[entry.site, host] = {port.get("number") for port in entry.mappings("spec.ports")}
    return found


def _matched(service: Item, route: Mapping[str, object], ports: Mapping[tuple[str, str], set[object]]) -> Iterator[str]:
    served = {port for host in texts(service.sequence("spec.hosts")) for port in ports.get((service.site, host), ())}
    for match in route.get("match") or ():  # type: ignore[attr-defined]  # a list of the API
        if "port" in match and match["port"] not in served:
            yield f"{route.get('name')}: matches port {match['port']}, which the host does not have"
        if not match:
            yield f"{route.get('name')}: a match that matches all"


COVERED = Control(
    id="RES-003",
    title="Every host MUST route its reads apart from its writes and leave no request without a route",
    system="resilience",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source=f"{ISTIO}virtual-service/#HTTPRoute",
    remedy="Give a mesh host a route for reads and a last one without match; give a gateway host the same paths in both.",
    frameworks={"nist": "SC-5"},
    relates=("VirtualService", "Service", "AuthorizationPolicy"),
    mutants=[
        edit(
            "VirtualService",
            "primary:shop/catalogue",
            {"spec": {"http": [None]}},
            says="no route for reads",
            name="without-reads",
        ),
        edit("VirtualService", "primary:shop/orders", {"spec": {"http": [{}, None]}}, says="ends with a match"),
        remove("VirtualService", "standby:shop/payments", says="no VirtualService"),
        edit(
            "VirtualService",
            "primary:shop/orders-public",
            {"spec": {"http": [{}, {"match": [None, {}]}]}},
            says="/orders",
            name="without-a-path",
        ),
    ],
)


@checks(COVERED)
def test_every_service_has_its_routes(platform: Platform) -> None:
    """Each Service that policies open to callers has routes for reads and for all else; gateways route what they admit."""
    routed: dict[tuple[str, str], list[Item]] = {}
    for one in platform.all("VirtualService"):
        for host in texts(one.sequence("spec.hosts")):
            routed.setdefault((one.site, host), []).append(one)
    admitted = _admitted(platform)

    def covered(service: Item) -> list[str]:
        found = routed.get((service.site, host_of(service)), [])
        return _complete(_routes(found[0])) if found else ["no VirtualService bounds the calls to it"]

    def public(service: Item) -> list[str]:
        ways = [
            route
            for host in texts(service.sequence("spec.hosts"))
            for one in routed[service.site, host]
            for route in _routes(one)
        ]
        paths = [_paths(route) for route in _routes(service)]
        said = [f"{route.get('name')}: admits any path" for route in _routes(service) if not _paths(route)]
        said += [
            f"routes {one} by some routes only" for one in set().union(*paths) - set(paths[0]).intersection(*paths)
        ]
        open_paths = {
            path for host in texts(service.sequence("spec.hosts")) for path in admitted.get((service.site, host), ())
        }
        known = {path for route in ways for path in _paths(route)}
        said += [f"admitted path {one} has no route" for one in sorted(open_paths - known)]
        return said

    hosts = {host for (_, host) in routed}
    called = {(one.site, one.namespace) for one in platform.all("Rollout")}
    inner = [one for one in platform.all("Service") if (one.site, one.namespace) in called or host_of(one) in hosts]
    edge = [one for one in platform.all("VirtualService") if "mesh" not in one.sequence("spec.gateways")]
    inner_findings = judge(inner, covered)
    edge_findings = judge(edge, public)

    assert not inner_findings.broken, inner_findings.table()
    assert not edge_findings.broken, edge_findings.table()


def _complete(routes: list[Mapping[str, object]]) -> list[str]:
    said = [] if any(_reads_only(one) for one in routes) else ["no route for reads alone"]
    return said if not routes[-1].get("match") else [*said, "ends with a match: other requests have no route"]


def _paths(route: Mapping[str, object]) -> set[str]:
    found = set()
    for match in route.get("match") or ():  # type: ignore[attr-defined]  # a list of the API
        for how, text in dict(match.get("uri") or {}).items():
            found.add(f"{text}*" if how == "prefix" else str(text))
    return found


def _admitted(platform: Platform) -> dict[tuple[str, str], set[str]]:
    found: dict[tuple[str, str], set[str]] = {}
    for policy in platform.all("AuthorizationPolicy"):
        for rule in policy.mappings("spec.rules"):
            for target in rule.get("to") or ():
                operation = dict(target.get("operation") or {})
                for host in texts(operation.get("hosts") or ()):
                    found.setdefault((policy.site, host), set()).update(texts(operation.get("paths") or ()))
    return found


CHAINS = Control(
    id="RES-004",
    title="A caller's timeout MUST outlast the calls it makes, and each leg through a gateway MUST end before the one before it",
    system="resilience",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source="https://sre.google/sre-book/addressing-cascading-failures/",
    remedy="Let a route's timeout be at least the sum of its callees' timeouts, and at most twice it.",
    frameworks={"nist": "SC-5"},
    relates=("VirtualService", "Sidecar", "Service"),
    mutants=[
        edit(
            "VirtualService",
            "primary:shop/payments",
            {"spec": {"http": [{"timeout": "4s"}, {"timeout": "4s"}]}},
            says="calls that may last 6",
        ),
        edit(
            "VirtualService",
            "standby:istio-egress/payment-provider",
            {"spec": {"http": [{}, {"timeout": "950ms"}]}},
            says="outlasts the leg before it",
        ),
    ],
)


@checks(CHAINS)
def test_timeouts_shrink_along_the_chain(platform: Platform) -> None:
    """What a service calls ends before its own caller gives up; a gateway's leg ends before the leg to it."""
    lasts = {
        (one.site, host): max((seconds(route.get("timeout")) or 0.0) for route in _routes(one))
        for one in platform.all("VirtualService")
        if "mesh" in one.sequence("spec.gateways")
        for host in texts(one.sequence("spec.hosts"))
    }
    calls = {}
    for scope in platform.all("Sidecar"):
        hosts = {
            entry.partition("/")[2]
            for rule in scope.mappings("spec.egress")
            for entry in texts(rule.get("hosts") or ())
        }
        for service in platform.all("Service", site=scope.site, namespace=scope.namespace):
            if selects(scope.mapping("spec.workloadSelector.labels"), service.mapping("spec.selector")) and scope.has(
                "spec.workloadSelector"
            ):
                calls[service.site, host_of(service)] = hosts

    def outlasts(service: Item) -> Iterator[str]:
        for host in texts(service.sequence("spec.hosts")):
            below = sum(lasts.get((service.site, one), 0.0) for one in calls.get((service.site, host), ()))
            for route in _routes(service):
                if (own := seconds(route.get("timeout")) or 0.0) < below:
                    yield f"{route.get('name')}: {own:g} s for calls that may last {below:g} s"
        legs = [seconds(route.get("timeout")) or 0.0 for route in _routes(service)]
        if len(service.sequence("spec.gateways")) > 1 and not all(b / 2 <= a < b for b, a in pairwise(legs)):
            yield f"a leg of {legs} s outlasts the leg before it"

    findings = judge(platform.all("VirtualService"), outlasts)

    assert not findings.broken, findings.table()

"""How long a call waits for a service that hangs, and how often a call is made of one that fails."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from fixtures.calls import GATEWAY, Call, cluster_of, from_mesh, no_ejection, requests_of, seconds
from meshproof import Control, Level, Pillar, checks, edit, judge, remove
from meshproof.observation import Observed
from meshproof.probes.http import Reply
from meshproof.targets.protocols import Mesh

SHOWN_BY = ("embedded", "kind")
RETRIES = "https://istio.io/latest/docs/reference/config/networking/virtual-service/#HTTPRetry"
#: What the edge asks of the services; what the inside asks is read from the Sidecars.
EDGE: Final = (
    ("catalogue", "GET", "/catalogue"),
    ("orders", "GET", "/orders"),
    ("orders", "POST", "/orders"),
    ("orders", "GET", "/healthz/ready"),
)
#: A customer gives up a page after about ten seconds; half of that is for the longest call that hangs.
HANGS_AT_MOST_S: Final = 5.0
#: Longer than any call may hang by more than a loaded machine is late.
DELAY_S: Final = 8.0
#: A proxy's timers go by the millisecond, and each may be one early.
EARLY_S: Final = 0.01
#: What a proxy says that ended a call itself.
CUT: Final = 504

TIMEOUTS = Control(
    id="ROUTE-103",
    title="A call of a service that hangs MUST be cut at its declared timeout, and within five seconds",
    system="resilience",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source="https://istio.io/latest/docs/concepts/traffic-management/#timeouts",
    remedy="State a timeout and perTryTimeout in each route of the service's VirtualService.",
    targets=SHOWN_BY,
    frameworks={"soc2": "A1.2"},
    mutants=[
        remove("VirtualService", "shop/payments", says="payments by orders-0 hangs"),
        edit(
            "VirtualService",
            "shop/edge-health",
            {"spec": {"http": [{"timeout": "20s"}]}},
            says="/healthz/ready of orders by istio-ingressgateway-0 hangs",
        ),
    ],
)


@checks(TIMEOUTS)
def test_calls_of_a_service_that_hangs_are_cut(mesh_alone: Mesh) -> None:
    """The service would answer after eight seconds: each kind of call is cut as declared, long before."""
    with no_ejection(mesh_alone):
        findings = judge(_hung(mesh_alone), _is_cut_in_time)

    assert not findings.broken, findings.table()


def _calls(mesh: Mesh) -> Iterator[Call]:
    """Every call that leads to a service: what the caller's own proxy refuses neither hangs nor fails there."""
    gateway = mesh.process(GATEWAY)
    yield from (one for one in from_mesh(mesh) if "directResponse" not in (one.route(mesh) or {}))
    for service, method, path in EDGE:
        yield Call(caller=gateway, service=service, method=method, path=path)


def _hung(mesh: Mesh) -> Iterator[Observed[tuple[Call, float | None, Reply]]]:
    calls = list(_calls(mesh))
    with ThreadPoolExecutor(len(calls)) as pool:
        replies = list(pool.map(lambda one: one.send(mesh, f"delay={DELAY_S:.0f}s", within_s=2 * DELAY_S), calls))
    for call, reply in zip(calls, replies, strict=True):
        yield mesh.observed(call.caller, (call, _cut_after_s(call.route(mesh)), reply))


def _cut_after_s(route: Any) -> float | None:
    """When a call that hangs is cut as declared: at its timeout, or when its tries are used up."""
    if route is None or "timeout" not in route:
        return None
    tries = _tries(route)
    each = route.get("retries", {}).get("perTryTimeout", route["timeout"])
    return min(seconds(route["timeout"]), tries * seconds(each))


def _tries(route: Any) -> int:
    """How often a read of a service that fails is made: a failure that the service may have seen must be named."""
    retries = route.get("retries", {})
    repeats = {"gateway-error", "5xx"} & set(str(retries.get("retryOn", "")).split(","))
    return 1 + int(retries.get("attempts", 0)) if repeats else 1


def _is_cut_in_time(seen: Observed[tuple[Call, float | None, Reply]]) -> str | None:
    call, declared_s, reply = seen.value
    if reply.status != CUT or reply.seconds >= DELAY_S:
        return f"{call.name} hangs with a service that hangs: {reply} after {reply.seconds:.1f} s"
    if declared_s is None or declared_s > HANGS_AT_MOST_S:
        return f"{call.name} hangs for {declared_s} s as declared, more than {HANGS_AT_MOST_S:.0f} s"
    early = reply.seconds < declared_s - EARLY_S
    return f"{call.name} is cut after {reply.seconds:.2f} s, before the declared {declared_s} s" if early else None


AMPLIFICATION = Control(
    id="ROUTE-104",
    title="A read that fails MUST be made as often as declared and at most three times, a write that was seen once",
    system="resilience",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source=RETRIES,
    remedy="Declare at most two attempts for reads; retry writes on connect-failure and refused-stream alone.",
    targets=SHOWN_BY,
    frameworks={"soc2": "A1.2"},
    mutants=[
        edit(
            "VirtualService",
            "shop/payments",
            {"spec": {"http": [{}, {"retries": {"retryOn": "5xx"}}]}},
            says="POST /payments of payments by orders-0 was made 2",
        ),
        edit(
            "VirtualService",
            "shop/catalogue",
            {"spec": {"http": [{"retries": {"attempts": 6}}]}},
            says="GET /catalogue of catalogue by orders-0 was made 7",
        ),
    ],
)
#: Requests for each kind of call, one after the other so that no retry budget is touched.
REQUESTS: Final = 5
MOST_TRIES: Final = 3
FAILS: Final = "codes=503"


@checks(AMPLIFICATION)
def test_retries_are_bounded(mesh_alone: Mesh) -> None:
    """The service fails every request: the caller's proxy counts how many it sends for each that was made."""
    with no_ejection(mesh_alone):
        findings = judge(_failed(mesh_alone), _is_made_as_declared)

    assert not findings.broken, findings.table()


def _failed(mesh: Mesh) -> Iterator[Observed[tuple[Call, int, float]]]:
    for call in _calls(mesh):
        cluster = cluster_of(call, mesh)
        before = requests_of(call.caller, cluster)
        for _ in range(REQUESTS):
            call.send(mesh, FAILS)
        made = (requests_of(call.caller, cluster) - before) / REQUESTS
        route = call.route(mesh)
        yield mesh.observed(call.caller, (call, _tries(route) if route else 1, made))


def _is_made_as_declared(seen: Observed[tuple[Call, int, float]]) -> Iterator[str]:
    call, declared, made = seen.value
    most = 1 if call.method == "POST" else MOST_TRIES
    if made != declared:
        yield f"{call.name} was made {made:.1f} times, {declared} declared"
    if made > most:
        yield f"{call.name} was made {made:.1f} times, more than {most}"

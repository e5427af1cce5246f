"""The limits of a whole site, counted at one place: whom they stop, whom they do not, and a site without them."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from ruamel.yaml import YAML

from fixtures.calls import GATEWAY, customer, failed_of, outside, shop_host, somewhere
from meshproof import Control, Level, Pillar, checks, edit, judge
from meshproof.declaration.model import Declaration, Record
from meshproof.errors import ProbeError
from meshproof.observation import Observed
from meshproof.probes.burst import Burst, Load, burst
from meshproof.probes.http import Reply, Request
from meshproof.targets.embedded.mesh import Mesh
from meshproof.verdict import Assurance

SHOWN_BY = ("embedded",)
LIMITER: Final = "rate-limit"
TOO_MANY: Final = 429
OK: Final = 200
#: The gateway's own word for what the counters refused.
REFUSED: Final = "x-envoy-ratelimited"

SITE_LIMITS = Control(
    id="RESIL-105",
    title="The gateway MUST serve each customer and each address its declared number of requests a second, and no more",
    system="resilience",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source="https://istio.io/latest/docs/tasks/policy-enforcement/rate-limit/#global-rate-limit",
    remedy="Keep the EnvoyFilter edge-rate-limit, its descriptors in the limits' ConfigMap, and the token's claim in x-customer.",
    targets=SHOWN_BY,
    relates=("EnvoyFilter", "ConfigMap", "RequestAuthentication", "AuthorizationPolicy"),
    frameworks={"nist": "SC-5", "soc2": "A1.1"},
    mutants=[
        edit(
            "ConfigMap",
            "rate-limit/rate-limit",
            {
                "data": {
                    "shop.yaml": "domain: shop-edge\ndescriptors:\n"
                    "  - {key: customer, rate_limit: {unit: second, requests_per_unit: 40}}\n"
                    "  - {key: remote_address, rate_limit: {unit: second, requests_per_unit: 50}}\n"
                }
            },
            name="twice-as-many",
            says="one customer was served",
        ),
        edit(
            "RequestAuthentication",
            "istio-system/customers",
            {"spec": {"jwtRules": [{"outputClaimToHeaders": None}]}},
            says="one customer was served",
        ),
        edit(
            "EnvoyFilter",
            "istio-ingress/edge-rate-limit",
            {"spec": {"configPatches": [{}, {"patch": {"value": {"rate_limits": [{}, None]}}}]}},
            says="one address was served",
        ),
    ],
)
#: Asked by one caller: several times what any limit of one second lets through.
ASKED: Final = 200
#: Asked by another caller at the same time: far below every limit.
BESIDE: Final = 5
#: The service that counts, as the gateway calls it.
COUNTERS: Final = "outbound|8081||rate-limit.rate-limit.svc.cluster.local"
#: With more requests that nobody counted, because this machine was too busy, a limit could not be told from its half.
MOST_UNCOUNTED: Final = 20
#: Longer, and the limits of so many seconds would let all of it through.
SLOWEST_S: Final = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What one kind of caller got: its limit for each second, and in how many seconds of the clock it asked.

    `uncounted` were let through because the limiter did not answer in time.
    """

    who: str
    limit: int
    seconds: int
    uncounted: int
    found: Burst
    others: Burst


@checks(SITE_LIMITS)
def test_each_caller_is_served_its_share(mesh_alone: Mesh, as_built: Declaration) -> None:
    """A customer, and an address without a token, ask far more than their share; others ask a little meanwhile."""
    findings = judge(_asked(mesh_alone, as_built), _is_limited)

    assert not findings.broken, findings.table()


def _asked(mesh: Mesh, as_built: Declaration) -> Iterator[Observed[Asked]]:
    record, limits = _limits(as_built)
    mine, shop = customer(mesh), shop_host(mesh)
    rows: dict[str, tuple[str, Mapping[str, str], Mapping[str, str], str]] = {
        "one customer": ("customer", mine, customer(mesh), "/catalogue"),
        "one address": ("remote_address", somewhere(), somewhere(), "/healthz/ready"),
    }
    for who, (key, headers, others, path) in rows.items():
        before, began = failed_of(mesh.process(GATEWAY), COUNTERS), time.time()
        found = _burst(mesh, Request(host=shop, path=path, headers=headers), ASKED)
        seconds = int(time.time()) - int(began) + 1
        uncounted = failed_of(mesh.process(GATEWAY), COUNTERS) - before
        if found.seconds > SLOWEST_S or uncounted > MOST_UNCOUNTED:
            message = f"{who}: {found}, {uncounted} uncounted: too slow to reach a limit by the second"
            raise ProbeError(message)
        beside = _burst(mesh, Request(host=shop, path=path, headers=others), BESIDE)
        value = Asked(who=who, limit=limits[key], seconds=seconds, uncounted=uncounted, found=found, others=beside)
        yield Observed(address=record.address, place=record.place, value=value)


def _burst(mesh: Mesh, request: Request, count: int) -> Burst:
    gateway = mesh.process(GATEWAY)
    load = Load(request=request, count=count, connections=2, ahead=20, mark=REFUSED, tls=mesh.anonymous())
    return burst(gateway.address, gateway.ports["https"], load)


def _limits(as_built: Declaration) -> tuple[Record, Mapping[str, int]]:
    """Where the limits are declared, and the requests in a second by kind of caller."""
    (record,) = (one for one in as_built.by_kind["ConfigMap"] if (one.site, one.name) == ("primary", LIMITER))
    data: Any = record.values["data"]
    (text,) = data.values()
    rows = YAML(typ="safe").load(text)["descriptors"]
    return record, {one["key"]: int(one["rate_limit"]["requests_per_unit"]) for one in rows if "value" not in one}


def _is_limited(seen: Observed[Asked]) -> Iterator[str]:
    asked = seen.value
    served, refused = asked.found.statuses.get(OK, 0), asked.found.statuses.get(TOO_MANY, 0)
    most = asked.limit * asked.seconds + asked.uncounted
    if not asked.limit <= served <= most or refused != sum(asked.found.marked.values()):
        yield f"{asked.who} was served {served} of {ASKED}, {asked.limit} a second declared: {asked.found}"
    if asked.others.statuses != {OK: BESIDE}:
        yield f"another than {asked.who} was served {asked.others}, while nothing was due to be refused"


OPEN = Control(
    id="RESIL-106",
    title="The shop MUST sell on, and at once, while nobody counts for the site's limits",
    system="resilience",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source="https://www.envoyproxy.io/docs/envoy/latest/api-v3/extensions/filters/http/ratelimit/v3/rate_limit.proto",
    remedy="Set failure_mode_deny false and a timeout of some hundredths of a second in the gateway's rate limit filter.",
    targets=SHOWN_BY,
    frameworks={"soc2": "A1.2"},
    mutants=[
        edit(
            "EnvoyFilter",
            "istio-ingress/edge-rate-limit",
            {"spec": {"configPatches": [{"patch": {"value": {"typed_config": {"failure_mode_deny": True}}}}]}},
            says="is refused while nobody counts",
        ),
        edit(
            "EnvoyFilter",
            "istio-ingress/edge-rate-limit",
            {"spec": {"configPatches": [{"patch": {"value": {"typed_config": {"timeout": "1.1s"}}}}]}},
            says="waits for the counters",
        ),
    ],
)
#: What asks whether this site serves gives up after a second: nobody may wait for counters that long.
WAITS_AT_MOST_S: Final = 1.0
TRIES: Final = 2


@checks(OPEN)
def test_the_shop_sells_on_without_its_counters(mesh_alone: Mesh) -> None:
    """The service that counts hangs, the hardest way to fail; customers ask on."""
    findings = judge(_without_counters(mesh_alone), _is_served_at_once)

    assert not findings.broken, findings.table()


def _without_counters(mesh: Mesh) -> Iterator[Observed[Reply]]:
    filters = [one for one in mesh.declared("EnvoyFilter", site="primary") if one.name == "edge-rate-limit"]
    place = filters[0]
    with mesh.hanging(LIMITER):
        for _ in range(TRIES):
            yield Observed(
                address=place.address,
                place=place.place,
                value=outside(mesh, "/catalogue"),
                assurance=Assurance.OBSERVED_UNDER_FAULT,
            )


def _is_served_at_once(seen: Observed[Reply]) -> str | None:
    reply = seen.value
    if reply.status != OK:
        return f"a customer is refused while nobody counts: {reply}"
    late = reply.seconds > WAITS_AT_MOST_S
    return f"a customer waits for the counters: {reply} after {reply.seconds:.2f} s" if late else None

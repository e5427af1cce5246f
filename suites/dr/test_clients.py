"""Who finds the way after the loss of a site: fifty customers' programs and more, in every way in which they look."""

from __future__ import annotations

import math
from collections.abc import Iterator
from statistics import quantiles
from typing import Final

from fixtures.drill.clients import CUSTOMERS
from fixtures.drill.site_loss import Drill
from meshproof import Control, Level, Pillar, checks, edit, judge, measure
from meshproof.declaration.platform import Platform
from meshproof.errors import ProbeError
from meshproof.observation import Observed
from meshproof.traffic.population import Keeps
from suites.policy.runbooks import objective

#: One client tells nothing of a population. Source: METHODS, measuring RTO.
CLIENTS_AT_LEAST: Final = 50
#: Up to which stage the declared numbers foretell each class: only who keeps an address waits for the end of its TTL.
STAGE: Final = {one.name: "last client" if one.address is Keeps.FOR_ITS_TTL else "first write" for one in CUSTOMERS}

FOUND = Control(
    id="DR-341",
    title="Programs of every kind MUST find the standby within the recovery time objective: pools, caches, proxies, silent peers",
    system="dr",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source="https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/service_discovery",
    remedy="State a TTL that is part of the recovery time; let no program keep an address or a connection for ever.",
    targets=("embedded",),
    frameworks={"nist": "CP-10", "soc2": "A1.2"},
    mutants=[
        edit(
            "aws_route53_record",
            "module.global_failover.aws_route53_record.primary",
            {"alias": None, "ttl": 300},
            says="cached DNS",
        ),
    ],
)


@checks(FOUND)
def test_every_kind_of_program_finds_the_standby(site_loss: Observed[Drill], platform: Platform) -> None:
    """The first write that the standby acknowledged to each of them, at scale 1: the last one decides."""
    rto_s = objective(platform, "rto") or 0.0
    findings = judge([site_loss] if rto_s else [], lambda one: _has_found(one.value, rto_s))

    assert not findings.broken, findings.table()


def _has_found(drill: Drill, rto_s: float) -> Iterator[str]:
    recovery = drill.recovery
    if recovery.before < CLIENTS_AT_LEAST or len(recovery.clients) < len(CUSTOMERS):
        message = f"only {recovery.before} clients of {len(recovery.clients)} classes had written: no population"
        raise ProbeError(message)
    everybody: list[float] = []
    for name, instants in recovery.clients.items():
        at_s = [drill.at_scale_1(STAGE[name], one) for one in instants]
        everybody += at_s
        if math.inf in at_s:
            yield f"{name}: {at_s.count(math.inf)} of {len(at_s)} never wrote at the standby"
            continue
        measure(f"{name}: median", quantiles(at_s, n=2)[0], "s", objective=rto_s, objective_source="recovery.yaml")
        measure(f"{name}: last", at_s[-1], "s", objective=rto_s, objective_source="recovery.yaml")
        if at_s[-1] > rto_s:
            yield f"{name}: its last client wrote at the standby after {at_s[-1]:.0f} s, more than {rto_s:.0f} s"
    if math.inf not in everybody:
        measure("all clients: 95th percentile", quantiles(everybody, n=20)[-1], "s", objective=rto_s)

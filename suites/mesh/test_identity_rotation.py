"""What a renewed certificate costs: nothing that a caller notices, and it is renewed in time."""

from dataclasses import replace
from typing import Final

from meshproof import Control, Level, Pillar, checks, edit, judge, measure
from meshproof.declaration.model import Declaration
from meshproof.observation import Observed
from meshproof.targets.embedded.addresses import leased
from meshproof.targets.embedded.guest import guest
from meshproof.targets.embedded.mesh import Mesh
from meshproof.verdict import Fidelity
from suites.mesh.renewal import LATE_S, REQUESTS_AT_LEAST, Lifetime, Renewed, is_unnoticed, renewed

SHOWN_BY = ("embedded",)
AGENT: Final = "https://istio.io/latest/docs/reference/commands/pilot-agent/#envvars"
#: Instead of the declared day: its declared share is then waited for in seconds, and a start of the pod fits before.
QUICK_S: Final = 16.0
#: Nightly the least that operators give workloads, and as many renewals as show that one leads to the next.
SHORT_S: Final = 60.0
RENEWALS: Final = 3
MUTANTS: Final = [
    edit(
        "HelmRelease",
        "primary:flux-system/istiod",
        {
            "spec": {
                "values": {"meshConfig": {"defaultConfig": {"proxyMetadata": {"SECRET_GRACE_PERIOD_RATIO": "0.05"}}}}
            }
        },
        says="is not renewed",
    ),
    edit(
        "VirtualService",
        "primary:shop/catalogue",
        {"spec": {"http": [{"fault": {"abort": {"percentage": {"value": 10}, "httpStatus": 503}}}]}},
        name="one-in-ten-calls-fails",
        says="calls of catalogue by orders failed",
    ),
]

ROTATION = Control(
    id="MTLS-008",
    title="A certificate MUST be renewed in its declared share of its lifetime under load, without a failed request",
    system="certs",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source=AGENT,
    remedy="Let SECRET_GRACE_PERIOD_RATIO leave time for renewal, and set no lifetime of its own for a proxy.",
    targets=SHOWN_BY,
    frameworks={"nist": "SC-12", "pci": "3.7.4", "soc2": "CC6.1"},
    mutants=MUTANTS,
)


@checks(ROTATION)
def test_a_certificate_is_renewed_under_load(mesh: Mesh, as_built: Declaration) -> None:
    """A pod of orders whose certificate lasts seconds instead of a day, called and calling all the while."""
    findings = judge([_renewed(mesh, as_built, QUICK_S, wanted=1)], lambda seen: is_unnoticed(seen.value))

    assert not findings.broken, findings.table()


AGAIN = Control(
    id="MTLS-009",
    title="Certificates of a minute MUST be renewed three times in a row under load, without a failed request",
    system="certs",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source=AGENT,
    remedy="Let SECRET_GRACE_PERIOD_RATIO leave time for renewal, and set no lifetime of its own for a proxy.",
    targets=SHOWN_BY,
    tier="nightly",
    frameworks={"nist": "SC-12", "pci": "3.7.4", "soc2": "CC6.1"},
    mutants=MUTANTS,
)


@checks(AGAIN)
def test_certificates_are_renewed_again_and_again(mesh: Mesh, as_built: Declaration) -> None:
    """One renewal may be luck, or the last: an agent that loses its timer is found by the next."""
    findings = judge([_renewed(mesh, as_built, SHORT_S, wanted=RENEWALS)], lambda seen: is_unnoticed(seen.value))

    assert not findings.broken, findings.table()


def _renewed(mesh: Mesh, as_built: Declaration, lasts_s: float, *, wanted: int) -> Observed[Renewed]:
    like = mesh.process("orders")
    lifetime = Lifetime.declared(as_built, like.site, lasts_s)
    with (
        leased() as addresses,
        guest(mesh, like, name="orders-guest", addresses=addresses, environment=lifetime.environment) as pod,
    ):
        seen = renewed(mesh, pod, lifetime, wanted=wanted)
    for number, age_s in enumerate(seen.ages_s, 1):
        name = f"age of a certificate of {lasts_s:.0f} s at renewal {number}"
        measure(name, age_s, "s", objective=lifetime.due_s + LATE_S)
    around = f"around {wanted} renewal{'s' * (wanted > 1)}"
    measure(f"requests {around}", len(seen.flow.arrivals), "requests", objective=REQUESTS_AT_LEAST)
    measure(f"failed requests {around}", len(seen.flow.failed), "requests", objective=0)
    return replace(mesh.observed(like, seen), fidelity=Fidelity.SCALED)

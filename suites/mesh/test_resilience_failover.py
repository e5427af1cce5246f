"""What a reader feels while the near catalogue hangs: the other site in its place, and back."""

from collections.abc import Iterator
from typing import Final

from fixtures.calls import Call, ejection, healed_after, site_of
from meshproof import Control, Level, Pillar, checks, edit, judge, measure, remove
from meshproof.errors import NotYet
from meshproof.observation import Observed
from meshproof.probes.http import Reply
from meshproof.targets.protocols import Mesh
from meshproof.verdict import Assurance, Fidelity
from meshproof.waiting import until

SHOWN_BY = ("embedded", "kind")
SERVICE: Final = "catalogue"

FAILOVER = Control(
    id="RESIL-102",
    title="Reads MUST be answered by the other site within ten seconds when the catalogue hangs, and here when it is back",
    system="dr",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source="https://istio.io/latest/docs/tasks/traffic-management/locality-load-balancing/failover/",
    remedy="Declare the other site's WorkloadEntry, locality failover and outlier detection, and the east-west gateway.",
    targets=SHOWN_BY,
    frameworks={"soc2": "A1.2", "nist": "CP-10"},
    mutants=[
        edit(
            "DestinationRule",
            "primary:shop/catalogue",
            {
                "spec": {
                    "trafficPolicy": {
                        "outlierDetection": {
                            "splitExternalLocalOriginErrors": True,
                            "consecutiveLocalOriginFailures": 3,
                        }
                    }
                }
            },
            says="nobody answers",
        ),
        remove("WorkloadEntry", "primary:shop/catalogue-standby", says="nobody answers"),
        remove("Gateway", "standby:istio-ingress/eastwest", says="nobody answers"),
    ],
)
#: Two calls that hang for their whole timeout of 2 s, then one that is answered; the rest is for a loaded machine.
FAILS_OVER_WITHIN_S: Final = 10.0
#: With ejection times of a tenth of a second instead of the declared 30 s.
FAILS_BACK_WITHIN_S: Final = 10.0


@checks(FAILOVER)
def test_reads_go_to_the_other_site_while_this_one_hangs(mesh_alone: Mesh) -> None:
    """The near catalogue is stopped and goes on: seconds to the first answer from the other site, and to the first here."""
    findings = judge(_failover(mesh_alone), _is_answered_by)

    assert not findings.broken, findings.table()


def _failover(mesh: Mesh) -> Iterator[Observed[tuple[str, str, float]]]:
    record = next(one for one in mesh.declared("DestinationRule", site="primary") if one.name == SERVICE)
    with healed_after(mesh), mesh.hanging(SERVICE):
        away = _answer(mesh, "standby", FAILS_OVER_WITHIN_S)
    with ejection(mesh):
        back = _answer(mesh, "primary", FAILS_BACK_WITHIN_S)
    bounds = {"standby": FAILS_OVER_WITHIN_S, "primary": FAILS_BACK_WITHIN_S}
    for wanted, (site, seconds) in {"standby": away, "primary": back}.items():
        measure(f"time to the first answer of the {wanted} catalogue", seconds, "s", objective=bounds[wanted])
        yield Observed(
            address=record.address,
            place=record.place,
            value=(wanted, site, seconds),
            assurance=Assurance.OBSERVED_UNDER_FAULT,
            fidelity=Fidelity.SCALED if wanted == "primary" else Fidelity.REAL,
        )


def _answer(mesh: Mesh, wanted: str, within_s: float) -> tuple[str, float]:
    """Which site answers in the end, and after how long."""

    def is_good(reply: Reply) -> bool:
        return reply.status == 200 and site_of(reply) == wanted  # noqa: PLR2004

    try:
        found = until(lambda: _read(mesh).send(mesh), is_good, within_s=within_s, what=f"an answer of {wanted}")
    except NotYet:
        return "", within_s
    return site_of(found.value), found.seconds


def _is_answered_by(seen: Observed[tuple[str, str, float]]) -> str | None:
    wanted, site, seconds = seen.value
    return None if site == wanted else f"{site or 'nobody'} answers within {seconds:.0f} s, not {wanted}"


def _read(mesh: Mesh) -> Call:
    return Call(caller=mesh.process("orders"), service=SERVICE, method="GET", path=f"/{SERVICE}")

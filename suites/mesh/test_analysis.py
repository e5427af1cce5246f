"""What Istio's own analyser says of the whole mesh configuration, with a pod for each declared workload."""

from collections.abc import Iterator, Mapping

from fixtures.analysis import Analyser, Message
from meshproof import Control, Level, Pillar, checks, edit, judge
from meshproof.declaration.platform import Item, Platform
from meshproof.observation import Observed
from meshproof.verdict import Assurance

#: Warnings that are set aside, each with the reason.
SET_ASIDE: Mapping[str, str] = {
    "IST0129": "the client verifies against the system's authorities: VERIFY_CERTIFICATE_AT_CLIENT is set",
    "IST0133": "rate limits have no other interface than EnvoyFilter, and a remote WorkloadEntry has a network instead of an address",
    "IST0134": "names are resolved by the proxy, which gives each host an address: ISTIO_META_DNS_CAPTURE is set",
    "IST0140": "the health route at the edge names no subset: the note is about the subsets of the service's own routes",
    "IST0151": "the rate limits stand before the router, whose filter every version of Istio has",
}

ANALYSED = Control(
    id="MESH-101",
    title="Istio's analyser MUST find no error in the mesh configuration, and no warning that has no stated reason",
    system="istio",
    pillar=Pillar.OPERATIONS,
    level=Level.MUST,
    since="1.0",
    source="https://istio.io/latest/docs/reference/config/analysis/",
    remedy="Follow the page of the message's code; where a warning must stay, state the reason beside the check.",
    relates=("VirtualService", "Gateway", "DestinationRule", "Deployment", "Rollout"),
    frameworks={"nist": "CM-6", "soc2": "CC8.1"},
    mutants=[
        edit("VirtualService", "primary:shop/orders", {"spec": {"gateways": ["istio-ingress/none"]}}, says="IST0101"),
        edit(
            "DestinationRule", "primary:shop/orders", {"spec": {"host": "none.shop.svc.cluster.local"}}, says="IST0101"
        ),
    ],
)


@checks(ANALYSED, runs_a_program=True)
def test_the_analyser_finds_nothing(platform: Platform, analyser: Analyser) -> None:
    """Each site's objects, with a pod for each workload, read by istioctl."""
    findings = judge(_analysed(platform, analyser), _complaints)

    assert not findings.broken, findings.table()


def _analysed(platform: Platform, analyser: Analyser) -> Iterator[Observed[list[Message]]]:
    for site in platform.sites:
        items = [one for one in platform.family("kubernetes") if one.site == site]
        found = analyser.messages(site, [one.values for one in items])
        for item in items:
            if item.group.endswith("istio.io"):
                mine = [one for one in found if one.origin == _origin(item)]
                yield Observed(address=item.address, place=item.place, value=mine, assurance=Assurance.RESOLVED)


def _origin(item: Item) -> str:
    return f"{item.kind} {item.namespace}/{item.name}"


def _complaints(seen: Observed[list[Message]]) -> list[str]:
    return [
        f"{one.code} {one.level}: {one.says}"
        for one in seen.value
        if one.level == "Error" or (one.level == "Warning" and one.code not in SET_ASIDE)
    ]

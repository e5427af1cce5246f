"""Monitors of both sites: the same question gets the same answer wherever the shop runs."""

from meshproof import Control, Level, Pillar, checks, edit, judge, remove
from meshproof.declaration.platform import Item, Platform
from suites.policy.parity import counterparts, differences

ALIKE = Control(
    id="MET-006",
    title="Both sites MUST be scraped and probed alike, so that a rule means the same after a failover",
    system="metrics",
    pillar=Pillar.OPERATIONS,
    level=Level.MUST,
    since="1.0",
    source="https://prometheus-operator.dev/docs/developer/getting-started/",
    remedy="Declare monitors and probes in the base that both sites take; only the size of Prometheus may differ.",
    relates=("ServiceMonitor", "PodMonitor", "Probe", "Prometheus"),
    frameworks={"nist": "SI-4", "soc2": "CC7.2"},
    mutants=[
        edit("ServiceMonitor", "standby:shop/catalogue", {"spec": {"endpoints": [{"relabelings": None}]}}, says="relabelings"),
        edit("Prometheus", "standby:monitoring/platform", {"spec": {"evaluationInterval": "1s"}}, says="evaluationInterval"),
        remove("Probe", "primary:monitoring/site-standby", says="at primary nothing of this name"),
    ],
)  # fmt: skip

#: What each site must ask in the same words; a PodMonitor may look at what only one cloud has.
ASKED = ("Probe", "ServiceMonitor")
COMPARED = (*ASKED, "PodMonitor", "Prometheus")

#: The standby carries less until it serves.
SIZE = ("resources",)


@checks(ALIKE)
def test_sites_are_watched_alike(platform: Platform) -> None:
    """No alert is silent at one site because its series has other labels there."""
    pairs = {one.address: (one, other) for one, other in counterparts(platform, *COMPARED)}
    here = {(one.kind, one.namespace, one.name, one.site) for one in platform.all(*ASKED)}

    def alike(item: Item) -> list[str]:
        said = [
            f"at {site} nothing of this name is asked"
            for site in platform.sites
            if item.kind in ASKED and (item.kind, item.namespace, item.name, site) not in here
        ]
        if item.address in pairs:
            found = differences(*pairs[item.address], "spec", texts=True, but=(*SIZE, "replacement"))
            said += [f"differs between the sites in {path}" for path in found]
        return said

    findings = judge(platform.all(*COMPARED), alike)

    assert not findings.broken, findings.table()

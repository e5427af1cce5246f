"""Which pods are in the mesh: every pod that starts gets the proxy that is declared for it, and all its traffic goes there."""

from collections.abc import Iterator
from dataclasses import fields

from meshproof import Control, Level, Pillar, checks, edit, judge
from meshproof.declaration.model import Declaration
from meshproof.observation import Observed
from meshproof.targets.protocols import Incarnation, Mesh
from suites.mesh.injected import REVISION, Interception, Started, started

SHOWN_BY = ("embedded", "kind")
SETUP = "https://istio.io/latest/docs/setup/additional-setup/sidecar-injection/"
ANNOTATIONS = "https://istio.io/latest/docs/reference/config/annotations/"

INJECTED = Control(
    id="INJ-001",
    title="A pod that starts MUST get the proxy of the revision that its namespace declares, and no other",
    system="istio",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source=SETUP,
    remedy="Label the namespace with istio.io/rev and the installed revision; label no pod of it with inject: false.",
    targets=SHOWN_BY,
    relates=("Namespace", "HelmRelease", "Rollout", "Deployment"),
    frameworks={"nist": "SC-8", "pci": "4.2.1", "soc2": "CC6.7"},
    mutants=[
        edit(
            "Namespace",
            "primary:shop",
            {"metadata": {"labels": {REVISION: None}}},
            name="unlabelled",
            says="gets no proxy",
        ),
        edit(
            "Namespace",
            "primary:shop",
            {"metadata": {"labels": {REVISION: "0-1"}}},
            name="another-revision",
            says="gets no proxy",
        ),
        edit(
            "Rollout",
            "primary:shop/payments",
            {"spec": {"template": {"metadata": {"labels": {"sidecar.istio.io/inject": "false"}}}}},
            says="gets no proxy",
        ),
    ],
)


@checks(INJECTED)
def test_pods_get_the_proxy_that_is_declared_for_them(
    target: Incarnation, mesh_alone: Mesh, as_built: Declaration
) -> None:
    """One pod of every declared workload is asked for: what is admitted is what would start."""
    findings = judge(started(target, mesh_alone, as_built), _gets_its_proxy)

    assert not findings.broken, findings.table()


def _gets_its_proxy(seen: Observed[Started]) -> str | None:
    pod = seen.value
    if pod.refused:
        return f"is refused: {pod.refused}"
    if pod.revision == pod.promised:
        return None
    promised = f"that of {pod.promised}" if pod.promised else "none"
    return f"gets {f'the proxy of {pod.revision}' if pod.revision else 'no proxy'}, declared is {promised}"


CAPTURED = Control(
    id="INJ-002",
    title="A proxy MUST take all that its pod sends and receives, but for the addresses and ports that are declared",
    system="istio",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source=ANNOTATIONS,
    remedy="Remove traffic.sidecar.istio.io annotations from the pods; name what must go past the proxy in its release.",
    targets=SHOWN_BY,
    relates=("Namespace", "HelmRelease", "Rollout", "Deployment"),
    frameworks={"nist": "SC-7", "pci": "1.3.2", "soc2": "CC6.6"},
    mutants=[
        edit(
            "Rollout",
            "primary:shop/payments",
            {
                "spec": {
                    "template": {"metadata": {"annotations": {"traffic.sidecar.istio.io/excludeOutboundPorts": "443"}}}
                }
            },
            says="past outbound is 443, declared is nothing",
        ),
        edit(
            "Rollout",
            "standby:shop/catalogue",
            {"spec": {"template": {"metadata": {"annotations": {"traffic.sidecar.istio.io/includeInboundPorts": ""}}}}},
            says="inbound is nothing, declared is *",
        ),
    ],
)


@checks(CAPTURED)
def test_proxies_take_all_that_is_not_declared_to_go_past_them(
    target: Incarnation, mesh_alone: Mesh, as_built: Declaration
) -> None:
    """What redirects the traffic of each pod that gets a proxy, against what is declared for it."""
    pods = started(target, mesh_alone, as_built)
    sidecars = (one for one in pods if one.value.revision and not one.value.is_gateway)
    findings = judge(sidecars, _takes_what_is_declared)

    assert not findings.broken, findings.table()


def _takes_what_is_declared(seen: Observed[Started]) -> Iterator[str]:
    pod = seen.value
    if pod.interception is None:
        yield "nothing redirects its traffic to the proxy"
        return
    for field in fields(Interception):
        taken, declared = (_shown(getattr(one, field.name)) for one in (pod.interception, pod.declared))
        if taken != declared:
            yield f"{field.name.replace('_', ' ')} is {taken}, declared is {declared}"


def _shown(value: str | frozenset[str]) -> str:
    return (value if isinstance(value, str) else ",".join(sorted(value))) or "nothing"

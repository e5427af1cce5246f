"""Ports: what a policy admits is what a container listens on."""

from collections.abc import Iterator

from meshproof import Control, Level, Pillar, checks, edit, judge
from meshproof.declaration.platform import Item, Platform
from suites.policy.workloads import container_ports, containers, workloads_of

ADMITTED = Control(
    id="ZT-210",
    title="Every port that a mesh policy admits MUST be one that the selected pods listen on, in the range of ports",
    system="zerotrust",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source="https://istio.io/latest/docs/reference/config/security/authorization-policy/#Operation",
    remedy="Write the containerPort of the selected workload; the proxy sees the pod's port, not the Service's.",
    relates=("AuthorizationPolicy", "Deployment", "Rollout"),
    frameworks={"nist": "AC-4", "pci": "1.3.1", "soc2": "CC6.6"},
    mutants=[
        edit(
            "AuthorizationPolicy",
            "primary:monitoring/collector",
            {"spec": {"rules": [{"to": [{"operation": {"ports": ["431"]}}]}]}},
            says="admits 431, on which no selected pod listens",
        ),
        edit("AuthorizationPolicy", "*shop/orders", {"spec": {"selector": None}}, says="for every pod of shop"),
        edit(
            "Deployment",
            "standby:monitoring/collector",
            {"spec": {"template": {"spec": {"containers": [{"ports": [{"containerPort": 70000}]}]}}}},
            says="70000 is no port",
        ),
    ],
)

#: TCP numbers its ports in sixteen bits.
PORTS = range(1, 65_536)


@checks(ADMITTED)
def test_policies_admit_ports_that_are_listened_on(platform: Platform) -> None:
    """No policy admits to a port that is not there, while the one that is there stays shut."""
    policies = [one for one in platform.all("AuthorizationPolicy") if _ports(one)]
    findings = judge([*policies, *platform.all("Deployment", "Rollout")], lambda one: _admits(platform, one))

    assert not findings.broken, findings.table()


def _ports(policy: Item) -> list[str]:
    tos = [to for rule in policy.mappings("spec.rules") for to in rule.get("to") or ()]
    return [str(port) for to in tos for port in (to.get("operation") or {}).get("ports") or ()]


def _admits(platform: Platform, one: Item) -> Iterator[str]:
    if one.kind != "AuthorizationPolicy":
        numbers = [port.get("containerPort") for _, each in containers(one) for port in each.get("ports") or ()]  # type: ignore[attr-defined]  # a list of the API
        yield from (f"{number} is no port" for number in numbers if number not in PORTS)
        return
    if not one.has("spec.selector"):
        yield f"admits ports for every pod of {one.namespace}"
        return
    pods = workloads_of(platform, one.get("spec.selector"), site=one.site, namespace=one.namespace)
    heard = {str(port) for pod in pods for port in container_ports(pod)}
    yield from (f"admits {port}, on which no selected pod listens" for port in _ports(one) if port not in heard)

"""Capacity that may vanish: nodes that only those use who bear it."""

from collections.abc import Mapping

from meshproof import Control, Level, Pillar, checks, edit, judge
from meshproof.declaration.platform import Item, Platform
from suites.policy.quantities import number_of
from suites.policy.workloads import WORKLOADS

TOLERATED = Control(
    id="EKS-030",
    title="Every taint of a node group MUST be tolerated by a workload of its site, and who bears spot MUST drain within its notice",
    system="eks",
    pillar=Pillar.COST,
    level=Level.MUST,
    since="1.0",
    source="https://docs.aws.amazon.com/eks/latest/userguide/managed-node-groups.html",
    remedy="Let stateless services tolerate the taint, with a grace period within two minutes; or give the group up.",
    frameworks={"nist": "CP-2", "soc2": "A1.1"},
    relates=("aws_eks_node_group", "Rollout"),
    mutants=[
        edit("aws_eks_node_group", '*main["elastic"]', {"taint": [{"value": "rare"}]}, says="capacity=rare is tolerated by nobody"),
        edit(
            "Rollout",
            "primary:shop/catalogue",
            {"spec": {"template": {"spec": {"terminationGracePeriodSeconds": 600}}}},
            says="catalogue drains in 600 s",
        ),
    ],
)  # fmt: skip

#: EC2 takes a spot node back this long after it said so.
NOTICE_S = 120
_EFFECTS = {"NO_SCHEDULE": "NoSchedule", "NO_EXECUTE": "NoExecute", "PREFER_NO_SCHEDULE": "PreferNoSchedule"}


@checks(TOLERATED)
def test_tainted_nodes_are_used(platform: Platform) -> None:
    """No group of nodes stands empty for ever, and nobody is cut off in the middle of a request."""
    workloads = platform.all(*WORKLOADS)

    def used(group: Item) -> list[str]:
        said = []
        for taint in group.mappings("taint"):
            bearers = [one for one in workloads if one.site == group.site and _bears(one, taint)]
            if not bearers:
                said.append(f"{taint.get('key')}={taint.get('value')} is tolerated by nobody")
            if group.text("capacity_type") == "SPOT":
                said += [
                    f"{one.name} drains in {_grace(one):g} s, the node is gone after {NOTICE_S} s"
                    for one in bearers
                    if _grace(one) > NOTICE_S
                ]
        return said

    findings = judge(platform.all("aws_eks_node_group"), used)

    assert not findings.broken, findings.table()


def _bears(workload: Item, taint: Mapping[str, object]) -> bool:
    wanted = (taint.get("key"), taint.get("value"), _EFFECTS.get(str(taint.get("effect"))))
    return any(
        (one.get("key"), one.get("value"), one.get("effect")) == wanted
        for one in workload.mappings("spec.template.spec.tolerations")
    )


def _grace(workload: Item) -> float:
    """Kubernetes waits half a minute where nothing is said."""
    return number_of(workload.get("spec.template.spec.terminationGracePeriodSeconds")) or 30

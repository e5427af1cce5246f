"""Which pods reach which, as packets flow: what the declared network policies let through, and nothing else."""

from collections.abc import Iterator

from fixtures.callers import IN_FORCE_WITHIN_S, STRANGER, Callers
from fixtures.workloads import settled
from meshproof import Control, Level, Pillar, checks, edit, judge
from meshproof.declaration.platform import Item
from meshproof.errors import NotYet
from meshproof.observation import Observed
from meshproof.probes.caller import Caller
from meshproof.probes.workload import Workload
from meshproof.waiting import until
from suites.policy.flows import opens
from suites.policy.workloads import WORKLOADS

KUBERNETES = "https://kubernetes.io/docs/concepts/services-networking/network-policies/"
#: Pods are processes on the embedded target, and nothing is started on a live one.
SHOWN_BY = ("kind",)

REFUSED = Control(
    id="ZT-301",
    title="A pod MUST NOT be reached by a pod that no network policy lets through",
    system="zerotrust",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source=f"{KUBERNETES}#the-two-sorts-of-pod-isolation",
    remedy="Name the callers in the ingress rule by namespace and label, and deny the rest by default.",
    targets=SHOWN_BY,
    frameworks={"nist": "SC-7", "pci": "1.3.1", "soc2": "CC6.6"},
    mutants=[
        edit(
            "NetworkPolicy",
            "primary:shop/catalogue",
            {"spec": {"ingress": [{"from": None}]}},
            says=f"is reached by {STRANGER}",
        ),
    ],
)


@checks(REFUSED)
def test_nobody_reaches_a_pod_unasked(callers: Callers) -> None:
    """A pod of no declared workload calls each of them."""
    findings = judge(_called_by_strangers(callers), _reached)

    assert not findings.broken, findings.table()


def _called_by_strangers(callers: Callers) -> Iterator[Observed[list[str]]]:
    for item, workload in callers.workloads.running:
        stranger = callers.strangers[item.site]
        found = [STRANGER for address, port in _doors(item, workload) if stranger.reaches(address, port)]
        yield callers.workloads.observed(item, found)


def _reached(seen: Observed[list[str]]) -> str | None:
    return f"is reached by {', '.join(dict.fromkeys(seen.value))}" if seen.value else None


ALLOWED = Control(
    id="ZT-302",
    title="A pod MUST be reached by the pods that the network policies at both ends let through",
    system="zerotrust",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source=f"{KUBERNETES}#the-two-sorts-of-pod-isolation",
    remedy="Write the egress rule of the caller and the ingress rule of the called with the same ports.",
    targets=SHOWN_BY,
    relates=("NetworkPolicy", "Namespace", "Rollout"),
    frameworks={"nist": "AC-4", "soc2": "CC6.6"},
    mutants=[
        edit(
            "NetworkPolicy",
            "primary:shop/catalogue",
            {"spec": {"ingress": [{"ports": [{"port": 8081}]}]}},
            says="is not reached by",
        ),
    ],
)


@checks(ALLOWED)
def test_a_pod_is_reached_by_those_it_expects(callers: Callers) -> None:
    """Pods with the labels and the account of each declared caller call, from its namespace."""
    findings = judge(_called_by_others(callers), lambda seen: [f"is not reached by {one}" for one in seen.value])

    assert not findings.broken, findings.table()


def _called_by_others(callers: Callers) -> Iterator[Observed[list[str]]]:
    lost: dict[str, list[str]] = {item.address: [] for item, _ in callers.workloads.running}
    for other in _callers(callers):
        with callers.looking_like(other) as caller:
            for item, workload in callers.workloads.running:
                if item.site == other.site and _expects(item, other) and not _arrives(caller, _doors(item, workload)):
                    lost[item.address].append(other.name)
    for item, _ in callers.workloads.running:
        yield callers.workloads.observed(item, lost[item.address])


def _callers(callers: Callers) -> list[Item]:
    """The declared workloads that some running one expects to be called by."""
    running = [item for item, _ in callers.workloads.running]
    declared = running[0].platform.all(*WORKLOADS)
    return [other for other in declared if any(one.site == other.site and _expects(one, other) for one in running)]


def _expects(item: Item, other: Item) -> bool:
    heard, said = opens(item.platform, item, other, "ingress"), opens(item.platform, other, item, "egress")
    return _port(item) in heard and _port(item) in said


def _arrives(caller: Caller, doors: list[tuple[str, int]]) -> bool:
    """Whether it is let through to all once its own address is known to whatever enforces the policies."""
    try:
        until(lambda: all(caller.reaches(*one) for one in doors), bool, within_s=IN_FORCE_WITHIN_S, every_s=0.5)
    except NotYet:
        return False
    return True


def _doors(item: Item, workload: Workload) -> list[tuple[str, int]]:
    """Where its pods are called."""
    return [(pod.address, _port(item)) for pod in settled(item, workload).pods]


def _port(item: Item) -> int:
    """What its first container serves."""
    return int(item.mappings("spec.template.spec.containers.0.ports")[0]["containerPort"])

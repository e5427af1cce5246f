"""Whether a declared experiment, carried out by Chaos Mesh's own controller, reaches what it says and nothing else."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from fixtures.chaos import Experiment, Experiments
from fixtures.workloads import service_of, settled
from meshproof import Control, Level, Pillar, checks, edit, judge
from meshproof.components.chaos_mesh import fault
from meshproof.declaration.platform import Item
from meshproof.errors import NotYet, ProbeError
from meshproof.observation import Observed
from meshproof.probes.kubernetes import Api
from meshproof.probes.workload import Workload
from meshproof.waiting import until

#: Pods are processes on the embedded target, and a live one is not disturbed.
SHOWN_BY = ("kind",)
#: By its grace period, and until whoever watches has heard of it.
_HEARD_WITHIN_S: Final = 30.0
_EVERY_S: Final = 0.5

REACHES = Control(
    id="CHAOS-301",
    title="A declared experiment MUST disturb the pods that it says and no others, and leave all of them as they were",
    system="chaos",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source="https://chaos-mesh.org/docs/simulate-pod-chaos-on-kubernetes/",
    remedy="Select by the labels of one workload, with mode one; let the fault be one that ends with its object.",
    targets=SHOWN_BY,
    relates=("Schedule.chaos-mesh.org", "HelmRelease", "Service"),
    frameworks={"nist": "CP-4", "soc2": "A1.3"},
    mutants=[
        edit(
            "Schedule",
            "primary:shop/orders-pod-loss",
            {"spec": {"workflow": {"templates": [{}, {}, {}, {}, {"podChaos": {"mode": "all"}}]}}},
            says="disturbs 2 pods, and may disturb 1",
        ),
        edit(
            "Schedule",
            "primary:shop/orders-pod-loss",
            {
                "spec": {
                    "workflow": {
                        "templates": [
                            {},
                            {},
                            {},
                            {},
                            {"podChaos": {"selector": {"labelSelectors": {"app": "payments"}}}},
                        ]
                    }
                }
            },
            says="which it does not name",
        ),
        edit(
            "Schedule",
            "primary:shop/orders-pod-loss",
            {
                "spec": {
                    "workflow": {
                        "templates": [{}, {}, {}, {}, {"podChaos": {"selector": {"labelSelectors": {"app": "nobody"}}}}]
                    }
                }
            },
            says="disturbs nothing",
        ),
    ],
)


@checks(REACHES)
def test_an_experiment_disturbs_what_it_says(experiments: Experiments) -> None:
    """Its fault alone, begun by hand: the health checks around it call the public name, which leads nowhere here."""
    findings = judge(_tried(experiments), lambda seen: seen.value)

    assert not findings.broken, findings.table()


def _tried(experiments: Experiments) -> Iterator[Observed[list[str]]]:
    for one in experiments.each:
        for item, workload in experiments.workloads.running:
            settled(item, workload)
        yield experiments.workloads.observed(one.item, list(_disturbed(experiments, one)))


def _disturbed(experiments: Experiments, one: Experiment) -> Iterator[str]:
    """What it disturbs that it should not, and what it leaves disturbed."""
    before, named, most = _images(one.api), *_reach(one)
    with fault(one.api, _begun(experiments, one)):
        during = _images(one.api)
        touched = {name for name, images in before.items() if during.get(name, images) != images}
        if not touched:
            yield "disturbs nothing"
        for name in sorted(touched - named):
            yield f"disturbs {name}, which it does not name"
        if len(touched) > most:
            yield f"disturbs {len(touched)} pods, and may disturb {most}"
        for item, workload in _of(experiments, one, touched):
            yield from _unfelt(item, workload, touched)
    for _, workload in _of(experiments, one, touched):
        yield from _unrestored(workload)
    after = _images(one.api)
    yield from (f"leaves {name} changed" for name in sorted(touched) if after.get(name) != before[name])


def _begun(experiments: Experiments, one: Experiment) -> dict[str, Any]:
    """The fault of the schedule as it stands in the cluster, for as long as it says."""
    thing = experiments.workloads.given(one.item)
    there = one.api.get(str(one.api.path_of(thing)))
    found = [each for each in there.get("spec", {}).get("workflow", {}).get("templates", []) if each.get("podChaos")]
    if not found:
        message = f"{one.item.address}: the schedule in the cluster has no fault that takes pods away"
        raise ProbeError(message)
    return {
        "apiVersion": "chaos-mesh.org/v1alpha1",
        "kind": "PodChaos",
        "metadata": {"namespace": one.item.namespace, "name": f"meshproof-{one.item.name}"},
        "spec": {**found[0]["podChaos"], "duration": found[0]["deadline"]},
    }


def _reach(one: Experiment) -> tuple[set[str], int]:
    """The pods that it names as declared, and how many of them it may disturb."""
    selector = one.fault["selector"]
    labels = ",".join(f"{key}={value}" for key, value in selector["labelSelectors"].items())
    named = {name for space in selector["namespaces"] for name in _images(one.api, space, labels)}
    return named, 1 if one.fault["mode"] == "one" else len(named)


def _images(api: Api, namespace: str = "", labels: str = "") -> Mapping[str, list[str]]:
    """By namespace and name: what each pod is to run."""
    path = f"/api/v1/namespaces/{namespace}/pods" if namespace else "/api/v1/pods"
    return {
        f"{row['metadata']['namespace']}/{row['metadata']['name']}": [one["image"] for one in row["spec"]["containers"]]
        for row in api.get(path, labelSelector=labels).get("items", [])
    }


def _of(experiments: Experiments, one: Experiment, touched: set[str]) -> list[tuple[Item, Workload]]:
    """The workloads that have some of these pods."""
    return [
        (item, workload)
        for item, workload in experiments.workloads.running
        if item.site == one.item.site and any(f"{pod.namespace}/{pod.name}" in touched for pod in workload.pods())
    ]


def _unfelt(item: Item, workload: Workload, touched: set[str]) -> Iterator[str]:
    service, gone = service_of(item, workload), {name.rpartition("/")[2] for name in touched}
    within_s = float(workload.pod["spec"].get("terminationGracePeriodSeconds", 30)) + _HEARD_WITHIN_S
    try:
        until(lambda: workload.found(service), gone.isdisjoint, within_s=within_s, every_s=_EVERY_S)
    except NotYet as error:
        yield f"disturbs pods of {workload.name} that are still sent requests {error.within_s:g} s later"


def _unrestored(workload: Workload) -> Iterator[str]:
    grace_s = float(workload.pod["spec"].get("terminationGracePeriodSeconds", 30))
    within_s = grace_s + workload.probe_s("startup") + workload.probe_s("readiness") + _HEARD_WITHIN_S
    try:
        until(workload.state, lambda seen: seen.is_settled, within_s=within_s, every_s=_EVERY_S)
    except NotYet as error:
        yield f"leaves {workload.name} without all of its pods {error.within_s:g} s later"

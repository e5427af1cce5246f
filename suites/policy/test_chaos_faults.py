"""Faults: strong enough to show something, weak enough to be survived; and the engines of Litmus."""

from collections.abc import Mapping
from fractions import Fraction

from meshproof import Control, Level, Pillar, checks, edit, judge, remove
from meshproof.declaration.platform import Item, Platform
from suites.policy.objectives import objective
from suites.policy.promql import matched
from suites.policy.quantities import number_of, outside, seconds

#: CPU that is taken: enough that the autoscaler acts, not all of a pod's node.
LOAD, WORKERS = (50.0, 100.0), (1.0, 4.0)
#: A clock that is off by more than the leeway of tokens fails for another reason.
OFFSET_S = (10.0, 60.0)
#: Delay varies, or every request meets the same luck.
JITTER, CORRELATION = (0.1, 0.5), (10.0, 100.0)
#: Seconds, and percent, that an engine's environment may ask for.
ENVIRONMENT = {
    "TOTAL_CHAOS_DURATION": (30.0, 300.0),
    "RAMP_TIME": (10.0, 60.0),
    "CHAOS_INTERVAL": (10.0, 60.0),
    "NETWORK_PACKET_LOSS_PERCENTAGE": (5.0, 50.0),
}
DEMANDED = ("TOTAL_CHAOS_DURATION", "RAMP_TIME", "PODS_AFFECTED_PERC", "SEQUENCE")
SMALLEST_PERCENT, LARGEST_PERCENT = 20.0, 50.0
#: A probe answers within its own pace, and two looks decide.
#: An objective of each kind, and a control group.
THROUGHOUT = 3
PACE_S, ATTEMPTS, GRACE_S = (1.0, 15.0), (1.0, 3.0), (10.0, 60.0)

Node = Mapping[str, object]


def _of(node: Node, key: str) -> Node:
    found = node.get(key)
    return found if isinstance(found, Mapping) else {}


STRENGTH = Control(
    id="CHAOS-005",
    title="An injected fault MUST be strong enough to be felt by the objectives it tries, and no stronger than they allow",
    system="chaos",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source="https://chaos-mesh.org/docs/simulate-network-chaos-on-kubernetes/",
    remedy="Delay by a quarter of the tightest threshold to all of the widest; load, offset and jitter within the bounds named.",
    frameworks={"nist": "CP-4"},
    relates=("Schedule.chaos-mesh.org", "SLO"),
    mutants=[
        edit(
            "Schedule",
            "shop/payments-delay",
            {"spec": {"workflow": {"templates": [{}, {}, {}, {}, {"networkChaos": {"delay": {"latency": "10s"}}}]}}},
            says="delays by 10 s",
        ),
        edit(
            "Schedule",
            "shop/notifications-clock",
            {"spec": {"workflow": {"templates": [{}, {}, {}, {}, {"timeChaos": {"timeOffset": "300s"}}]}}},
            says="the offset is 300",
        ),
        edit(
            "Schedule",
            "shop/catalogue-stress",
            {
                "spec": {
                    "workflow": {"templates": [{}, {}, {}, {}, {"stressChaos": {"stressors": {"cpu": {"load": 5}}}}]}
                }
            },
            says="the load is 5",
        ),
    ],
)


@checks(STRENGTH)
def test_faults_are_neither_vacuous_nor_brutal(platform: Platform) -> None:
    """Latency relates to the thresholds of the objectives; other strengths lie within bounds."""
    thresholds = {}
    for one in platform.all("SLO"):
        limit = number_of(one.annotation("meshproof.example/threshold"))
        if limit is not None:
            thresholds[one.name] = limit / (1000 if one.annotation("meshproof.example/unit") == "milliseconds" else 1)
    findings = judge(platform.all("Schedule.chaos-mesh.org"), lambda one: _is_measured(one, thresholds))

    assert not findings.broken, findings.table()


def _is_measured(schedule: Item, thresholds: Mapping[str, float]) -> list[str]:
    names = [one.strip() for one in schedule.annotation("meshproof.example/objectives").split(",")]
    limits = [thresholds[one] for one in names if one in thresholds]
    said: list[str | None] = []
    for template in schedule.mappings("spec.workflow.templates"):
        kind = str(template.get("templateType"))
        fault = _of(template, kind[:1].lower() + kind[1:])
        if kind.endswith("Chaos") and not fault:
            said.append(f"{kind} injects nothing")
        if kind == "StressChaos":
            cpu = _of(_of(fault, "stressors"), "cpu")
            said += [
                outside("the load", number_of(cpu.get("load")), LOAD),
                outside("the workers are", number_of(cpu.get("workers")), WORKERS),
            ]
        if kind == "TimeChaos":
            said.append(outside("the offset", seconds(fault.get("timeOffset")), OFFSET_S))
        if kind == "NetworkChaos" and fault.get("action") == "delay":
            delay = _of(fault, "delay")
            latency, jitter = seconds(delay.get("latency")) or 0, seconds(delay.get("jitter")) or 0
            if not limits or not min(limits) / 4 <= latency <= max(limits):
                said.append(f"delays by {latency:g} s; the objectives are {limits}")
            said += [
                outside("the jitter", jitter / latency if latency else None, JITTER),
                outside("the correlation", number_of(delay.get("correlation")), CORRELATION),
            ]
            said += [] if _of(_of(fault, "target"), "selector") else ["delays traffic to everything"]
    return [one for one in said if one]


ENGINE = Control(
    id="CHAOS-006",
    title="An engine of Litmus MUST start by hand, hold probes on objectives throughout, and stop at what its hypothesis says",
    system="chaos",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source="https://docs.litmuschaos.io/docs/concepts/probes",
    remedy="Set engineState: stop; add Continuous promProbes with stopOnFailure whose criteria are the budget or stated in the hypothesis.",
    frameworks={"nist": "CP-4", "soc2": "A1.3"},
    relates=("ChaosEngine", "ChaosExperiment", "SLO", "ServiceAccount"),
    mutants=[
        edit(
            "ChaosEngine", "litmus/payments-packet-loss", {"spec": {"engineState": "active"}}, says="starts by itself"
        ),
        remove("ChaosExperiment", "litmus/pod-network-loss", says="pod-network-loss is not declared"),
        edit(
            "ChaosEngine",
            "litmus/payments-packet-loss",
            {"spec": {"experiments": [{"spec": {"probe": [{"runProperties": {"stopOnFailure": False}}]}}]}},
            says="does not stop",
        ),
        edit(
            "ChaosEngine",
            "litmus/payments-packet-loss",
            {"spec": {"experiments": [{"spec": {"probe": [{"promProbe/inputs": {"comparator": {"value": "0.2"}}}]}}]}},
            says="tolerates 0.2",
        ),
    ],
)


@checks(ENGINE)
def test_engines_are_held_by_probes(platform: Platform) -> None:
    """State, account, experiment, environment and each probe of every engine."""
    slos = {one.name: one for one in platform.all("SLO")}
    known = {(one.site, one.kind, one.name) for one in platform.all("ChaosExperiment", "ServiceAccount")}
    findings = judge(platform.all("ChaosEngine"), lambda one: _is_held(one, slos, known))

    assert not findings.broken, findings.table()


def _is_held(engine: Item, slos: Mapping[str, Item], known: set[tuple[str, str, str]]) -> list[str]:
    said: list[str | None] = [] if engine.text("spec.engineState") == "stop" else ["starts by itself"]
    account = engine.text("spec.chaosServiceAccount")
    said += [] if (engine.site, "ServiceAccount", account) in known else [f"the account {account} is not declared"]
    said += (
        []
        if all(engine.text(f"spec.appinfo.{one}") for one in ("appns", "applabel", "appkind"))
        else ["names no application"]
    )
    said.append(outside("the grace", engine.number("spec.terminationGracePeriodSeconds"), GRACE_S))
    said += [] if engine.has("spec.components.runner.imagePullPolicy") else ["its runner is not described"]
    experiments = engine.mappings("spec.experiments")
    said += [] if experiments else ["has no experiment"]
    for one in experiments:
        name, spec = str(one.get("name")), _of(one, "spec")
        said += [] if (engine.site, "ChaosExperiment", name) in known else [f"{name} is not declared"]
        said += _environment(spec)
        probes = [dict(probe) for probe in _list(spec, "probe")]
        throughout = [probe for probe in probes if probe.get("mode") == "Continuous"]
        before = [probe for probe in probes if probe.get("mode") == "SOT"]
        said += (
            []
            if len(throughout) >= THROUGHOUT and before
            else ["needs probes of its objectives and its control group throughout, and one before"]
        )
        said += [text for probe in probes for text in _probe(probe, engine, slos)]
    return [one for one in said if one]


def _list(node: Node, key: str) -> list[Node]:
    found = node.get(key)
    return [one for one in found if isinstance(one, Mapping)] if isinstance(found, (list, tuple)) else []


def _environment(spec: Node) -> list[str | None]:
    env = {str(one.get("name")): number_of(one.get("value")) for one in _list(_of(spec, "components"), "env")}
    said: list[str | None] = [f"does not set {one}" for one in DEMANDED if one not in env]
    said += [outside(name, value, ENVIRONMENT[name]) for name, value in env.items() if name in ENVIRONMENT]
    percent = env.get("PODS_AFFECTED_PERC") or 0
    if percent and not SMALLEST_PERCENT <= percent <= LARGEST_PERCENT:
        said.append(f"hits {percent:g} percent of the pods")
    return said


def _probe(probe: Node, engine: Item, slos: Mapping[str, Item]) -> list[str]:
    name, inputs, run = probe.get("name"), _of(probe, "promProbe/inputs"), _of(probe, "runProperties")
    said = [] if run.get("stopOnFailure") is True else [f"{name} does not stop the run"]
    paces = [seconds(run.get(key)) for key in ("probeTimeout", "interval", "probePollingInterval")]
    said += [f"{name}: a pace of {one} s" for one in paces if one is None or not PACE_S[0] <= one <= PACE_S[1]]
    said += [one for one in [outside(f"{name}'s attempts", number_of(run.get("attempt")), ATTEMPTS)] if one]
    said += [] if seconds(run.get("initialDelay")) == 0 else [f"{name} looks away at first"]
    named = matched(str(inputs.get("query")), "slo")
    tolerated = str(_of(inputs, "comparator").get("value"))
    for one in named:
        kept = Fraction(1) - Fraction(tolerated)
        stated = f"{float(kept * 100):g} %"
        text = engine.annotation("meshproof.example/hypothesis")
        if one not in slos or (kept != objective(slos[one]) and stated not in text):
            said.append(f"{name} tolerates {tolerated} of {one}, which is neither its budget nor its hypothesis")
    return said + ([] if named else [f"{name} looks at no objective"])

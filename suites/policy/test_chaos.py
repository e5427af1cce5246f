"""Chaos experiments: a hypothesis, a bounded fault, an abort and a way back."""

import re
from collections.abc import Iterable, Mapping

from meshproof import Control, Level, Pillar, checks, edit, judge, remove
from meshproof.declaration.platform import Item, Platform
from suites.policy.quantities import outside, seconds

PRINCIPLES = "https://principlesofchaos.org/"
STATUS = "https://chaos-mesh.org/docs/status-check-in-workflow/"
SCHEDULE = "https://chaos-mesh.org/docs/define-scheduling-rules/"

EXPERIMENTS = ("Schedule.chaos-mesh.org", "ChaosEngine")
SAYINGS = ("hypothesis", "objectives", "blast-radius", "control-group", "proof-of-effect", "abort", "rollback")
#: Shorter shows nothing through windows of a minute; longer spends more than a tenth of a month's budget of 99.9 %.
FAULT_S = (30.0, 300.0)
#: The whole run, waiting included, is watched by a person.
RUN_S = 1800.0
#: Health is shown over half a minute at least, and waited for no longer than three times what it takes.
STEADY_S, PATIENCE = 30.0, 3
#: While the fault lasts it is looked at every second; an abort after more than three looks is too late.
WATCH_S, ABORT_AFTER = 1.0, (1.0, 3.0)
ANSWER_S = (1.0, 5.0)
HISTORY, STARTING_S = (3.0, 20.0), (10.0, 300.0)
#: A fault into more than half of the pods is no longer a part of them.
LARGEST_PERCENT = 50.0

Template = Mapping[str, object]


def _templates(schedule: Item) -> dict[str, Template]:
    return {str(one.get("name")): one for one in schedule.mappings("spec.workflow.templates")}


def _children(template: Template) -> list[str]:
    found = template.get("children")
    return [str(one) for one in found] if isinstance(found, (list, tuple)) else []


def _of(template: Template, key: str) -> Template:
    found = template.get(key)
    return found if isinstance(found, Mapping) else {}


def _number(node: Template, key: str) -> float:
    return seconds(node.get(key)) or 0.0


def _scheduled(platform: Platform) -> list[Item]:
    return [one for one in platform.all("Schedule.chaos-mesh.org") if one.text("spec.type") == "Workflow"]


STATED = Control(
    id="CHAOS-001",
    title="Every experiment MUST state a hypothesis with numbers about declared objectives, its reach, its abort and its way back",
    system="chaos",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source=PRINCIPLES,
    remedy="Annotate hypothesis, objectives, blast-radius, control-group, proof-of-effect, abort and rollback.",
    frameworks={"nist": "CP-4", "soc2": "A1.3"},
    relates=("Schedule.chaos-mesh.org", "ChaosEngine", "SLO"),
    mutants=[
        edit(
            "Schedule",
            "shop/zone-loss",
            {"metadata": {"annotations": {"meshproof.example/abort": None}}},
            says="states no abort",
        ),
        edit(
            "Schedule",
            "shop/zone-loss",
            {"metadata": {"annotations": {"meshproof.example/objectives": "fame"}}},
            says="fame is no objective",
        ),
        remove("SLO", "*#orders-availability", says="orders-availability is no objective"),
    ],
)


@checks(STATED)
def test_experiments_state_their_hypothesis(platform: Platform) -> None:
    """Each annotation stands, and the hypothesis speaks in percent of objectives that exist."""
    known = {one.name for one in platform.all("SLO")}
    findings = judge(platform.all(*EXPERIMENTS), lambda one: _states(one, known))

    assert not findings.broken, findings.table()


def _states(experiment: Item, known: set[str]) -> list[str]:
    said = [f"states no {one}" for one in SAYINGS if not experiment.annotation(f"meshproof.example/{one}")]
    hypothesis = experiment.annotation("meshproof.example/hypothesis")
    named = experiment.annotation("meshproof.example/objectives").split(",")
    said += [f"{one.strip()} is no objective" for one in named if one.strip() not in known]
    tested = [one.strip() for one in named if one.strip() in hypothesis]
    return said + ([] if tested and "%" in hypothesis else ["its hypothesis gives no number for an objective"])


ORDERED = Control(
    id="CHAOS-002",
    title="A scheduled fault MUST be framed: health before it, a watch that aborts beside it, health after it, all in bounded time",
    system="chaos",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source=STATUS,
    remedy="Run StatusCheck, then fault and continuous StatusCheck in parallel with one deadline, then StatusCheck; abort on each.",
    frameworks={"nist": "CP-4", "soc2": "A1.3"},
    mutants=[
        edit(
            "Schedule",
            "shop/zone-loss",
            {"spec": {"workflow": {"templates": [{}, {}, {}, {"abortWithStatusCheck": False}]}}},
            says="watch does not abort",
        ),
        edit(
            "Schedule",
            "shop/zone-loss",
            {"spec": {"workflow": {"templates": [{}, {}, {}, {}, {"deadline": "30m"}]}}},
            says="fault is 1800",
        ),
        edit("Schedule", "shop/zone-loss", {"spec": {"concurrencyPolicy": "Allow"}}, says="may run twice"),
    ],
)


@checks(ORDERED)
def test_faults_are_framed(platform: Platform) -> None:
    """The workflow goes check, fault beside check, check; and the deadlines fit into each other."""
    findings = judge(_scheduled(platform), _is_framed)

    assert not findings.broken, findings.table()


def _is_framed(schedule: Item) -> list[str]:
    templates = _templates(schedule)
    entry = templates.get(schedule.text("spec.workflow.entry"), {})
    steps = [templates.get(one, {}) for one in _children(entry)]
    said = [] if schedule.text("spec.concurrencyPolicy") == "Forbid" else ["may run twice at a time"]
    said += [
        one
        for one in (
            outside("the history", schedule.number("spec.historyLimit"), HISTORY),
            outside("the starting deadline", schedule.number("spec.startingDeadlineSeconds"), STARTING_S),
        )
        if one
    ]
    if [one.get("templateType") for one in steps] != ["StatusCheck", "Parallel", "StatusCheck"]:
        return [*said, "is not framed by checks"]
    beside = [templates.get(one, {}) for one in _children(steps[1])]
    faults = [one for one in beside if one.get("templateType") != "StatusCheck"]
    watches = [one for one in beside if one.get("templateType") == "StatusCheck"]
    said += [] if len(faults) == 1 and watches else ["needs one fault and a watch beside it"]
    for one in faults:
        said += [text for text in [outside(f"{one.get('name')}", _number(one, "deadline"), FAULT_S)] if text]
    if len({_number(one, "deadline") for one in (*beside, steps[1])}) != 1:
        said.append("fault and watch do not end together")
    total = _number(entry, "deadline")
    least = sum(_number(one, "deadline") for one in steps)
    said += [] if least <= total <= RUN_S else [f"the run ends after {total:g} s, not within {least:g} to {RUN_S:g} s"]
    for one in (steps[0], steps[2]):
        said += _steady(one)
    return said + [text for one in watches for text in _watches(one)]


def _steady(template: Template) -> list[str]:
    check, name = _of(template, "statusCheck"), template.get("name")
    shown = _number(check, "intervalSeconds") * _number(check, "successThreshold")
    said = _answers(template)
    if not STEADY_S <= shown <= _number(template, "deadline") <= PATIENCE * shown:
        said.append(f"{name} shows health for {shown:g} s within {_number(template, 'deadline'):g} s")
    return said + ([] if _number(check, "failureThreshold") == 1 else [f"{name} overlooks failures"])


def _watches(template: Template) -> list[str]:
    check, name = _of(template, "statusCheck"), template.get("name")
    said = _answers(template)
    said += [] if check.get("mode") == "Continuous" else [f"{name} looks only once"]
    said += [] if 0 < _number(check, "intervalSeconds") <= WATCH_S else [f"{name} does not look every second"]
    said += [] if _number(check, "successThreshold") == 1 else [f"{name} waits for more than one success"]
    return said + [
        one for one in [outside(f"{name}'s failures", _number(check, "failureThreshold"), ABORT_AFTER)] if one
    ]


def _answers(template: Template) -> list[str]:
    check, name = _of(template, "statusCheck"), template.get("name")
    said = [] if template.get("abortWithStatusCheck") is True else [f"{name} does not abort"]
    code = str(_of(_of(check, "http"), "criteria").get("statusCode"))
    said += [] if re.fullmatch(r"2\d\d", code) else [f"{name} is content with status {code}"]
    return said + [one for one in [outside(f"{name}'s timeout", _number(check, "timeoutSeconds"), ANSWER_S)] if one]


REACH = Control(
    id="CHAOS-003",
    title="A fault MUST hit something that is declared, at least one pod of it and at most half, unless it is bound to one zone or one dependency",
    system="chaos",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source="https://chaos-mesh.org/docs/define-chaos-experiment-scope/",
    remedy="Select declared workloads of a declared namespace, with mode one or fixed-percent of at most 50.",
    frameworks={"nist": "CP-4"},
    relates=("Schedule.chaos-mesh.org", "Rollout", "HorizontalPodAutoscaler", "Namespace"),
    mutants=[
        edit(
            "Schedule",
            "shop/catalogue-stress",
            {"spec": {"workflow": {"templates": [{}, {}, {}, {}, {"stressChaos": {"value": "90"}}]}}},
            says="90 percent",
        ),
        edit(
            "Schedule",
            "shop/orders-pod-loss",
            {
                "spec": {
                    "workflow": {
                        "templates": [{}, {}, {}, {}, {"podChaos": {"selector": {"labelSelectors": {"app": "ordres"}}}}]
                    }
                }
            },
            says="nothing is labelled",
        ),
        edit(
            "Schedule",
            "shop/orders-pod-loss",
            {"spec": {"workflow": {"templates": [{}, {}, {}, {}, {"podChaos": {"mode": "all"}}]}}},
            says="hits all",
        ),
    ],
)


@checks(REACH)
def test_faults_are_bounded_in_reach(platform: Platform) -> None:
    """Namespace and labels of each selector exist at the site; the mode leaves pods that are not hit."""
    spaces = {(one.site, one.name) for one in platform.all("Namespace")}
    workloads = {(one.site, one.namespace, one.name): one for one in platform.all("Rollout", "Deployment")}
    least = {
        (one.site, one.namespace, one.text("spec.scaleTargetRef.name")): one.number("spec.minReplicas") or 1
        for one in platform.all("HorizontalPodAutoscaler")
    }
    findings = judge(_scheduled(platform), lambda one: _is_bounded(one, spaces, workloads, least))

    assert not findings.broken, findings.table()


def _faults(schedule: Item) -> Iterable[Template]:
    for one in _templates(schedule).values():
        yield from (value for key, value in one.items() if key.endswith("Chaos") and isinstance(value, Mapping))


def _is_bounded(
    schedule: Item,
    spaces: set[tuple[str, str]],
    workloads: Mapping[tuple[str, str, str], Item],
    least: Mapping[tuple[str, str, str], float],
) -> list[str]:
    said = []
    for fault in _faults(schedule):
        selector = _of(fault, "selector")
        named = selector.get("namespaces") or []
        inside = [str(one) for one in named] if isinstance(named, (list, tuple)) else []
        said += [] if inside else ["selects every namespace"]
        said += [f"the namespace {one} is not declared" for one in inside if (schedule.site, one) not in spaces]
        app = str(_of(selector, "labelSelectors").get("app", ""))
        keys = [key for key in workloads if key[0] == schedule.site and key[1] in inside and key[2] == app]
        bound = _of(selector, "nodeSelectors") or (fault.get("externalTargets") and app)
        said += [] if keys or _of(selector, "nodeSelectors") else [f"nothing is labelled app={app}"]
        mode, percent = str(fault.get("mode")), _number(fault, "value")
        if mode == "fixed-percent":
            pods = [percent / 100 * (least.get(key) or workloads[key].number("spec.replicas") or 1) for key in keys]
            if percent > LARGEST_PERCENT or any(one < 1 for one in pods):
                said.append(f"{percent:g} percent of the pods is none or more than half")
        elif mode != "one" and not bound:
            said.append(f"hits {mode}")
    return said


PLACE = Control(
    id="CHAOS-004",
    title="Experiments MUST run where the cluster admits their agents and nowhere else, and try every service",
    system="chaos",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source="https://cloud.google.com/kubernetes-engine/docs/concepts/autopilot-security",
    remedy="Declare experiments only at sites with nodes of their own, and one at least for each objective of each service.",
    frameworks={"nist": "CP-4", "soc2": "A1.3"},
    relates=("Schedule.chaos-mesh.org", "google_container_cluster", "Rollout", "SLO"),
    mutants=[
        edit(
            "google_container_cluster",
            "module.standby_cluster.*",
            {"enable_autopilot": False},
            says="has no experiment",
        ),
        remove("Schedule", "shop/notifications-clock", says="notifications-delivery is not tried"),
        remove("Schedule", "shop/catalogue-stress", says="no StressChaos", name="without-stress"),
    ],
)

#: Kill, partition and delay, exhaustion, clock: one fault of each family, singly, before any combination.
FAMILIES = ("PodChaos", "NetworkChaos", "StressChaos", "TimeChaos")


@checks(PLACE)
def test_every_objective_is_tried_where_it_can_be(platform: Platform) -> None:
    """Autopilot has none; every other cluster tries each family of fault and each objective of its services."""
    experiments = platform.all(*EXPERIMENTS)
    kinds = {str(t.get("templateType")) for one in _scheduled(platform) for t in _templates(one).values()}
    tried = {name.strip() for one in experiments for name in one.annotation("meshproof.example/objectives").split(",")}
    services = {one.name for one in platform.all("Rollout")}
    promised = [one for one in platform.all("SLO") if one.text("spec.service") in services]
    autopilots = {one.site for one in platform.all("google_container_cluster") if one.get("enable_autopilot") is True}
    sites = {one.site for one in experiments}
    clusters = platform.all("google_container_cluster", "aws_eks_cluster")
    findings = judge([*clusters, *promised], lambda one: _is_tried(one, tried, sites, autopilots, kinds))

    assert not findings.broken, findings.table()


def _is_tried(one: Item, tried: set[str], sites: set[str], autopilots: set[str], kinds: set[str]) -> list[str]:
    if one.kind == "SLO":
        return [] if one.name in tried else [f"{one.name} is not tried by any experiment"]
    if one.site in autopilots:
        return ["does not admit the agents of its experiments"] if one.site in sites else []
    missing = [f"no {family} is tried" for family in FAMILIES if family not in kinds]
    return missing if one.site in sites else ["has no experiment"]

"""Argo CD: applications that heal themselves inside projects that let them do no more; who hears of failures."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from meshproof import Control, Level, Pillar, checks, edit, judge, remove
from meshproof.declaration.platform import Item, Platform
from suites.policy.charts import within
from suites.policy.quantities import seconds

_APPLICATION = "primary:argocd/orders"
_AUTO_SYNC = "https://argo-cd.readthedocs.io/en/stable/user-guide/auto_sync/"

SELF_HEALING = Control(
    id="GIT-005",
    title="Every application MUST prune, heal itself, retry with growing pauses and be able to go back",
    system="gitops",
    pillar=Pillar.OPERATIONS,
    level=Level.MUST,
    since="1.0",
    source=_AUTO_SYNC,
    remedy="Set syncPolicy.automated.prune and selfHeal, syncPolicy.retry and revisionHistoryLimit.",
    frameworks={"nist": "CM-3", "soc2": "CC8.1"},
    mutants=[
        edit(
            "Application",
            _APPLICATION,
            {"spec": {"syncPolicy": {"automated": {"selfHeal": False}}}},
            says="selfHeal is False",
        ),
        edit("Application", _APPLICATION, {"spec": {"syncPolicy": {"retry": {"limit": 0}}}}, says="retries 0 times"),
    ],
)
_AUTOMATED: Final = {"prune": True, "selfHeal": True, "enabled": True, "allowEmpty": False}
#: More retries than a controller needs to elect a leader, fewer than would hide a broken commit.
RETRIES: Final = (3, 10)
#: Seconds: the first pause outlives a dropped connection, the longest is short of a page.
FIRST_PAUSE: Final = (5, 60)
LONGEST_PAUSE: Final = (60, 600)
GROWTH: Final = (1.5, 4)
#: Enough to go back over a bad week, not a second archive.
HISTORY: Final = (3, 20)


@checks(SELF_HEALING)
def test_applications_heal_themselves(platform: Platform) -> None:
    """What is changed by hand is changed back, what is deleted in git goes, what fails is retried."""
    findings = judge(platform.all("Application"), _heals)

    assert not findings.broken, findings.table()


def _heals(application: Item) -> Iterator[str]:
    automated, retry = "spec.syncPolicy.automated", "spec.syncPolicy.retry"
    defaults = {"enabled": True, "allowEmpty": False}
    for key, wanted in _AUTOMATED.items():
        value = application.get(f"{automated}.{key}", defaults.get(key))
        if value is not wanted or not application.has(automated):
            yield f"{key} is {value}"
    if not within(application.number(f"{retry}.limit"), *RETRIES):
        yield f"retries {application.text(f'{retry}.limit') or 0} times"
    first = seconds(application.text(f"{retry}.backoff.duration"))
    longest = seconds(application.text(f"{retry}.backoff.maxDuration"))
    if not within(first, *FIRST_PAUSE) or not within(longest, *LONGEST_PAUSE):
        yield f"pauses from {first} to {longest} s"
    if not within(application.number(f"{retry}.backoff.factor"), *GROWTH):
        yield f"its pauses grow by {application.text(f'{retry}.backoff.factor') or 'nothing'}"
    if not within(application.number("spec.revisionHistoryLimit"), *HISTORY):
        yield f"keeps {application.text('spec.revisionHistoryLimit')} revisions"
    if "ServerSideApply=true" not in application.sequence("spec.syncPolicy.syncOptions"):
        yield "takes fields from other owners: no ServerSideApply"


CONFINED = Control(
    id="GIT-006",
    title="Every application MUST stay in a project that names its repository, its destination and its kinds, and no more",
    system="gitops",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source="https://argo-cd.readthedocs.io/en/stable/user-guide/projects/",
    remedy="Name source, destination and kinds in the AppProject; drop what no application uses.",
    frameworks={"nist": "AC-6", "pci": "7.2.1", "soc2": "CC6.3"},
    relates=("Application", "AppProject", "Rollout"),
    mutants=[
        edit(
            "AppProject",
            "primary:argocd/shop",
            {"spec": {"destinations": [{"namespace": "data"}]}},
            says="its project does not allow",
        ),
        edit(
            "AppProject", "primary:argocd/shop", {"spec": {"sourceRepos": ["*"]}}, says="takes manifests from anywhere"
        ),
        remove("AppProject", "primary:argocd/shop", says="its project shop is not declared"),
    ],
)


@checks(CONFINED)
def test_applications_stay_in_their_project(platform: Platform) -> None:
    """No application can write outside its namespace, nor what the project did not foresee."""
    applications, projects = platform.all("Application"), platform.all("AppProject")
    by_name = {(one.site, one.namespace, one.name): one for one in projects}
    deployed: dict[tuple[str, str], set[tuple[str, str]]] = {}
    for item in platform.family("kubernetes"):
        deployed.setdefault((item.site, item.owner), set()).add((item.group, item.kind))

    def confined(application: Item) -> Iterator[str]:
        project = by_name.get((application.site, application.namespace, application.text("spec.project")))
        if project is None:
            yield f"its project {application.text('spec.project') or '(none)'} is not declared"
            return
        target = {key: application.text(f"spec.destination.{key}") for key in ("namespace", "server")}
        if target not in [
            {key: str(one.get(key, "")) for key in target} for one in project.mappings("spec.destinations")
        ]:
            yield f"its project does not allow {target['namespace'] or 'this place'}"
        if application.text("spec.source.repoURL") not in project.sequence("spec.sourceRepos"):
            yield f"its project does not take {application.text('spec.source.repoURL') or 'no repository'}"
        allowed = {_kind(one) for one in project.mappings("spec.namespaceResourceWhitelist")}
        for group, kind in sorted(deployed.get((application.site, f"argocd/{application.name}"), set()) - allowed):
            yield f"its project does not allow {kind}.{group}"

    def narrow(project: Item) -> Iterator[str]:
        mine = [one for one in applications if one.site == project.site and one.text("spec.project") == project.name]
        kinds = {kind for one in mine for kind in deployed.get((one.site, f"argocd/{one.name}"), set())}
        if "*" in str(project.get("spec.sourceRepos")):
            yield "takes manifests from anywhere"
        if project.sequence("spec.clusterResourceWhitelist"):
            yield "may change the cluster"
        for one in project.mappings("spec.namespaceResourceWhitelist"):
            if _kind(one) not in kinds:
                yield f"allows {one.get('kind')}, which no application deploys"
        if not mine:
            yield "has no application"
        if len(mine) > 1 and project.get("spec.orphanedResources.warn") is not True:
            yield "does not show what no application owns"

    inside, narrowed = judge(applications, confined), judge(projects, narrow)

    assert not narrowed.broken, narrowed.table()
    assert not inside.broken, inside.table()


def _kind(row: object) -> tuple[str, str]:
    return (str(row.get("group", "")), str(row.get("kind", ""))) if isinstance(row, dict) else ("", "")


WAVES = Control(
    id="GIT-007",
    title="Applications MUST come in waves without a gap, what is shared before what runs",
    system="gitops",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source="https://argo-cd.readthedocs.io/en/stable/user-guide/sync-waves/",
    remedy="Number argocd.argoproj.io/sync-wave from 0, workloads after the application that holds their common objects.",
    frameworks={"nist": "CM-3", "soc2": "A1.2"},
    relates=("Application", "Rollout"),
    mutants=[
        edit(
            "Application",
            _APPLICATION,
            {"metadata": {"annotations": {"argocd.argoproj.io/sync-wave": "9"}}},
            says="leave a gap",
        ),
        edit(
            "Application",
            "primary:argocd/shop-base",
            {"metadata": {"annotations": {"argocd.argoproj.io/sync-wave": "1"}}},
            says="leave a gap",
        ),
    ],
)
_WAVE: Final = "argocd.argoproj.io/sync-wave"


@checks(WAVES)
def test_applications_come_in_waves(platform: Platform) -> None:
    """A new cluster gets the shared objects first, and no wave waits for one that never comes."""
    running = {(one.site, one.owner) for one in platform.all("Rollout", "Deployment", "StatefulSet")}
    children = [one for one in platform.all("Application") if one.owner.startswith("argocd/")]
    siblings: dict[tuple[str, str], list[Item]] = {}
    for one in children:
        siblings.setdefault((one.site, one.owner), []).append(one)

    def in_turn(application: Item) -> Iterator[str]:
        group = siblings[application.site, application.owner]
        waves = {_wave(one) for one in group}
        if waves != set(range(len(waves))):
            yield f"its waves {sorted(waves)} leave a gap"
        runs = (application.site, f"argocd/{application.name}") in running
        shared = [one for one in group if (one.site, f"argocd/{one.name}") not in running]
        if runs and any(_wave(one) >= _wave(application) for one in shared):
            yield "starts before what it shares"
        if application.text("metadata.finalizers.0") == "" or not application.label("app.kubernetes.io/part-of"):
            yield "would leave its objects behind, or belongs to nothing"

    findings = judge(children, in_turn)

    assert not findings.broken, findings.table()


def _wave(application: Item) -> int:
    number = application.number(("metadata", "annotations", _WAVE))
    return -1 if number is None else int(number)


FACTS = Control(
    id="GIT-008",
    title="What an application is told about the cloud MUST be what the cloud's outputs say",
    system="gitops",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source="https://12factor.net/config",
    remedy="Pass the facts through the root application's values; never write one down twice.",
    frameworks={"nist": "CM-6", "soc2": "CC8.1"},
    relates=("Application", "fact"),
    mutants=[
        edit(
            "Application",
            _APPLICATION,
            {"spec": {"source": {"helm": {"valuesObject": {"facts": {"cache_port": 6380}}}}}},
            says="cache_port is 6380",
        ),
        edit(
            "Application",
            _APPLICATION,
            {"spec": {"source": {"helm": {"valuesObject": {"site": "standby"}}}}},
            says="is told it is standby",
        ),
    ],
)
_FACTS: Final = "spec.source.helm.valuesObject.facts"


@checks(FACTS)
def test_applications_are_told_the_facts(platform: Platform) -> None:
    """Each value handed down equals the fact of the same name and site, which Terraform's outputs give."""

    def told(application: Item) -> Iterator[str]:
        given = application.mapping(_FACTS)
        if not given:
            yield "is told no fact"
        for name in sorted(given):
            fact = platform.item(f"fact:{application.site}/{name}")
            if fact is None:
                yield f"{name} is no fact of {application.site}"
            elif isinstance(given[name], (str, int)) and str(given[name]) != fact.text("value"):
                yield f"{name} is {given[name]}, the cloud says {fact.text('value')}"
        site = application.get("spec.source.helm.valuesObject.site", application.site)
        if site != application.site:
            yield f"is told it is {site}"

    findings = judge(platform.all("Application"), told)

    assert not findings.broken, findings.table()


HEARD = Control(
    id="GIT-009",
    title="A failed reconciliation MUST reach the alertmanager, whatever kind of object failed",
    system="gitops",
    pillar=Pillar.OPERATIONS,
    level=Level.MUST,
    since="1.0",
    source="https://fluxcd.io/flux/components/notification/alerts/",
    remedy="Name every Flux kind in the Alert's eventSources and a declared Provider in its providerRef.",
    frameworks={"nist": "SI-4", "soc2": "CC7.3"},
    relates=("Alert", "Provider", "Kustomization", "HelmRelease"),
    mutants=[
        edit(
            "Alert",
            "primary:flux-system/reconciliation",
            {"spec": {"eventSources": [{"kind": "Bucket"}]}},
            says="does not hear of GitRepository",
        ),
        remove("Provider", "primary:flux-system/alertmanager", says="nobody delivers its events"),
        remove("Alert", "primary:flux-system/reconciliation", says="no alert hears of it"),
    ],
)
_FLUX_KINDS: Final = ("GitRepository", "HelmRelease", "HelmRepository", "Kustomization", "OCIRepository")
#: Seconds until a notification is given up: longer than a slow answer, shorter than the next event.
DELIVER_WITHIN: Final = (3, 60)


@checks(HEARD)
def test_failures_are_heard(platform: Platform) -> None:
    """Somebody hears of a layer, release or source that does not reconcile."""
    alerts, providers = platform.all("Alert"), platform.all("Provider")
    heard = {(one.site, str(source.get("kind"))) for one in alerts for source in one.mappings("spec.eventSources")}
    known = {(one.site, one.namespace, one.name) for one in providers}
    objects = platform.all(*_FLUX_KINDS)

    def hears(alert: Item) -> Iterator[str]:
        for kind in sorted(
            {one.kind for one in objects if (one.site, one.kind) not in heard and one.site == alert.site}
        ):
            yield f"does not hear of {kind}"
        if (alert.site, alert.namespace, alert.text("spec.providerRef.name")) not in known:
            yield "nobody delivers its events"

    def delivers(provider: Item) -> str | None:
        timely = within(seconds(provider.text("spec.timeout")), *DELIVER_WITHIN)
        return None if timely and provider.text("spec.address") else f"delivers within {provider.text('spec.timeout')}"

    def overheard(item: Item) -> str | None:
        return None if (item.site, item.kind) in heard else "no alert hears of it"

    each = judge(objects, overheard)
    assert not each.broken or alerts, each.table()
    said = judge(alerts, hears)
    assert not said.broken, said.table()
    assert not each.broken, each.table()
    sent = judge(providers, delivers)
    assert not sent.broken, sent.table()

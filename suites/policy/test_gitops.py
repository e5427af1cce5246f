"""Flux and Argo CD: everything comes from git, in an order that ends, and two owners never meet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from meshproof import Control, Level, Pillar, checks, edit, judge, remove
from meshproof.declaration.platform import Item, Platform
from suites.policy.charts import BRINGS, chart_of, mapping, within
from suites.policy.quantities import seconds

_LAYER = "primary:flux-system/"
_APPLICATION = "primary:argocd/orders"
_FLUX = "https://fluxcd.io/flux/components/kustomize/kustomizations/"
_ARGO = "https://argo-cd.readthedocs.io/en/stable/user-guide/auto_sync/"

OWNED = Control(
    id="GIT-001",
    title="Every object MUST belong to one layer or one application, and each of those to a source in git",
    system="gitops",
    pillar=Pillar.OPERATIONS,
    level=Level.MUST,
    since="1.0",
    source="https://opengitops.dev/",
    remedy="Deliver the object by a Flux Kustomization or an Argo CD Application that is itself declared.",
    frameworks={"nist": "CM-3", "soc2": "CC8.1"},
    relates=("Kustomization", "Application", "Service"),
    mutants=[
        remove("Kustomization", f"{_LAYER}data", says="its owner flux/data is not declared"),
        remove("Application", _APPLICATION, says="its owner argocd/orders is not declared"),
    ],
)


@checks(OWNED)
def test_every_object_has_an_owner(platform: Platform) -> None:
    """What runs is what some declared owner reconciles."""
    owners = {(one.site, f"flux/{one.name}") for one in platform.all("Kustomization")}
    owners |= {(one.site, f"argocd/{one.name}") for one in platform.all("Application")}
    owners |= {(site, f"flux/{site}") for site in platform.sites}  # what a cluster is bootstrapped with

    def owned(item: Item) -> str | None:
        return None if (item.site, item.owner) in owners else f"its owner {item.owner or 'nobody'} is not declared"

    findings = judge(platform.family("kubernetes"), owned)

    assert not findings.broken, findings.table()


LAYERS = Control(
    id="GIT-002",
    title="Every layer MUST prune, wait, undo drift without force, and be applied by a named account from a declared source",
    system="gitops",
    pillar=Pillar.OPERATIONS,
    level=Level.MUST,
    since="1.0",
    source=_FLUX,
    remedy="Set prune, wait, force: false, the intervals, serviceAccountName and sourceRef of the Kustomization.",
    frameworks={"nist": "CM-3", "soc2": "CC8.1"},
    relates=("Kustomization", "ServiceAccount", "GitRepository"),
    mutants=[
        edit(
            "Kustomization", f"{_LAYER}data", {"spec": {"prune": False}}, says="leaves behind what git no longer holds"
        ),
        edit("Kustomization", f"{_LAYER}data", {"spec": {"interval": "24h"}}, says="interval 24h"),
        remove("GitRepository", f"{_LAYER}platform", says="its source GitRepository/platform is not declared"),
    ],
)
#: Seconds between two looks for drift: often enough for a working session, rarely enough for the API server.
LOOK_EVERY: Final = (120, 1800)
#: Seconds in which a layer becomes ready: images are pulled and nodes added within.
READY_WITHIN: Final = (300, 1800)
RETRY_AFTER: Final = 30


@checks(LAYERS)
def test_layers_are_reconciled(platform: Platform) -> None:
    """Drift in any layer is undone, its failures are retried, and nothing is replaced by force."""
    accounts = {(one.site, one.namespace, one.name) for one in platform.all("ServiceAccount")}
    sources = {(one.site, one.kind, one.name) for one in platform.all("GitRepository", "OCIRepository", "Bucket")}

    def reconciled(layer: Item) -> Iterator[str]:
        source = (layer.text("spec.sourceRef.kind"), layer.text("spec.sourceRef.name"))
        yield from _reconciled(layer)
        if (layer.site, *source) not in sources:
            yield f"its source {'/'.join(source)} is not declared"
        if (layer.site, layer.namespace, layer.text("spec.serviceAccountName")) not in accounts:
            yield "is applied by an account that is not declared"

    findings = judge(platform.all("Kustomization"), reconciled)

    assert not findings.broken, findings.table()


def _reconciled(layer: Item) -> Iterator[str]:
    if layer.get("spec.prune") is not True:
        yield "leaves behind what git no longer holds"
    if layer.get("spec.wait") is not True or layer.get("spec.suspend", default=False) is not False:
        yield "does not wait for health"
    if layer.get("spec.force", default=False) is not False:
        yield "replaces objects by force"
    interval, timeout = (seconds(layer.text(f"spec.{key}")) for key in ("interval", "timeout"))
    retry = seconds(layer.text("spec.retryInterval"))
    if not within(interval, *LOOK_EVERY):
        yield f"interval {layer.text('spec.interval')} is outside {LOOK_EVERY} s"
    if not within(timeout, *READY_WITHIN):
        yield f"timeout {layer.text('spec.timeout')} is outside {READY_WITHIN} s"
    if not within(retry, RETRY_AFTER, (interval or 0) / 2):
        yield f"retryInterval {layer.text('spec.retryInterval')} is no earlier retry"


ORDER = Control(
    id="GIT-003",
    title="A layer MUST come after the layers whose namespaces, kinds and facts it uses, and the order MUST end",
    system="gitops",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source=f"{_FLUX}#dependencies",
    remedy="Add the missing layer to dependsOn; break the circle.",
    frameworks={"nist": "CP-10", "soc2": "A1.2"},
    relates=("Kustomization", "Namespace", "HelmRelease", "ExternalSecret"),
    mutants=[
        edit("Kustomization", f"{_LAYER}certificates", {"spec": {"dependsOn": []}}, says="needs cert-manager"),
        edit(
            "Kustomization",
            f"{_LAYER}namespaces",
            {"spec": {"dependsOn": [{"name": "data"}]}},
            says="depends on itself",
        ),
    ],
)


@checks(ORDER)
def test_layers_come_in_order(platform: Platform) -> None:
    """A lost cluster is rebuilt from git alone, each layer finding what it stands on."""
    layers = platform.all("Kustomization")
    edges = {(one.site, one.name): {str(d.get("name")) for d in one.mappings("spec.dependsOn")} for one in layers}
    needs = _needs(platform)

    def ordered(layer: Item) -> Iterator[str]:
        before = _reachable(edges, layer.site, layer.name)
        if layer.name in before:
            yield "depends on itself by way of others"
        for name in sorted(edges[layer.site, layer.name]):
            if (layer.site, name) not in edges:
                yield f"depends on {name}, which is not declared"
        for name, why in sorted(needs.get((layer.site, layer.name), {}).items()):
            if name not in before | {layer.name}:
                yield f"needs {name} for {why}, and does not wait for it"

    findings = judge(layers, ordered)

    assert not findings.broken, findings.table()


def _reachable(edges: Mapping[tuple[str, str], set[str]], site: str, name: str) -> set[str]:
    found: set[str] = set()
    left = sorted(edges.get((site, name), ()))
    while left:
        one = left.pop()
        if one not in found:
            found.add(one)
            left += sorted(edges.get((site, one), ()))
    return found


def _needs(platform: Platform) -> dict[tuple[str, str], dict[str, str]]:
    """For each layer, the layers that bring the namespaces, kinds and secrets it uses."""
    namespaces = {(one.site, one.name): _layer(one) for one in platform.all("Namespace")}
    brought = {(r.site, name): _layer(r) for r in platform.all("HelmRelease") for name in BRINGS.get(chart_of(r), ())}
    secrets = {
        (one.site, one.namespace, one.text("spec.target.name") or one.name): _layer(one)
        for one in platform.all("ExternalSecret")
    }
    needs: dict[tuple[str, str], dict[str, str]] = {}
    for item in platform.family("kubernetes"):
        wanted = {namespaces.get((item.site, item.namespace)): f"its namespace {item.namespace}"}
        for name in (item.group, f"{item.kind}.{item.group}"):
            wanted[brought.get((item.site, name))] = f"its {item.kind}"
        needs.setdefault((item.site, _layer(item)), {}).update({key: why for key, why in wanted.items() if key})
    for layer in platform.all("Kustomization"):
        for source in layer.mappings("spec.postBuild.substituteFrom"):
            owner = secrets.get((layer.site, layer.namespace, str(source.get("name"))))
            if owner:
                needs.setdefault((layer.site, layer.name), {})[owner] = f"its {source.get('name')}"
    return {key: {name: why for name, why in one.items() if name != key[1]} for key, one in needs.items()}


def _layer(item: Item) -> str:
    flux, _, name = item.owner.partition("/")
    return name if flux == "flux" and name != item.site else ""


SOURCES = Control(
    id="GIT-004",
    title="Every source MUST be authenticated, fixed to versions, looked at often enough, and used",
    system="gitops",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source="https://fluxcd.io/flux/components/source/gitrepositories/#verification",
    remedy="Verify the signature of git tags, name chart versions exactly, use https or oci; drop unused sources.",
    frameworks={"nist": "SI-7", "pci": "6.3.2", "soc2": "CC8.1"},
    relates=("GitRepository", "OCIRepository", "HelmRelease", "Kustomization"),
    mutants=[
        edit("GitRepository", f"{_LAYER}platform", {"spec": {"verify": None}}, says="its signatures are not verified"),
        edit(
            "OCIRepository", f"{_LAYER}argo-cd", {"spec": {"ref": {"tag": "latest"}}}, says="is not fixed to a version"
        ),
        remove("HelmRelease", f"{_LAYER}vpa", says="is used by nothing"),
    ],
)
#: Seconds: a change in git reaches the clusters within minutes, a chart's artifact never changes.
PULL_EVERY: Final = {"GitRepository": (30, 300), "HelmRepository": (600, 21600), "OCIRepository": (600, 21600)}
#: Seconds to wait for an answer: longer than a slow clone, shorter than two looks.
ANSWER_WITHIN: Final = (10, 300)


@checks(SOURCES)
def test_sources_are_fixed_and_used(platform: Platform) -> None:
    """What is reconciled is what was reviewed and signed, of a version that was chosen."""
    releases = platform.all("HelmRelease")
    used = {
        (one.site, one.text("spec.sourceRef.kind"), one.text("spec.sourceRef.name"))
        for one in platform.all("Kustomization")
    }
    used |= {(one.site, one.text("spec.chartRef.kind"), one.text("spec.chartRef.name")) for one in releases}
    used |= {
        (one.site, one.text("spec.chart.spec.sourceRef.kind"), one.text("spec.chart.spec.sourceRef.name"))
        for one in releases
    }
    kinds = tuple(PULL_EVERY)
    declared = {(one.site, one.kind, one.name) for one in platform.all(*kinds)}

    def fixed(source: Item) -> Iterator[str]:
        yield from _fixed(source)
        if (source.site, source.kind, source.name) not in used:
            yield "is used by nothing"

    def sourced(release: Item) -> str | None:
        kind = release.text("spec.chartRef.kind") or release.text("spec.chart.spec.sourceRef.kind")
        name = release.text("spec.chartRef.name") or release.text("spec.chart.spec.sourceRef.name")
        fixed_by_source = release.has("spec.chartRef") or kind == "GitRepository"
        version = fixed_by_source or _exact(release.text("spec.chart.spec.version"))
        if (release.site, kind, name) not in declared:
            return f"its source {kind}/{name} is not declared"
        return None if version else "its chart is not fixed to a version"

    sources = judge(platform.all(*kinds), fixed)
    charts = judge(releases, sourced)

    assert not sources.broken, sources.table()
    assert not charts.broken, charts.table()


def _fixed(source: Item) -> Iterator[str]:
    if not source.text("spec.url").startswith(("https://", "oci://", "ssh://")):
        yield f"url {source.text('spec.url')} is not authenticated"
    if not within(seconds(source.text("spec.interval")), *PULL_EVERY[source.kind]):
        yield f"interval {source.text('spec.interval')} is outside {PULL_EVERY[source.kind]} s"
    if source.has("spec.timeout") and not within(seconds(source.text("spec.timeout")), *ANSWER_WITHIN):
        yield f"timeout {source.text('spec.timeout')} is outside {ANSWER_WITHIN} s"
    if source.kind == "GitRepository":
        if not source.text("spec.verify.secretRef.name") or source.text("spec.verify.mode") == "":
            yield "its signatures are not verified"
        if (
            not source.text("spec.ref.semver")
            and not source.text("spec.ref.tag")
            and not source.text("spec.ref.commit")
        ):
            yield "follows whatever is pushed"
        if not source.text("spec.secretRef.name"):
            yield "is read without credentials"
    if source.kind == "OCIRepository":
        if not _exact(source.text("spec.ref.tag")) and not source.text("spec.ref.digest"):
            yield "is not fixed to a version"
        if "helm" in source.text("spec.url") or "chart" in source.text("spec.url"):
            layer = mapping(source.mapping("spec"), "layerSelector")
            if "helm" not in str(layer.get("mediaType")) or layer.get("operation") != "copy":
                yield "does not say which layer holds the chart"


def _exact(version: str) -> bool:
    parts = version.removeprefix("v").split("-")[0].split(".")
    return len(parts) == 3 and all(part.isdigit() for part in parts)  # noqa: PLR2004 - major, minor, patch

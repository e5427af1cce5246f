"""GitOps on two sites: the same controllers, layers and applications, built from paths that name their site."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from meshproof import Control, Level, Pillar, checks, edit, judge
from meshproof.declaration.platform import Item, Platform
from suites.policy.parity import counterparts, differences

SAME_CONTROLLERS = Control(
    id="GIT-015",
    title="Both sites MUST run the same controllers, sources and applications with the same switches and numbers",
    system="gitops",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source="https://docs.aws.amazon.com/wellarchitected/latest/reliability-pillar/rel_planning_for_recovery_config_drift.html",
    remedy="Deliver the release from a base that both sites share; let only facts differ.",
    frameworks={"nist": "CM-2", "soc2": "A1.2"},
    mutants=[
        edit(
            "HelmRelease",
            "standby:flux-system/argo-cd",
            {"spec": {"values": {"notifications": {"enabled": True}}}},
            says="differs from the other site at values.notifications.enabled",
        ),
        edit(
            "Application",
            "standby:argocd/orders",
            {"spec": {"revisionHistoryLimit": 9}},
            says="differs from the other site at revisionHistoryLimit",
        ),
    ],
)
_KINDS: Final = (
    "Alert",
    "Application",
    "AppProject",
    "GitRepository",
    "HelmRelease",
    "HelmRepository",
    "OCIRepository",
    "Provider",
)
#: What follows from a site's cloud: its facts, its identities, and what its provider brings already.
_OF_THE_CLOUD: Final = (
    "annotations",
    "autoscaleMin",
    "cni",
    "env",
    "extraArgs",
    "facts",
    "meshNetworks",
    "platform",
    "provider",
    "serviceAccount",
)


@checks(SAME_CONTROLLERS)
def test_sites_run_the_same_controllers(platform: Platform) -> None:
    """Whoever operates one site knows the other."""
    apart: dict[str, list[str]] = {}
    for one, two in counterparts(platform, *_KINDS):
        apart[two.address] = differences(one, two, "spec", but=_OF_THE_CLOUD)

    def same(item: Item) -> list[str]:
        return [f"differs from the other site at {path}" for path in apart.get(item.address, [])]

    findings = judge(platform.all(*_KINDS), same)

    assert not findings.broken, findings.table()


NAMED_PATHS = Control(
    id="GIT-016",
    title="A layer that names a site MUST name its own, and one that uses facts MUST take them from the secret",
    system="gitops",
    pillar=Pillar.OPERATIONS,
    level=Level.MUST,
    since="1.0",
    source="https://fluxcd.io/flux/components/kustomize/kustomizations/#post-build-variable-substitution",
    remedy="Label the layer with the segment of its path that is the site, and with the facts that it requires.",
    frameworks={"nist": "CM-2", "soc2": "CC8.1"},
    mutants=[
        edit(
            "Kustomization",
            "primary:flux-system/data",
            {"spec": {"path": "./infra/kubernetes/data/standby"}},
            says="its path names another site",
        ),
        edit(
            "Kustomization",
            "primary:flux-system/data",
            {"metadata": {"labels": {"meshproof.example/facts": None}}},
            says="takes facts that it is not labelled to require",
        ),
    ],
)


@checks(NAMED_PATHS)
def test_layers_name_their_site(platform: Platform) -> None:
    """No cluster applies what was written for the other."""
    sites = set(platform.sites)
    shared = {one.address for pair in counterparts(platform, "Kustomization") for one in pair}

    def named(layer: Item) -> Iterator[str]:
        segments = layer.text("spec.path").split("/")
        labels = {key.partition("/")[2] or key: str(value) for key, value in layer.mapping("metadata.labels").items()}
        if sites & set(segments) - {layer.site}:
            yield "its path names another site"
        segment = labels.get("site-segment", "")
        marked = [str(position) for position, one in enumerate(segments) if one == layer.site]
        if marked and segment not in marked and layer.address in shared:
            yield f"is labelled with segment {segment or '(none)'}, its path names the site in {', '.join(marked)}"
        if segment and not marked:
            yield f"is labelled with segment {segment}, where no site is named"
        takes = any(one.get("kind") == "Secret" for one in layer.mappings("spec.postBuild.substituteFrom"))
        if takes != (labels.get("facts") == "required"):
            yield "takes facts that it is not labelled to require, or the other way round"
        if takes and not layer.mapping("spec.postBuild.substitute"):
            yield "does not know its peer"
        if ("istio_revision" in layer.mapping("spec.postBuild.substitute")) != (labels.get("revision") == "istio"):
            yield "takes a revision that it is not labelled for, or the other way round"

    findings = judge(platform.all("Kustomization"), named)

    assert not findings.broken, findings.table()

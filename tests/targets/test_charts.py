"""Istio's charts with declared values, and what of them is another on one machine."""

from typing import Any

from meshproof.declaration.model import Record
from meshproof.judgement import Place
from meshproof.targets.charts import laid_over, rendered
from meshproof.verdict import Assurance


def release(chart: str, values: dict[str, Any]) -> Record:
    """A HelmRelease, as it is declared."""
    spec = {
        "chart": {"spec": {"chart": chart, "version": "1.30.1"}},
        "releaseName": chart,
        "targetNamespace": "istio-system",
        "values": values,
    }
    return Record(
        family="kubernetes",
        kind="HelmRelease",
        address=f"primary/HelmRelease/flux-system/{chart}",
        name=chart,
        values={
            "apiVersion": "helm.toolkit.fluxcd.io/v2",
            "kind": "HelmRelease",
            "metadata": {"name": chart},
            "spec": spec,
        },
        place=Place(file="infra/kubernetes/x.yaml", line=1),
        assurance=Assurance.RESOLVED,
        namespace="flux-system",
        site="primary",
    )


def test_a_control_plane_is_made_of_its_declared_values_and_the_images_of_the_run() -> None:
    """The revision is in its name, the declared settings in its ConfigMap, what is laid over them wins."""
    declared = release("istiod", {"revision": "1-30", "meshConfig": {"trustDomain": "shop.example"}, "image": "pilot"})

    found = rendered(declared, "istiod", {"image": "registry.example/pilot:1", "global": {"proxy": {"image": "r/p:1"}}})

    by_kind = {(one["kind"], one["metadata"]["name"]): one for one in found}
    pod = by_kind["Deployment", "istiod-1-30"]["spec"]["template"]["spec"]
    assert pod["containers"][0]["image"] == "registry.example/pilot:1"
    assert "trustDomain: shop.example" in by_kind["ConfigMap", "istio-1-30"]["data"]["mesh"]
    assert ("MutatingWebhookConfiguration", "istio-sidecar-injector-1-30") in by_kind


def test_definitions_are_there_already() -> None:
    """The chart `base` would bring them."""
    found = rendered(release("base", {"defaultRevision": "1-30"}), "base", {})

    assert found
    assert not [one for one in found if one["kind"] == "CustomResourceDefinition"]


def test_values_are_laid_over_one_another_mapping_by_mapping() -> None:
    """A list or a word is replaced whole."""
    values = {"env": {"A": "1", "B": "2"}, "tolerations": [1, 2], "image": "old"}

    assert laid_over(values, {"env": {"B": "3"}, "tolerations": [], "image": {"tag": "x"}}) == {
        "env": {"A": "1", "B": "3"},
        "tolerations": [],
        "image": {"tag": "x"},
    }

"""The mesh of clusters: what its control plane is made of, and how a mutant moves its settings."""

from typing import Any

import pytest

from meshproof.declaration.model import Record
from meshproof.errors import TargetError
from meshproof.judgement import Place
from meshproof.targets.kind.control_plane import instead
from meshproof.targets.kind.images import Images
from meshproof.targets.kind.mesh import moved
from meshproof.verdict import Assurance

IMAGES = Images(istiod="istio/pilot:1", proxy="istio/proxyv2:1", echo="istio/app:1")
NETWORKS = {
    "primary": {"gateways": [{"registryServiceName": "eastwest.istio-ingress.svc", "port": 15443}]},
    "standby": {"gateways": [{"address": "eastwest.standby.example", "port": 15443}]},
}


def release(**shared: object) -> Record:
    """A HelmRelease with these global values."""
    return Record(
        family="kubernetes",
        kind="HelmRelease",
        address="primary/HelmRelease/flux-system/istiod",
        name="istiod",
        values={"kind": "HelmRelease", "spec": {"values": {"global": shared}}},
        place=Place(file="infra/kubernetes/x.yaml", line=1),
        assurance=Assurance.RESOLVED,
        namespace="flux-system",
        site="primary",
    )


def test_another_network_is_reached_at_the_node_of_its_cluster() -> None:
    """Nobody resolves its declared name here; the own network is found by its Service, as declared."""
    found = instead(release(meshNetworks=NETWORKS), "istiod", IMAGES, {"standby": "172.18.0.3"})

    assert found["global"]["meshNetworks"] == {"standby": {"gateways": [{"address": "172.18.0.3", "port": 15443}]}}


def test_the_control_plane_runs_and_injects_the_images_of_the_run() -> None:
    """Values of the run's own come last."""
    told = Images(**{**IMAGES.model_dump(), "istiod_values": {"env": {"A": "1"}, "replicaCount": 2}})

    found = instead(release(), "istiod", told, {})

    assert (found["image"], found["replicaCount"], found["env"]) == ("istio/pilot:1", 2, {"A": "1"})
    assert found["global"]["proxy"] == found["global"]["proxy_init"] == {"image": "istio/proxyv2:1"}


def test_a_release_without_an_image_is_told_by_its_role() -> None:
    """Its DaemonSet would wait for an image without a name."""
    with pytest.raises(TargetError, match="role cni"):
        instead(release(), "cni", IMAGES, {})


def test_a_mesh_needs_what_is_in_it() -> None:
    """And its gateways are the injector's own."""
    assert (IMAGES.has_mesh, IMAGES.of("gateway")) == (True, "auto")
    assert (Images(echo="istio/app:1").has_mesh, Images().of("gateway")) == (False, "")


def test_what_a_mutant_changes_of_the_settings_is_changed_and_what_the_chart_added_stays() -> None:
    """And so it is undone."""
    old: dict[str, Any] = {"tls": {"min": "1.3"}, "mode": "STRICT", "retries": 1}
    new: dict[str, Any] = {"tls": {"min": "1.2"}, "retries": 1, "aliases": ["elsewhere.example"]}
    held = {**old, "tls": {"min": "1.3", "curve": "P-256"}, "discoveryAddress": "istiod:15012"}

    changed = moved(held, old, new)

    assert changed == {**new, "tls": {"min": "1.2", "curve": "P-256"}, "discoveryAddress": "istiod:15012"}
    assert moved(changed, new, old) == held

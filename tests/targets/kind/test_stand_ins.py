"""What runs for a declared workload, and what becomes of one that no image stands for."""

from typing import Any

import pytest

from meshproof.declaration.model import Record
from meshproof.judgement import Place
from meshproof.targets.embedded.translate import Object, Translation
from meshproof.targets.embedded.workloads import Program
from meshproof.targets.kind.images import Images
from meshproof.targets.kind.stand_ins import stand_ins
from meshproof.verdict import Assurance

ECHO = Program(image="*/orders:*", runs="echo", why="a test", primary=1, pods=2)


def workload(name: str, *images: str, kind: str = "Deployment") -> Object:
    """Three replicas with a container of each image."""
    containers = [
        {"name": f"c{number}", "image": image, "ports": [{"name": "http", "containerPort": 8080}]}
        for number, image in enumerate(images)
    ]
    metadata = {"name": name, "namespace": "shop"}
    spec = {
        "replicas": 3,
        "selector": {"matchLabels": {"app": name}},
        "strategy": {"canary": {"maxSurge": "25%", "steps": []}},
        "template": {"metadata": {}, "spec": {"containers": containers}},
    }
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": metadata, "spec": spec}


def record(thing: dict[str, Any], site: str) -> Record:
    """The thing, as it is declared."""
    metadata = thing["metadata"]
    return Record(
        family="kubernetes",
        kind=thing["kind"],
        address=f"{site}/{thing['kind']}/shop/{metadata['name']}",
        name=metadata["name"],
        values=thing,
        place=Place(file="infra/kubernetes/x.yaml", line=1),
        assurance=Assurance.RESOLVED,
        namespace="shop",
        site=site,
    )


def placed(thing: Object, images: Images, site: str = "primary") -> tuple[list[Object], list[Translation]]:
    """What a cluster is given for the only object there is, and what was changed in it."""
    found = stand_ins([record(thing, site)], [ECHO], images)
    return found.placed([thing]), found.said


def test_the_image_of_its_role_stands_for_a_declared_one_and_is_listed() -> None:
    """As many pods as the row says, which fit onto one node; the other containers keep their images."""
    (found,), said = placed(workload("orders", "registry.example/orders:1", "side:1"), Images(echo="echo:2"))

    containers = found["spec"]["template"]["spec"]["containers"]
    assert found["spec"]["replicas"] == 2
    assert [one["image"] for one in containers] == ["echo:2", "side:1"]
    assert {one["resources"]["requests"]["cpu"] for one in containers} == {"5m"}
    assert said[0] == Translation(
        address="Deployment/shop/orders", says="its image registry.example/orders:1 is echo:2"
    )


@pytest.mark.parametrize(
    ("image", "images", "site"),
    [
        pytest.param("registry.example/other:1", Images(echo="echo:2"), "primary", id="no row names it"),
        pytest.param("registry.example/orders:1", Images(), "primary", id="its role has no image"),
        pytest.param("registry.example/orders:1", Images(echo="echo:2"), "standby", id="not at this site"),
    ],
)
def test_a_workload_that_nothing_stands_for_has_no_replicas_and_is_named(image: str, images: Images, site: str) -> None:
    """It is there to be admitted, and nobody waits for a pod that cannot be."""
    (found,), said = placed(workload("orders", image), images, site)

    assert found["spec"]["replicas"] == 0
    assert said == [Translation(address="Deployment/shop/orders", says=f"0 replicas: no image stands for {image}")]


def test_a_deployment_has_the_pods_of_a_rollout() -> None:
    """Nothing here controls Rollouts: it rolls as the Rollout's canary may."""
    thing = workload("orders", "registry.example/orders:1", kind="Rollout")

    (rollout, deployment), _ = placed(thing, Images(echo="echo:2"))

    assert deployment["metadata"] == rollout["metadata"]
    assert deployment["spec"]["template"] == rollout["spec"]["template"]
    assert deployment["spec"]["strategy"] == {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%"}}


def test_a_pod_starts_without_the_secret_that_nobody_gives() -> None:
    """An operator would fill it."""
    thing = workload("orders", "registry.example/orders:1")
    thing["spec"]["template"]["spec"]["volumes"] = [{"name": "database", "secret": {"secretName": "orders"}}]

    (found,), _ = placed(thing, Images(echo="echo:2"))

    assert found["spec"]["template"]["spec"]["volumes"][0]["secret"] == {"secretName": "orders", "optional": True}


def test_no_registry_is_asked_for_an_image_without_a_version() -> None:
    """The nodes hold it, and at the start of every pod it would be: what a workload declares of that holds."""
    auto, declared = workload("orders", "registry.example/orders:1"), workload("orders", "registry.example/orders:1")
    declared["spec"]["template"]["spec"]["containers"][0]["imagePullPolicy"] = "Always"

    found = [placed(one, Images(echo="echo"))[0][0] for one in (auto, declared)]

    policies = [one["spec"]["template"]["spec"]["containers"][0]["imagePullPolicy"] for one in found]
    assert policies == ["IfNotPresent", "Always"]


def test_what_has_no_pods_is_applied_as_it_is() -> None:
    """A Service of the same name is none of it."""
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "orders", "namespace": "shop"}, "spec": {}}

    found = stand_ins([record(workload("orders", "a/orders:1"), "primary")], [ECHO], Images(echo="echo:2"))

    assert found.placed([service]) == [service]


@pytest.mark.parametrize(
    ("bounds", "given"),
    [
        pytest.param({"minReplicas": 3, "maxReplicas": 40}, (2, 3), id="one machine holds them"),
        pytest.param({"maxReplicas": 2}, (1, 2), id="never more than is declared"),
    ],
)
def test_an_autoscaler_scales_what_has_the_pods(bounds: dict[str, int], given: tuple[int, int]) -> None:
    """From as many as run to one more, where it is declared to; that is listed."""
    target = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "name": "orders"}
    metadata = {"name": "orders", "namespace": "shop"}
    thing = {"kind": "HorizontalPodAutoscaler", "metadata": metadata, "spec": {"scaleTargetRef": target, **bounds}}
    rollout = record(workload("orders", "registry.example/orders:1", kind="Rollout"), "primary")
    standing = stand_ins([rollout], [ECHO], Images(echo="echo:2"))

    (found,) = standing.placed([thing])

    spec = found["spec"]
    assert (spec["minReplicas"], spec["maxReplicas"]) == given
    assert spec["scaleTargetRef"] == {"apiVersion": "apps/v1", "kind": "Deployment", "name": "orders"}
    assert [one.says for one in standing.said] == [
        f"{given[0]} replicas at least and {given[1]} at most",
        "it scales the Deployment that has the Rollout's pods",
    ]


def test_an_autoscaler_of_what_does_not_run_is_applied_as_it_is() -> None:
    """Its workload has no replicas, and it leaves those alone."""
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "orders"}
    spec = {"scaleTargetRef": target, "minReplicas": 3, "maxReplicas": 9}
    thing = {"kind": "HorizontalPodAutoscaler", "metadata": {"name": "orders", "namespace": "shop"}, "spec": spec}

    found = stand_ins([record(workload("orders", "a/orders:1"), "primary")], [ECHO], Images())

    assert found.placed([thing]) == [thing]

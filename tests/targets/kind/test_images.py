"""Which image stands for a declared one, and what becomes of a workload that none stands for."""

from pathlib import Path
from typing import Any

import pytest

from meshproof.declaration.model import Record
from meshproof.errors import UsageError
from meshproof.judgement import Place
from meshproof.targets.embedded.translate import Object, Translation
from meshproof.targets.embedded.workloads import Program
from meshproof.targets.kind.images import Images, preloading, substituted
from meshproof.verdict import Assurance

ECHO = Program(image="*/orders:*", runs="echo", why="a test")


def deployment(name: str, *images: str) -> Object:
    """Two replicas with a container of each image."""
    containers = [{"name": f"c{number}", "image": image} for number, image in enumerate(images)]
    metadata = {"name": name, "namespace": "shop"}
    spec = {"replicas": 2, "template": {"metadata": {}, "spec": {"containers": containers}}}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec}


def record(thing: dict[str, Any]) -> Record:
    """The thing, as it is declared."""
    metadata = thing["metadata"]
    return Record(
        family="kubernetes",
        kind=thing["kind"],
        address=f"primary/{thing['kind']}/shop/{metadata['name']}",
        name=metadata["name"],
        values=thing,
        place=Place(file="infra/kubernetes/x.yaml", line=1),
        assurance=Assurance.RESOLVED,
        namespace="shop",
        site="primary",
    )


def one(thing: Object, images: Images) -> tuple[Object, list[Translation]]:
    """The only object there is, and what was changed in it."""
    found, said = substituted([record(thing)], [thing], [ECHO], images)
    return found[0], said


def test_the_image_of_its_role_stands_for_a_declared_one_and_is_listed() -> None:
    """The workload's other containers, replicas and everything else stay as declared."""
    found, said = one(deployment("orders", "registry.example/orders:1", "side:1"), Images(echo="echo:2"))

    assert found == deployment("orders", "echo:2", "side:1")
    assert said == [Translation(address="Deployment/shop/orders", says="its image registry.example/orders:1 is echo:2")]


@pytest.mark.parametrize(
    ("image", "images"),
    [
        pytest.param("registry.example/other:1", Images(echo="echo:2"), id="no row names it"),
        pytest.param("registry.example/orders:1", Images(), id="its role has no image"),
    ],
)
def test_a_workload_that_no_image_stands_for_has_no_replicas_and_is_named(image: str, images: Images) -> None:
    """It is there to be admitted, and nobody waits for a pod that cannot be."""
    found, said = one(deployment("orders", image), images)

    assert found["spec"]["replicas"] == 0
    assert said == [Translation(address="Deployment/shop/orders", says=f"0 replicas: no image stands for {image}")]


def test_what_has_no_pods_is_applied_as_it_is() -> None:
    """A Service of the same name is none of it."""
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "orders", "namespace": "shop"}, "spec": {}}
    workload = deployment("orders", "registry.example/orders:1")

    found, _ = substituted([record(workload)], [service], [ECHO], Images(echo="echo:2"))

    assert found == [service]


def test_a_file_replaces_only_what_it_names(tmp_path: Path) -> None:
    """A mirror may have one of them only."""
    file = tmp_path / "images.toml"
    file.write_text('echo = "mirror.example/echo:2"\n')

    assert Images.read(file) == Images(echo="mirror.example/echo:2")
    assert Images.read(None) == Images()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param("echo = 3\n", "echo: input should be a valid string; roles are node, echo", id="no text"),
        pytest.param('sidecar = "x"\n', "sidecar: extra inputs are not permitted; roles are node, echo", id="no role"),
        pytest.param("echo = \n", "cannot be read", id="no TOML"),
    ],
)
def test_a_wrong_file_is_refused_with_what_it_may_say(tmp_path: Path, text: str, says: str) -> None:
    """One sentence: which file, which line of it, what is possible."""
    file = tmp_path / "images.toml"
    file.write_text(text)

    with pytest.raises(UsageError) as raised:
        Images.read(file)

    assert str(raised.value).startswith(f"{file}: ")
    assert says in str(raised.value)


def test_an_image_that_cannot_be_pulled_comes_with_the_way_to_preload_it() -> None:
    """Which one, why, and the three commands."""
    says = preloading("kindest/node:v1", "no route to host")

    assert "kindest/node:v1 is not in Docker's store and cannot be pulled (no route to host)" in says
    assert "docker save --output image.tar kindest/node:v1" in says
    assert "docker load --input image.tar" in says
    assert "--images" in says

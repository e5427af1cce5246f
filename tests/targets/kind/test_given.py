"""What a cluster is given of a declaration, and which of it a declared object is held to."""

from typing import Any

from meshproof.declaration.model import Declaration, Record
from meshproof.judgement import Place
from meshproof.targets.embedded.workloads import Program, Programs
from meshproof.targets.kind.given import Given
from meshproof.targets.kind.images import Images
from meshproof.verdict import Assurance

PROGRAMS = Programs(program=[Program(image="*/orders:*", runs="echo", why="a test", primary=1)])


def record(kind: str, version: str, name: str, spec: dict[str, Any]) -> Record:
    """A declared object of the primary's shop."""
    metadata = {"name": name, "namespace": "shop"}
    return Record(
        family="kubernetes",
        kind=kind,
        address=f"primary/{kind}/shop/{name}",
        name=name,
        namespace="shop",
        site="primary",
        values={"apiVersion": version, "kind": kind, "metadata": metadata, "spec": spec},
        place=Place(file="infra/kubernetes/x.yaml", line=1),
        assurance=Assurance.RESOLVED,
    )


def rollout(image: str) -> Record:
    """A Rollout with one container."""
    template = {"metadata": {"labels": {"app": "orders"}}, "spec": {"containers": [{"name": "orders", "image": image}]}}
    return record("Rollout", "argoproj.io/v1alpha1", "orders", {"selector": {}, "template": template})


def given(images: Images, *records: Record) -> tuple[dict[str, str], list[str]]:
    """By address the kind that an object is held to, and the names of the namespaces that are made."""
    declaration = Declaration(environment="test", version="1.0", records=records)
    plan = Given(programs=PROGRAMS, images=images, jwks="{}")
    held = {address: str(thing["kind"]) for address, thing in plan.by_address(declaration, "primary").items()}
    made = [one["metadata"]["name"] for one in plan.objects(declaration, "primary")[0] if one["kind"] == "Namespace"]
    return held, made


def test_a_rollout_is_held_to_the_deployment_that_has_its_pods() -> None:
    """Nothing here controls Rollouts; a namespace that nobody declares is made."""
    service = record("Service", "v1", "orders", {})

    held, made = given(Images(echo="echo:2"), rollout("registry.example/orders:1"), service)

    assert held == {"primary/Rollout/shop/orders": "Deployment", "primary/Service/shop/orders": "Service"}
    assert made == ["shop"]


def test_one_that_does_not_run_is_held_to_itself() -> None:
    """It is applied at 0 replicas."""
    held, _ = given(Images(), rollout("registry.example/orders:1"))

    assert held == {"primary/Rollout/shop/orders": "Rollout"}

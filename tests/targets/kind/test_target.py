"""What the kind target says of itself where it cannot be had, and of what does not run on it."""

from pathlib import Path

import pytest

from meshproof.errors import TargetError, UsageError
from meshproof.settings import Settings
from meshproof.targets import target_named
from meshproof.targets.embedded.state import TargetState
from meshproof.targets.embedded.workloads import Programs
from meshproof.targets.kind.given import Given
from meshproof.targets.kind.images import Images
from meshproof.targets.kind.mesh import ClusterMesh
from meshproof.targets.kind.target import Kind, KindTarget


def test_it_is_one_of_the_engines_targets() -> None:
    """By its name."""
    assert target_named("kind").name == "kind"


def test_without_docker_it_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """`meshproof doctor` shows it beside the others."""
    monkeypatch.setenv("PATH", str(tmp_path))

    found = KindTarget().readiness()

    assert "docker" in found.missing
    assert "install Docker" in found.reason


def test_a_wrong_list_of_images_is_refused_before_anything_starts(tmp_path: Path) -> None:
    """Also before Docker is asked."""
    file = tmp_path / "images.toml"
    file.write_text("node = 3\n")

    with pytest.raises(UsageError, match="node: input should be a valid string"):
        KindTarget().reserve(Settings(images=file))


def test_what_would_run_in_a_pod_is_unknown_and_not_absent() -> None:
    """A control of the mesh must not end as not applicable."""
    mesh = object.__new__(ClusterMesh)
    mesh.state = TargetState.model_construct(sites=[])

    with pytest.raises(TargetError, match="no mesh runs in the clusters: name images"):
        mesh.process("orders")


def kind(images: Images) -> Kind:
    """A target with these images; nothing of it runs."""
    found = object.__new__(Kind)
    object.__setattr__(found, "given", Given(programs=Programs(), images=images, jwks="{}"))
    return found


def test_images_of_roles_are_what_was_named() -> None:
    """For the time of a check that needs them."""
    found = kind(Images(caller="caller:1", chaos="chaos:2"))

    assert (found.caller(), found.experimenter()) == ("caller:1", "chaos:2")


def test_what_no_image_was_named_for_is_unknown_with_its_role() -> None:
    """Never a pass."""
    with pytest.raises(TargetError, match="name an image of Kubernetes' agnhost for the role caller with --images"):
        kind(Images()).caller()
    with pytest.raises(TargetError, match="name its image for the role chaos with --images"):
        kind(Images()).experimenter()

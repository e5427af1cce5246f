"""What the kind target says of itself where it cannot be had, and of what does not run on it."""

from pathlib import Path

import pytest

from meshproof.errors import TargetError, UsageError
from meshproof.settings import Settings
from meshproof.targets import target_named
from meshproof.targets.embedded.state import TargetState
from meshproof.targets.kind.mesh import ClusterMesh
from meshproof.targets.kind.target import KindTarget


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

    with pytest.raises(TargetError, match="no mesh was installed in the clusters: name images"):
        mesh.process("orders")

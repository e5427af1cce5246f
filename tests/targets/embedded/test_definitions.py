"""Which definitions an API server is started with, and under which name the store that holds them is kept."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace

import pytest

from meshproof.errors import TargetError
from meshproof.targets.embedded import definitions
from meshproof.targets.embedded.definitions import digest, keep, wanted_definitions

DEFINITION = """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: {plural}.{group}
spec:
  group: "{group}"
  names:
    kind: {kind}
"""
MESH = DEFINITION.format(plural="sidecars", group="networking.istio.io", kind="Sidecar")
DECLARED = DEFINITION.format(plural="rollouts", group="argoproj.io", kind="Rollout")
OTHER = DEFINITION.format(plural="experiments", group="argoproj.io", kind="Experiment")


@pytest.fixture
def sets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two sets of definitions that are here, one of which holds other things too, and one that is not."""
    files = {"istio-crds": MESH, "argo-crds": f"{DECLARED}---\nkind: Deployment\n---\n{OTHER}"}
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")

    def find(name: str) -> SimpleNamespace:
        if name not in files:
            message = f"{name} cannot be had; run `meshproof fetch {name}`"
            raise TargetError(message)
        return SimpleNamespace(files=(tmp_path / name,))

    known: Mapping[str, None] = dict.fromkeys([*files, "away-crds", "istio-bootstrap"])
    monkeypatch.setattr(definitions, "find_bundle", find)
    monkeypatch.setattr(definitions, "read_lock", lambda: SimpleNamespace(bundles=known))


@pytest.mark.usefixtures("sets")
def test_those_of_the_mesh_and_of_declared_kinds_are_taken() -> None:
    """A set that is not here is told of with the command that brings it."""
    texts, missing = wanted_definitions({("argoproj.io", "Rollout"), ("away.io", "Thing")})

    assert [one.strip() for one in texts] == [MESH.strip(), DECLARED.strip()]
    assert missing == ["away-crds cannot be had; run `meshproof fetch away-crds`"]


def test_a_store_is_known_by_what_it_holds_and_who_wrote_it() -> None:
    """Another definition or another version of a program is another store."""
    names = {digest([MESH], "3.6"), digest([MESH], "3.7"), digest([MESH, DECLARED], "3.6"), digest([DECLARED], "3.6")}

    assert len(names) == 4


def test_two_runs_that_keep_the_same_store_leave_one(tmp_path: Path) -> None:
    """The second one's copy goes; no half of a copy is ever found under the name."""
    data, kept = tmp_path / "data", tmp_path / "stores" / "same"
    data.mkdir()
    (data / "snap").write_text("all", encoding="utf-8")
    keep(data, kept)
    keep(data, kept)

    assert [one.name for one in (tmp_path / "stores").iterdir()] == ["same"]
    assert (kept / "snap").read_text(encoding="utf-8") == "all"

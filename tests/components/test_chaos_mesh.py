"""A fault of Chaos Mesh: begun, decided by its controller, and gone at the end of the block."""

from collections.abc import Mapping
from typing import Any

import pytest

from meshproof.components import chaos_mesh
from meshproof.components.chaos_mesh import fault
from meshproof.errors import ProbeError
from meshproof.probes.kubernetes import Answer, Api

FAULT = {"apiVersion": "chaos-mesh.org/v1alpha1", "kind": "PodChaos", "metadata": {"namespace": "shop", "name": "loss"}}


class Cluster(Api):
    """An API server whose controller says this of every fault; what is there is in `held`."""

    def __init__(self, told: Mapping[str, str], *, refuses: str = "") -> None:
        """Nothing is there yet."""
        self.held: list[str] = []
        self._told, self._refuses = told, refuses

    def path_of(self, thing: Mapping[str, Any]) -> str:
        """Its name."""
        return f"/{thing['metadata']['name']}"

    def apply(self, thing: Mapping[str, Any], *, dry_run: bool = False, force: bool = True) -> Answer:
        """Keep it, or refuse it."""
        assert not dry_run
        assert force
        if not self._refuses:
            self.held.append(self.path_of(thing))
        return Answer(kind="PodChaos", name="loss", status=403 if self._refuses else 201, says=self._refuses)

    def get(self, path: str, **query: str) -> dict[str, Any]:
        """It, with what the controller says."""
        assert not query
        conditions = [{"type": name, "status": status} for name, status in self._told.items()]
        return {"metadata": {"name": "loss"}, "status": {"conditions": conditions}} if path in self.held else {}

    def delete(self, thing: Mapping[str, Any]) -> bool:
        """Let it go."""
        self.held.remove(self.path_of(thing))
        return True


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is waited for long."""
    monkeypatch.setattr(chaos_mesh, "_ACTS_WITHIN_S", 0.2)


@pytest.mark.parametrize(
    "told",
    [
        pytest.param({"Selected": "True", "AllInjected": "True"}, id="injected"),
        pytest.param({"Selected": "False", "AllInjected": "False"}, id="nothing found to disturb"),
    ],
)
def test_a_fault_is_there_until_the_end_of_the_block(told: Mapping[str, str]) -> None:
    """What it disturbed is for the check to see."""
    cluster = Cluster(told)

    with fault(cluster, FAULT):
        assert cluster.held == ["/loss"]

    assert not cluster.held


def test_a_fault_that_nobody_acts_on_is_taken_away_and_said() -> None:
    """Without a controller nothing was tried."""
    cluster = Cluster({})

    with pytest.raises(ProbeError, match="for a fault injected"), fault(cluster, FAULT):
        pass

    assert not cluster.held


def test_a_fault_that_is_refused_is_said() -> None:
    """In the API server's words."""
    with pytest.raises(ProbeError, match="the fault loss is refused: no such field"):
        fault(Cluster({}, refuses="no such field"), FAULT).__enter__()

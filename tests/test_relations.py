"""What controls say they relate is what their checks read together, and enough of them cross a border."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from meshproof.control import Control, control_of
from meshproof.declaration.model import Declaration
from meshproof.declaration.platform import Platform
from meshproof.errors import CannotSee, NotApplicable
from meshproof.mutation.score import usable_checks
from meshproof.settings import read_settings
from meshproof.targets.plan import declaration_of

ROOT = Path(__file__).parents[1]

#: How many controls hold several kinds against one another, and how many do so across clouds, tools or documents.
RELATING, CROSSING = 40, 15


def _checks() -> Iterator[Callable[..., object]]:
    for path in sorted((ROOT / "suites/policy").glob("test_*.py")):
        spec = importlib.util.spec_from_file_location(f"suites.policy.{path.stem}", path)
        assert spec is not None
        assert spec.loader is not None
        spec.loader.exec_module(module := importlib.util.module_from_spec(spec))
        yield from (one for name, one in vars(module).items() if name.startswith("test_"))


CHECKS = usable_checks(_checks())
CONTROLS = {control.id: control for check in CHECKS if (control := control_of(check)) is not None}


@pytest.fixture(scope="module")
def declaration() -> Declaration:
    """The platform in the environment that the gate judges."""
    return declaration_of(read_settings(ROOT, {}))


def _kinds_read(control: Control, declaration: Declaration) -> set[str]:
    platform = Platform(declaration)
    for check in CHECKS:
        if control_of(check) is control:
            try:
                check(platform)
            except (AssertionError, CannotSee, NotApplicable):
                continue  # what was read until then counts
    reads = platform.reads
    reached = (declaration.by_address.get(address) for address, _ in reads.paths)
    return set(reads.kinds) | {form for one in reached if one for form in (one.kind, f"{one.kind}.{one.group}")}


@pytest.mark.parametrize("control", [one for one in CONTROLS.values() if one.relates], ids=lambda one: one.id)
def test_a_check_reads_every_kind_that_its_control_relates(control: Control, declaration: Declaration) -> None:
    """A relation is not a claim: the check selected or reached each of the kinds."""
    assert set(control.relates) <= _kinds_read(control, declaration)


def test_enough_controls_relate_kinds_and_cross_borders(declaration: Declaration) -> None:
    """A platform breaks where its parts meet, so that is where it is looked at."""
    several = [one for one in CONTROLS.values() if len(set(one.relates)) > 1]
    crossing = [one for one in several if len({_world(kind, declaration) for kind in one.relates}) > 1]

    assert len(several) >= RELATING
    assert len(crossing) >= CROSSING


def _world(kind: str, declaration: Declaration) -> str:
    """The cloud, the tool or the kind of document that a kind belongs to."""
    if kind.startswith(("aws_", "google_")):
        return kind.partition("_")[0]
    records = declaration.by_kind.get(kind, ())
    family = records[0].family if records else "kubernetes"
    return kind if family == "document" else family

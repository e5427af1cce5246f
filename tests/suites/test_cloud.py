"""What is applied to the emulated account and what it may give back otherwise; and that a run has one account."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Literal

import pytest

from fixtures.cloud.applied import _not_taken
from fixtures.cloud.hosts import host_of
from fixtures.cloud.lists import Lists, lists, resources
from fixtures.cloud.needs import dependents
from fixtures.cloud.shared import shared
from meshproof.components.provisioner import Applied, Change
from meshproof.declaration.diagnostics import Diagnostic
from meshproof.declaration.model import Declaration, Place, Record
from meshproof.errors import TargetError
from meshproof.settings import Settings
from meshproof.verdict import Assurance

LISTS = Lists(
    gate={"module.a.*": "the gate"},
    slow={"aws_slow": "waits"},
    not_held={"module.a.aws_lost.*": "not there"},
    perturbed={"module.a.aws_kept.* size": "forgets it"},
    beyond="applied in the nightly tier only",
)


def _record(address: str) -> Record:
    kind = address.split(".")[2]
    place = Place(file="infra/modules/aws/a/main.tf", line=1)
    return Record(
        family="terraform",
        kind=kind,
        address=address,
        name="main",
        values={},
        place=place,
        assurance=Assurance.RESOLVED,
    )


@pytest.mark.parametrize(
    ("address", "whole", "reason"),
    [
        ("module.a.aws_kept.main", False, None),
        ("module.a.aws_slow.main", False, "waits"),
        ("module.a.aws_slow.main", True, None),
        ("module.b.aws_kept.main", False, "applied in the nightly tier only"),
        ("module.b.aws_kept.main", True, None),
        ("module.a.aws_lost.main", True, "not there"),
    ],
)
def test_each_resource_is_applied_or_has_a_reason(address: str, whole: bool, reason: str | None) -> None:  # noqa: FBT001
    """By address or by type, in each tier."""
    assert LISTS.reason_to_leave(_record(address), whole=whole) == reason


def test_what_needs_a_thing_that_is_left_is_left_with_it() -> None:
    """At whatever remove, where one instance of it is left; what needs only what is there is applied."""
    needs = {
        "m.data.document.main": frozenset({"m.aws_kept.main", "m.aws_lost.main"}),
        "m.aws_role.main": frozenset({"m.data.document.main"}),
        "m.aws_alarm.main": frozenset({"m.aws_kept.main"}),
    }
    left = {'m.aws_lost.main["b.c"]': "the emulator has none"}
    asked = ('m.aws_role.main["a"]', "m.aws_alarm.main", 'm.aws_lost.main["b.c"]', "m.aws_kept.main")

    assert dependents(needs, left, asked) == {
        'm.aws_role.main["a"]': "needs m.aws_lost.main: the emulator has none",
    }


@pytest.mark.parametrize(
    ("change", "is_expected"),
    [
        (("module.a.aws_kept.main", ("update",), ("size",)), True),
        (("module.a.aws_kept.main", ("update",), ("size", "name")), False),
        (("module.a.aws_kept.main", ("delete", "create"), ("size",)), False),
        (("module.b.aws_kept.main", ("update",), ("size",)), False),
    ],
)
def test_only_what_is_named_may_differ(change: tuple[str, tuple[str, ...], tuple[str, ...]], is_expected: bool) -> None:  # noqa: FBT001
    """The address and every attribute, and never more than an update."""
    address, actions, attributes = change
    found = LISTS.unexpected([Change(address=address, actions=actions, attributes=attributes)])

    assert (found == []) is is_expected


@pytest.mark.parametrize("emulator", ["moto", "localstack"])
def test_every_glob_of_the_lists_names_something(own_declaration: Declaration, emulator: str) -> None:
    """A name that nothing has any more would excuse nothing, and nobody would notice."""
    found = lists(emulator)
    rows = resources(own_declaration)
    globs = [*found.gate, *found.slow, *found.not_held, *(one.rpartition(" ")[0] for one in found.perturbed)]
    only = {glob: Lists(gate={}, slow={}, not_held={glob: "named"}, perturbed={}, beyond="") for glob in globs}
    unused = [glob for glob in globs if not any(only[glob].reason_to_leave(one, whole=True) == "named" for one in rows)]

    assert found.gate
    assert unused == []


@pytest.fixture(scope="module")
def own_declaration() -> Declaration:
    """The platform's own, in production."""
    from meshproof.declaration.reading import read  # noqa: PLC0415 - only this test pays for it

    return read(Path(__file__).parents[2] / "infra", "prod", plan_file=None)


def test_who_comes_second_finds_what_the_first_has_built(tmp_path: Path) -> None:
    """And it ends after the second has left."""
    happened: list[str] = []

    @contextmanager
    def build() -> Iterator[str]:
        happened.append("built")
        yield "account"
        happened.append("ended")

    with ExitStack() as hosts:
        with ExitStack() as guests:
            both = [shared(tmp_path, build, hosts=hosts, guests=guests) for _ in range(2)]
        happened.append("guests left")

    assert both == ["account", "account"]
    assert happened == ["built", "guests left", "ended"]


def test_what_could_not_be_built_is_not_tried_again(tmp_path: Path) -> None:
    """Each of them is told the same."""
    tries: list[int] = []

    @contextmanager
    def build() -> Iterator[str]:
        tries.append(1)
        message = "no emulator"
        raise TargetError(message)
        yield ""

    with ExitStack() as stack:
        for _ in range(2):
            with pytest.raises(TargetError, match="no emulator"):
                shared(tmp_path, build, hosts=stack, guests=stack)

    assert tries == [1]


def test_what_was_not_taken_is_named_with_the_reason() -> None:
    """Its own error, or that of what it needs."""
    refused = Diagnostic(summary="no such thing here", detail="", address="a.lost", place=None, context="")
    done = Applied(addresses=("a.there",), refused=(refused,), seconds=1.0)

    assert dict(_not_taken(("a.there", "a.lost", "a.needs_it"), done)) == {
        "a.lost": "no such thing here",
        "a.needs_it": "what it depends on is not there",
    }


@pytest.mark.parametrize(("target", "plays"), [("kind", "localstack"), ("embedded", "moto")])
def test_each_target_has_what_plays_aws_for_it(target: Literal["kind", "embedded"], plays: str) -> None:
    """Only where nothing else is there, what an emulator does not take is an error."""
    host = host_of(Settings(target=target))

    assert (host.lists, host.strict) == (plays, target == "embedded")

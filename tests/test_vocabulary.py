"""The vocabulary: controls that cannot be wrong, judgements that cannot be vacuous, edits that change something."""

from __future__ import annotations

import pytest

from meshproof import Control, Level, NotApplicable, Pillar, ProbeError, UsageError, ValueUnknown, edit, judge, remove
from meshproof.declaration.model import UNKNOWN, Declaration, Place, Record
from meshproof.declaration.platform import Platform
from meshproof.declaration.snapshot import from_text, to_text
from meshproof.mutant import Mutant
from meshproof.mutation.apply import apply
from meshproof.mutation.generate import draw, sites_of
from meshproof.verdict import Assurance, Verdict, worst

OPEN = edit("Service", "shop/a", {"spec": {"type": "NodePort"}}, says="open")


def control(**changes: object) -> Control:
    """A valid control with some fields changed."""
    fields: dict[str, object] = {
        "id": "NET-001",
        "title": "Services MUST be internal",
        "system": "network",
        "pillar": Pillar.SECURITY,
        "level": Level.MUST,
        "since": "1.0",
        "source": "https://kubernetes.io",
        "remedy": "Use ClusterIP.",
        "mutants": [OPEN],
    }
    return Control(**(fields | changes))  # type: ignore[arg-type]  # the point is to pass what is wrong


def record(name: str = "a", **values: object) -> Record:
    """A Service."""
    return Record(
        family="kubernetes",
        kind="Service",
        address=f"Service/shop/{name}",
        name=name,
        namespace="shop",
        values={"spec": {"type": "ClusterIP", "ports": [{"port": 80}, {"port": 81}]}, **values},
        place=Place(file="infra/a.yaml", line=1),
        assurance=Assurance.RESOLVED,
    )


def declaration(*records: Record) -> Declaration:
    """A declaration of these records."""
    return Declaration(environment="prod", version="1.0.0", records=records)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        pytest.param({"mutants": []}, "has no mutant", id="no-mutant"),
        pytest.param({"id": "net1"}, "must look like", id="bad-id"),
        pytest.param({"source": ""}, "needs a source", id="no-source"),
        pytest.param({"title": "Services are internal"}, "does not say MUST", id="no-word"),
        pytest.param({"mutants": [OPEN, OPEN]}, "two mutants of the same name", id="twin-mutants"),
    ],
)
def test_a_control_that_could_not_be_red_is_refused(changes: dict[str, object], words: str) -> None:
    """The sentence says what is missing."""
    with pytest.raises(UsageError, match=words):
        control(**changes)


def test_judging_nothing_is_not_applicable() -> None:
    """Nothing selected is never a pass."""
    with pytest.raises(NotApplicable):
        judge(Platform(declaration()).all("Service"), lambda _: None)


def test_an_unknown_value_is_unknown_unless_something_is_broken() -> None:
    """Unknown does not hide a broken promise, and a kept one does not hide an unknown."""
    platform = Platform(declaration(record("a"), record("b", spec={"type": UNKNOWN})))

    with pytest.raises(ProbeError, match="Service/shop/b"):
        judge(platform.all("Service"), lambda one: None if one.get("spec.type") == "ClusterIP" else "open")
    broken = judge(
        platform.all("Service"), lambda one: "closed" if one.get("spec.type") == "ClusterIP" else None
    ).broken
    assert [one.address for one in broken] == ["Service/shop/a"]


def test_what_was_said_before_the_unknown_counts() -> None:
    """A promise that complains and then cannot go on has complained."""

    def promise(item: object) -> list[str]:
        del item
        yield "first"  # type: ignore[misc]
        raise ProbeError("blind")  # noqa: EM101

    findings = judge(Platform(declaration(record())).all("Service"), promise)

    assert findings.broken[0].complaints == ("first",)


def test_an_unknown_refuses_to_decide() -> None:
    """Comparison, truth, length and methods raise instead of answering."""
    for use in (
        lambda: UNKNOWN == 1,
        lambda: bool(UNKNOWN),
        lambda: len(UNKNOWN),
        lambda: UNKNOWN.startswith("x"),
        lambda: 1 in UNKNOWN,
    ):
        with pytest.raises(ProbeError):
            use()


def test_values_are_found_by_path() -> None:
    """Missing is the default; unknown raises; lists are entered by position."""
    item = Platform(declaration(record(status=UNKNOWN))).all("Service")[0]

    assert (item.get("spec.ports.1.port"), item.get("spec.ports.9.port", 0)) == (81, 0)
    assert (item.has("status.x"), item.knows("status"), item.knows("nothing")) == (True, False, True)
    with pytest.raises(ValueUnknown, match="status"):
        item.get("status.x")


def test_an_edit_merges_and_forgets_references() -> None:
    """Mappings merge by key, lists by position; what is edited is a literal from then on."""
    before = record()
    before = Record(
        **{name: getattr(before, name) for name in before.__dataclass_fields__}
        | {"references": {"spec.type": ("fact:x",)}}
    )

    after = apply(
        edit("Service", "shop/a", {"spec": {"ports": [{}, {"port": 99}], "type": "NodePort"}}, says="x"),
        declaration(before),
    )

    changed = after["Service/shop/a"]
    assert changed is not None
    assert changed.values["spec"] == {"type": "NodePort", "ports": [{"port": 80}, {"port": 99}]}
    assert changed.references == {}


@pytest.mark.parametrize(
    ("mutant", "words"),
    [
        pytest.param(edit("Service", "shop/z", {"a": 1}, says="x"), "matches shop/z", id="nothing"),
        pytest.param(
            edit("Service", "shop/a", {"spec": {"type": "ClusterIP"}}, says="x"), "changes nothing", id="same"
        ),
        pytest.param(edit("Service", "shop/a", {"spec": {"type": ["x"]}}, says="x"), "shape", id="shape"),
    ],
)
def test_a_mutant_that_proves_nothing_is_refused(mutant: object, words: str) -> None:
    """It must match, change something and keep the shape."""
    with pytest.raises(UsageError, match=words):
        apply(mutant, declaration(record()))  # type: ignore[arg-type]


def test_removal_takes_the_thing_away() -> None:
    """The platform no longer lists it."""
    declared = declaration(record("a"), record("b"))

    platform = Platform(declared, apply(remove("Service", "shop/a", says="x"), declared))

    assert [one.name for one in platform.all("Service")] == ["b"]


def test_a_snapshot_gives_the_same_declaration() -> None:
    """Unknown values survive, and the digest does not change."""
    declared = declaration(record("a", status=UNKNOWN), record("b"))

    again = from_text(to_text(declared))

    assert again.digest == declared.digest
    assert to_text(again) == to_text(declared)


def test_the_draw_is_stratified_and_repeats() -> None:
    """The same seed draws the same sites; no system is left out."""
    sites = list(sites_of(declaration(*(record(f"s{n}") for n in range(9))), ()))

    assert draw(sites, count=5, seed=1) == draw(sites, count=5, seed=1)
    assert {one.operator for one in sites} == {"remove-object", "drop-block", "lower", "raise"}


def test_the_worst_verdict_wins_and_none_is_unknown() -> None:
    """An empty list is never a pass."""
    assert worst([Verdict.PASS, Verdict.UNKNOWN, Verdict.EXEMPT]) is Verdict.UNKNOWN
    assert worst([]) is Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("mutant", "takes_away"),
    [
        (remove("Service", "shop/a", says="x"), True),
        (edit("Service", "shop/a", {"spec": {"type": None}}, says="x"), True),
        (edit("Service", "shop/a", {"spec": {"ports": [{}, {"name": None}]}}, says="x"), True),
        (OPEN, False),
    ],
    ids=["the-whole", "a-value", "a-value-of-a-list", "nothing"],
)
def test_a_mutant_knows_whether_it_takes_something_away(mutant: Mutant, *, takes_away: bool) -> None:
    """Where nothing may be changed in what runs, the other side can get a value, but what runs cannot lose one."""
    assert mutant.takes_away is takes_away

"""Judging many things against one promise, with an answer that explains itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Protocol, TypeVar

from meshproof.errors import CannotSee, NotApplicable, ProbeError
from meshproof.verdict import Assurance, Fidelity


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where something is declared; `file` is relative to the directory that holds `infra/`."""

    file: str
    line: int | None = None

    def __str__(self) -> str:
        """`file:line`, or only the file where no line is known."""
        return self.file if self.line is None else f"{self.file}:{self.line}"


class Judged(Protocol):
    """What `judge` needs of a thing: a stable address, where it stands and how well it is known."""

    @property
    def address(self) -> str: ...  # noqa: D102 - a protocol's attribute
    @property
    def place(self) -> Place: ...  # noqa: D102
    @property
    def assurance(self) -> Assurance: ...  # noqa: D102
    @property
    def fidelity(self) -> Fidelity: ...  # noqa: D102


J = TypeVar("J", bound=Judged)

Complaints = str | Iterable[str] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """One thing against one promise: kept when `complaints` is empty and `undecided` is None."""

    address: str
    place: Place
    assurance: Assurance
    fidelity: Fidelity
    complaints: tuple[str, ...] = ()
    undecided: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What was judged and how each thing fared; `broken` is what a check asserts to be empty."""

    judged: tuple[Judgement, ...]

    @property
    def broken(self) -> tuple[Judgement, ...]:
        """The things that do not keep the promise."""
        return tuple(one for one in self.judged if one.complaints)

    @property
    def undecided(self) -> tuple[Judgement, ...]:
        """The things whose promise rests on a value that is not known yet."""
        return tuple(one for one in self.judged if one.undecided and not one.complaints)

    def table(self) -> str:
        """One line for each complaint: place, address, words."""
        rows = [(str(one.place), one.address, text) for one in self.broken for text in one.complaints]
        return "\n".join(f"{place}  {address}: {text}" for place, address, text in rows)


_recorder: ContextVar[list[Findings] | None] = ContextVar("recorder", default=None)


@contextmanager
def recording() -> Iterator[list[Findings]]:
    """Collect every Findings made in the block: the evidence of the check that runs in it."""
    seen: list[Findings] = []
    token = _recorder.set(seen)
    try:
        yield seen
    finally:
        _recorder.reset(token)


def judge(things: Iterable[J], promise: Callable[[J], Complaints]) -> Findings:
    """Hold each thing to `promise`, which returns its complaints: None, one sentence or several.

    Raises NotApplicable when there is nothing to judge, and ProbeError when nothing is broken but something
    could not be decided, so that neither can be taken for a pass.
    """
    findings = Findings(judged=tuple(_one(thing, promise) for thing in things))
    if (seen := _recorder.get()) is not None:
        seen.append(findings)
    if not findings.judged:
        message = "nothing of this kind is declared"
        raise NotApplicable(message)
    if not findings.broken and findings.undecided:
        first = findings.undecided[0]
        more = f" (and {len(findings.undecided) - 1} more)" if len(findings.undecided) > 1 else ""
        message = f"{first.address}: {str(first.undecided).removeprefix(f'{first.address}: ')}{more}"
        raise ProbeError(message)
    return findings


def _one(thing: J, promise: Callable[[J], Complaints]) -> Judgement:
    complaints: list[str] = []
    undecided = None
    try:
        answer = promise(thing)
        for complaint in (answer,) if isinstance(answer, str) else answer or ():
            complaints.append(complaint)  # noqa: PERF402 - what was said before something could not be seen counts
    except CannotSee as error:
        undecided = str(error)
    return Judgement(
        address=thing.address,
        place=thing.place,
        assurance=thing.assurance,
        fidelity=thing.fidelity,
        complaints=tuple(complaints),
        undecided=undecided,
    )

"""HCL expressions as values: what a declaration says before anything evaluates it.

Every node carries `start` and `end`, offsets into the text of its file, so that an expression can be quoted, placed
on a line, or rewritten without being printed anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

Scalar = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant, or the bare word that names an object's key."""

    start: int
    end: int
    value: Scalar


@dataclass(frozen=True, slots=True)
class Template:
    """Text with interpolations; literal text stands in it as Literal."""

    start: int
    end: int
    parts: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class ListOf:
    """`[a, b]`."""

    start: int
    end: int
    items: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class ObjectOf:
    """`{ a = b }`, in order."""

    start: int
    end: int
    items: tuple[tuple[Expression, Expression], ...]


@dataclass(frozen=True, slots=True)
class Splat:
    """`[*]` or `.*` within the steps of a reference."""


SPLAT: Final = Splat()


@dataclass(frozen=True, slots=True)
class Reference:
    """`root.a["b"][*].c`: steps are attribute names, computed indexes (expressions) or SPLAT.

    `stops[i]` is the offset where step i ends, so a prefix of the reference can be rewritten alone.
    """

    start: int
    end: int
    root: str
    steps: tuple[str | Expression | Splat, ...]
    stops: tuple[int, ...]

    def names(self, count: int) -> tuple[str, ...]:
        """The first `count` parts, as far as they are plain names."""
        found = [self.root]
        for step in self.steps[: count - 1]:
            if not isinstance(step, str):
                break
            found.append(step)
        return tuple(found)


@dataclass(frozen=True, slots=True)
class Call:
    """A function call; `splats` says that the last argument is expanded by `...`."""

    start: int
    end: int
    name: str
    arguments: tuple[Expression, ...]
    splats: bool = False


@dataclass(frozen=True, slots=True)
class Access:
    """Steps into something that is no plain name: `f(x).a[0]`."""

    start: int
    end: int
    base: Expression
    steps: tuple[str | Expression | Splat, ...]


@dataclass(frozen=True, slots=True)
class Compound:
    """Everything that computes: conditional, operation, for, directive.

    `names` are the names that a `for` binds within its parts.
    """

    start: int
    end: int
    kind: str
    parts: tuple[Expression, ...]
    names: tuple[str, ...] = ()


Expression = Literal | Template | ListOf | ObjectOf | Reference | Call | Access | Compound


def children(node: Expression) -> tuple[Expression, ...]:
    """The expressions directly inside `node`."""
    found: tuple[Expression, ...] = ()
    match node:
        case Template(parts=inner) | Compound(parts=inner) | ListOf(items=inner) | Call(arguments=inner):
            found = inner
        case ObjectOf(items=pairs):
            found = tuple(one for pair in pairs for one in pair)
        case Reference(steps=steps):
            found = _indexes(steps)
        case Access(base=base, steps=steps):
            found = (base, *_indexes(steps))
    return found


def _indexes(steps: tuple[str | Expression | Splat, ...]) -> tuple[Expression, ...]:
    return tuple(step for step in steps if not isinstance(step, (str, Splat)))


def walk(node: Expression) -> Iterator[Expression]:
    """`node` and everything inside it, outermost first."""
    yield node
    for child in children(node):
        yield from walk(child)


def references(node: Expression, bound: frozenset[str] = frozenset()) -> Iterator[Reference]:
    """Every reference in `node` except those to names that a surrounding `for` binds."""
    if isinstance(node, Compound) and node.names:
        bound |= frozenset(node.names)
    if isinstance(node, Reference) and node.root not in bound:
        yield node
    for child in children(node):
        yield from references(child, bound)


def rewritten(text: str, node: Expression, replace: Callable[[Reference], tuple[int, str] | None]) -> str:
    """The source of `node` with some references replaced.

    `replace` returns None to keep a reference, or the number of its parts (root included) that give way to a text.
    """
    pieces: list[str] = []
    position = node.start
    for reference in sorted(references(node), key=lambda one: one.start):
        answer = replace(reference)
        if answer is None or reference.start < position:
            continue
        count, instead = answer
        pieces += [text[position : reference.start], instead]
        position = reference.stops[count - 2] if count > 1 else reference.start + len(reference.root)
    pieces.append(text[position : node.end])
    return "".join(pieces)

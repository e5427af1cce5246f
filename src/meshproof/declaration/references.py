"""Follows references through locals, variables, outputs and units to the resources behind them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from meshproof.declaration.expression import (
    SPLAT,
    Access,
    Call,
    Compound,
    Expression,
    ListOf,
    Literal,
    ObjectOf,
    Reference,
    Splat,
    children,
)
from meshproof.declaration.scope import ModuleScope

Step = str | Expression | Splat
Steps = tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Target:
    """A resource, or one instance of it where `index` is known."""

    module: tuple[str, ...]
    key: str
    index: str | int | None = None


@dataclass(slots=True)
class Instance:
    """The instance whose references are followed: what `each` and `count` mean."""

    index: str | int | None = None
    for_each: Expression | None = None


_NO_INSTANCE: Final = Instance()
#: Functions whose result holds the entries of their arguments under the same names.
_KEEPS_KEYS: Final = frozenset({"merge", "try", "coalesce", "tomap", "one", "sensitive", "nonsensitive", "tolist"})


@dataclass(slots=True)
class Follower:
    """Follows the references of one plan; what was followed once is remembered."""

    _known: dict[tuple[object, ...], frozenset[Target]] = field(default_factory=dict)
    _open: set[tuple[object, ...]] = field(default_factory=set)

    def targets(self, node: Expression, scope: ModuleScope, instance: Instance = _NO_INSTANCE) -> frozenset[Target]:
        """Every resource that `node` refers to, read in `scope`."""
        return frozenset(self._all(node, scope, instance, frozenset()))

    def _all(self, node: Expression, scope: ModuleScope, instance: Instance, bound: frozenset[str]) -> Iterator[Target]:
        if isinstance(node, Compound) and node.names:
            bound |= frozenset(node.names)
        if isinstance(node, Reference):
            if node.root not in bound:
                yield from self._reference(node, node.steps, scope, instance)
            for child in children(node):
                if not _is_each_key(child):
                    yield from self._all(child, scope, instance, bound)
            return
        if isinstance(node, Access):
            yield from self._narrowed(node.base, node.steps, scope, instance, bound)
            return
        for child in children(node):
            yield from self._all(child, scope, instance, bound)

    def _narrowed(
        self, node: Expression, steps: Steps, scope: ModuleScope, instance: Instance, bound: frozenset[str]
    ) -> Iterator[Target]:
        """Only the part of `node` that `steps` select, as far as that can be told."""
        if not steps:
            yield from self._all(node, scope, instance, bound)
            return
        if isinstance(node, Reference) and node.root not in bound:
            yield from self._reference(node, (*node.steps, *steps), scope, instance)
            return
        parts = _selected(node, steps)
        if parts is None:
            yield from self._all(node, scope, instance, bound)
            return
        for part, rest in parts:
            yield from self._narrowed(part, rest, scope, instance, bound)

    def _reference(self, node: Reference, steps: Steps, scope: ModuleScope, instance: Instance) -> Iterator[Target]:
        steps = tuple(_of_instance(step, instance) for step in steps)
        name = steps[0] if steps and isinstance(steps[0], str) else ""
        match node.root:
            case "var":
                yield from self._bound("var", name, steps[1:], scope)
            case "local":
                yield from self._bound("local", name, steps[1:], scope)
            case "module":
                yield from self._output(scope.child(name), steps[1:])
            case "dependency":
                yield from self._output(scope.dependency(name), steps[2:])
            case "each" if name == "value" and instance.for_each is not None:
                entry: Steps = (Literal(0, 0, instance.index) if instance.index is not None else SPLAT,)
                yield from self._narrowed(instance.for_each, (*entry, *steps[1:]), scope, _NO_INSTANCE, frozenset())
            case "data":
                second = steps[1] if len(steps) > 1 and isinstance(steps[1], str) else ""
                yield from _resource(f"data.{name}.{second}", steps[2:], scope)
            case _:
                yield from _resource(f"{node.root}.{name}", steps[1:], scope)

    def _output(self, child: ModuleScope | None, steps: Steps) -> Iterator[Target]:
        if child is None:
            return
        plain = [step for step in steps if isinstance(step, str)]
        if plain:
            position = steps.index(plain[0])
            yield from self._bound("output", plain[0], steps[position + 1 :], child)

    def _bound(self, kind: str, name: str, steps: Steps, scope: ModuleScope) -> frozenset[Target]:
        """The targets of a local, variable or output, followed once for each way it is entered."""
        plain = tuple(_plain(steps))
        key = (id(scope), kind, name, plain)
        if key in self._known or key in self._open:
            return self._known.get(key, frozenset())
        lookup = {"local": scope.local, "var": scope.argument, "output": scope.output}
        found = lookup[kind](name)
        if found is None:
            return frozenset()
        self._open.add(key)
        self._known[key] = frozenset(self._narrowed(found[0], plain, found[1], _NO_INSTANCE, frozenset()))
        self._open.discard(key)
        return self._known[key]


def _plain(steps: Steps) -> Iterator[Step]:
    """The steps up to the first whose key is computed; that one selects anything."""
    for step in steps:
        if isinstance(step, Literal):
            yield Literal(0, 0, step.value)
        else:
            yield step if isinstance(step, (str, Splat)) else SPLAT


def _is_each_key(node: Expression) -> bool:
    return isinstance(node, Reference) and node.root in ("each", "count")


def _of_instance(step: Step, instance: Instance) -> Step:
    """`[each.key]` and `[count.index]` as the key of the instance at hand."""
    if isinstance(step, Reference) and _is_each_key(step) and step.steps[:1] in (("key",), ("index",)):
        return step if instance.index is None else Literal(step.start, step.end, instance.index)
    return step


def _selected(node: Expression, steps: Steps) -> list[tuple[Expression, Steps]] | None:
    """The parts of a node that steps lead into, with the steps that are left; None where that cannot be told."""
    match node:
        case ObjectOf():
            return [(one, steps[1:]) for one in _chosen(node, steps[0])]
        case ListOf(items=items):
            return [(one, steps[1:]) for one in _picked(items, steps[0])]
        case Call(name=name, arguments=arguments) if name in _KEEPS_KEYS:
            return [(one, steps) for one in arguments]
        case Compound(kind="conditional", parts=(_, yes, no)):
            return [(yes, steps), (no, steps)]
        case _:
            return None


def _chosen(node: ObjectOf, step: Step) -> list[Expression]:
    """The values of an object under a key; all of them where the key is not known."""
    name = step.value if isinstance(step, Literal) else step
    if not isinstance(name, str):
        return [value for _, value in node.items]
    exact = [value for key, value in node.items if isinstance(key, Literal) and str(key.value) == name]
    if exact:
        return exact
    return [value for key, value in node.items if not isinstance(key, Literal)]


def _picked(items: tuple[Expression, ...], step: Step) -> tuple[Expression, ...]:
    position = step.value if isinstance(step, Literal) else None
    if isinstance(position, int) and not isinstance(position, bool) and 0 <= position < len(items):
        return (items[position],)
    return items


def _resource(key: str, steps: Steps, scope: ModuleScope) -> Iterator[Target]:
    if scope.declares(key):
        first = steps[0] if steps else None
        known = isinstance(first, Literal) and isinstance(first.value, (str, int))
        yield Target(scope.path, key, first.value if isinstance(first, Literal) and known else None)  # type: ignore[arg-type]


class Instances:
    """The planned instances of every resource, to turn targets into addresses."""

    def __init__(self, planned: Iterable[tuple[tuple[str, ...], str, str | int | None, str]]) -> None:
        """Rows of module path, key, index and address."""
        self._addresses: dict[tuple[tuple[str, ...], str], dict[str | int | None, str]] = {}
        for module, key, index, address in planned:
            self._addresses.setdefault((module, key), {})[index] = address

    def addresses(self, targets: Iterable[Target]) -> tuple[str, ...]:
        """The addresses of all instances that `targets` name, sorted."""
        found: set[str] = set()
        for target in targets:
            instances: Mapping[str | int | None, str] = self._addresses.get((target.module, target.key), {})
            if target.index is not None and target.index in instances:
                found.add(instances[target.index])
            else:
                found.update(instances.values())
        return tuple(sorted(found))

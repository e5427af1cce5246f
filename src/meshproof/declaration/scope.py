"""Where a reference can lead: modules, what they are called with, and the units that stand above them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Protocol

from meshproof.declaration import hcl
from meshproof.declaration.expression import Expression, ListOf, Literal, ObjectOf
from meshproof.declaration.module import Module, Modules
from meshproof.declaration.terragrunt import LiveUnit
from meshproof.judgement import Place

#: An expression together with the scope it must be read in.
Bound = tuple[Expression, "ModuleScope"]


class ModuleScope(Protocol):
    """One module call (or the root) as references see it; `path` holds the names of the calls that lead to it."""

    path: tuple[str, ...]

    def local(self, name: str) -> Bound | None:
        """What a local value is."""

    def argument(self, name: str) -> Bound | None:
        """What the caller passes for a variable, else the variable's default."""

    def output(self, name: str) -> Bound | None:
        """What an output is."""

    def child(self, name: str) -> ModuleScope | None:
        """The module behind a call."""

    def dependency(self, label: str) -> ModuleScope | None:
        """The module of the unit behind a Terragrunt dependency."""

    def declares(self, key: str) -> bool:
        """Whether `type.name` or `data.type.name` is declared here."""


class DeclaringScope(ModuleScope, Protocol):
    """A scope whose own resources can be looked up as well."""

    def place(self, key: str) -> Place | None:
        """Where a resource is declared, None where it is not declared here."""

    def leaves(self, key: str) -> Iterator[tuple[str, Expression]]:
        """The expressions of a resource by attribute path."""

    def for_each(self, key: str) -> Expression | None:
        """What the instances of a resource are made for."""


class HclScope:
    """A module out of its files; `arguments` are the caller's expressions and `caller` the scope to read them in."""

    def __init__(
        self,
        module: Module,
        modules: Modules,
        path: tuple[str, ...] = (),
        arguments: Mapping[str, Expression] | None = None,
        caller: ModuleScope | None = None,
    ) -> None:
        """A root has no caller."""
        self.module = module
        self.path = path
        self._modules = modules
        self._arguments = arguments or {}
        self._caller = caller
        self._children: dict[str, HclScope | None] = {}

    def local(self, name: str) -> Bound | None:
        """See ModuleScope."""
        found = self.module.locals.get(name)
        return (found[1], self) if found else None

    def argument(self, name: str) -> Bound | None:
        """See ModuleScope."""
        if name in self._arguments and self._caller is not None:
            return self._arguments[name], self._caller
        variable = self.module.variables.get(name)
        return (variable.default, self) if variable and variable.default is not None else None

    def output(self, name: str) -> Bound | None:
        """See ModuleScope."""
        found = self.module.outputs.get(name)
        value = found[1].body.value("value") if found else None
        return (value, self) if value is not None else None

    def child(self, name: str) -> HclScope | None:
        """See ModuleScope."""
        if name not in self._children:
            self._children[name] = self._called(name)
        return self._children[name]

    def _called(self, name: str) -> HclScope | None:
        directory = self.module.called(name) if name in self.module.calls else None
        if directory is None or not directory.is_dir():
            return None
        body = self.module.calls[name][1].body
        arguments = {one.name: one.value for one in body.attributes.values()}
        return HclScope(self._modules.module(directory), self._modules, (*self.path, name), arguments, self)

    def dependency(self, label: str) -> ModuleScope | None:  # noqa: ARG002 - only a unit has any
        """See ModuleScope."""
        return None

    def declares(self, key: str) -> bool:
        """See ModuleScope."""
        return key in self.module.resources

    def place(self, key: str) -> Place | None:
        """See DeclaringScope."""
        found = self.module.resources.get(key)
        return found[0].place(found[1].start) if found else None

    def leaves(self, key: str) -> Iterator[tuple[str, Expression]]:
        """See DeclaringScope."""
        return leaves(self.module.resources[key][1].body)

    def for_each(self, key: str) -> Expression | None:
        """See DeclaringScope."""
        return self.module.resources[key][1].body.value("for_each")

    def below(self) -> Iterator[HclScope]:
        """This scope and those of every module it calls."""
        yield self
        for name in self.module.calls:
            child = self.child(name)
            if child is not None and len(child.path) < 32:  # noqa: PLR2004 - a module that calls itself
                yield from child.below()


class UnitScope:
    """A Terragrunt unit, in which its inputs are read: `dependency.x.outputs.y` leads into another unit's module."""

    path: tuple[str, ...] = ()

    def __init__(self, unit: LiveUnit, roots: Mapping[str, HclScope]) -> None:
        """`roots` maps unit ids to their modules, and is filled by the caller."""
        self._targets = {one.label: one.unit for one in unit.dependencies}
        self._roots = roots

    def local(self, name: str) -> Bound | None:  # noqa: ARG002 - locals of a unit refer to no resource
        """See ModuleScope."""
        return None

    argument = output = local

    def child(self, name: str) -> ModuleScope | None:  # noqa: ARG002 - a unit calls no module
        """See ModuleScope."""
        return None

    def dependency(self, label: str) -> ModuleScope | None:
        """See ModuleScope."""
        return self._roots.get(self._targets.get(label) or "")

    def declares(self, key: str) -> bool:  # noqa: ARG002 - a unit declares no resource
        """See ModuleScope."""
        return False


#: Meta-arguments that refer to no other resource's values.
_SKIPPED = frozenset({"provider", "providers", "lifecycle", "provisioner", "connection"})


def leaves(body: hcl.Body, at: str = "") -> Iterator[tuple[str, Expression]]:
    """Every expression of a resource's body by its dotted path, with positions for nested blocks and list items.

    What stands in a `dynamic` block is found at the block's name, because its position is not known.
    """
    skipped = frozenset() if at else _SKIPPED
    for name, attribute in body.attributes.items():
        if name not in skipped:
            yield from _inside(attribute.value, f"{at}{name}")
    seen: dict[str, int] = {}
    for block in body.blocks:
        if block.type in skipped:
            continue
        if block.type == "dynamic" and block.labels:
            yield from ((f"{at}{block.labels[0]}", value) for _, value in leaves(block.body, f"{block.labels[0]}."))
            continue
        position = seen.setdefault(block.type, 0)
        seen[block.type] += 1
        yield from leaves(block.body, f"{at}{block.type}.{position}.")


def _inside(value: Expression, at: str) -> Iterator[tuple[str, Expression]]:
    if isinstance(value, ObjectOf) and all(isinstance(key, Literal) for key, _ in value.items):
        for key, one in value.items:
            yield from _inside(one, f"{at}.{key.value if isinstance(key, Literal) else ''}")
    elif isinstance(value, ListOf):
        for position, one in enumerate(value.items):
            yield from _inside(one, f"{at}.{position}")
    elif not isinstance(value, Literal):
        yield at, value

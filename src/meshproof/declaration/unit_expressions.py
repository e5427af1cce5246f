"""Expressions and values of a unit, written as Terraform's JSON syntax writes them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

from meshproof.declaration import hcl
from meshproof.declaration.evaluate import Scope, evaluate
from meshproof.declaration.expression import (
    Access,
    Call,
    Expression,
    ListOf,
    Literal,
    ObjectOf,
    Reference,
    Template,
    rewritten,
)
from meshproof.declaration.hcl_text import escaped
from meshproof.declaration.model import UNKNOWN, Unknown
from meshproof.declaration.terragrunt import LiveUnit
from meshproof.declaration.terragrunt_scope import FUNCTIONS
from meshproof.errors import UsageError

#: Unknown until apply, because the stand-in's id is.
UNKNOWN_VALUE: Final = "jsondecode(terraform_data.unknown.id)"
_OUTPUTS: Final = 3


class _Constants(Scope):
    """For generated text: everything in it has been evaluated already."""

    def variable(self, reference: Reference) -> tuple[object, int]:  # noqa: ARG002 - nothing is left to look up
        return UNKNOWN, 0

    def call(self, call: Call) -> object:  # noqa: ARG002
        return UNKNOWN

    def outside(self, node: Expression) -> object:  # noqa: ARG002
        return UNKNOWN


def block_values(body: hcl.Body) -> dict[str, object]:
    """A body whose expressions are constants, nested blocks as lists."""
    found: dict[str, object] = {name: evaluate(one.value, _Constants()) for name, one in body.attributes.items()}
    for block in body.blocks:
        listed = found.setdefault(block.type, [])
        if isinstance(listed, list):
            listed.append(block_values(block.body))
    return found


def as_json(value: object) -> object:
    """A value as Terraform's JSON syntax writes it: template openers escaped, unknown parts unknown to Terraform."""
    if isinstance(value, Unknown):
        return f"${{{UNKNOWN_VALUE}}}"
    if isinstance(value, Mapping):
        return {escaped(str(key)): as_json(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [as_json(one) for one in value]
    return escaped(value) if isinstance(value, str) else value


class UnitWriter:
    """Writes the expressions of one unit as expressions of the composed root."""

    def __init__(
        self, unit: LiveUnit, kept: set[str], shared: dict[str, object], *, mocks_others: bool = False
    ) -> None:
        """`kept` are the units in the root; `shared` are its locals, to which those of the unit are added.

        What other units give is unknown, or what the unit's `mock_outputs` say.
        """
        self._unit = unit
        self._kept = kept
        self._dependencies = {one.label: one for one in unit.dependencies}
        self._shared = shared
        self._mocks_others = mocks_others

    def rendered(self, node: Expression) -> object:
        """`node` in Terraform's JSON syntax."""
        match node:
            case Literal(value=value):
                return escaped(value) if isinstance(value, str) else value
            case ListOf(items=items):
                return [self.rendered(one) for one in items]
            case ObjectOf(items=pairs):
                return {str(self._part(key)): self.rendered(value) for key, value in pairs}
            case Template(parts=parts):
                return "".join(str(self._part(one)) for one in parts)
            case _:
                return f"${{{self._source(node)}}}"

    def _part(self, node: Expression) -> object:
        if isinstance(node, Literal):
            return escaped(str(node.value))
        return f"${{{self._source(node)}}}"

    def _source(self, node: Expression) -> str:
        if isinstance(node, (Call, Access)):
            value = self._unit.scope.value(node)
            if isinstance(value, (str, int, float, bool)):
                return json.dumps(value)
            if not self._mocks_others or (isinstance(node, Call) and node.name in FUNCTIONS):
                return UNKNOWN_VALUE
        return rewritten(self._unit.file.text, node, self._replacement)

    def _replacement(self, reference: Reference) -> tuple[int, str] | None:
        names = reference.names(3)
        if reference.root == "local" and len(names) > 1:
            return 2, self._local(names[1], self._unit.locals.get(names[1], UNKNOWN))
        if reference.root == "values":
            return 1, self._local("values", self._unit.values)
        if reference.root == "dependency" and len(names) == _OUTPUTS:
            return 3, self._output(reference, names[1])
        return None

    def _local(self, name: str, value: object) -> str:
        """One local for all units that mean the same by it, else one of the unit's own."""
        written = as_json(value)
        if self._shared.setdefault(name, written) == written:
            return f"local.{name}"
        own = f"{self._unit.label}__{name}"
        self._shared[own] = written
        return f"local.{own}"

    def _output(self, reference: Reference, label: str) -> str:
        dependency = self._dependencies.get(label)
        if dependency is None:
            place = self._unit.file.place(reference.start)
            message = f"{place}: unit {self._unit.id} has no dependency {label!r}; add the block or correct the name"
            raise UsageError(message)
        target = dependency.unit
        if target is not None and target in self._kept:
            return f"module.{target.replace('/', '_').replace('-', '_')}"
        return self._local(f"mock_{label}", dependency.mocked) if self._mocks_others else UNKNOWN_VALUE

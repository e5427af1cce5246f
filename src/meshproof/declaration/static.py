"""Reads a module without Terraform: constants, defaults and constant locals are known, everything else is UNKNOWN."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from meshproof.declaration import hcl
from meshproof.declaration.evaluate import evaluate
from meshproof.declaration.expression import Call, Expression, Reference
from meshproof.declaration.model import REDACTED, UNKNOWN
from meshproof.declaration.plan_json import Planned
from meshproof.declaration.scope import HclScope, ModuleScope

_META = frozenset({"count", "for_each", "depends_on", "provider"})
_META_BLOCKS = frozenset({"lifecycle", "provisioner", "connection"})
#: Without a provider's schema nothing else says which attributes hold a secret.
_SECRET = re.compile(r"password|secret_string|secret_data|secret_key|private_key|auth_token|(^|_)token$")


class StaticValues:
    """What the expressions of one module call are, as far as that can be told without evaluating functions."""

    def __init__(self, scope: ModuleScope, open_names: frozenset[tuple[int, str, str]] = frozenset()) -> None:
        """`open_names` are being followed already; a circle ends as UNKNOWN."""
        self._scope = scope
        self._open = open_names

    def variable(self, reference: Reference) -> tuple[object, int]:
        """`var.x`, `local.x` and `module.x.y` where they lead to something constant."""
        names = reference.names(3)
        if reference.root in ("var", "local") and len(names) > 1:
            lookup = self._scope.argument if reference.root == "var" else self._scope.local
            return self._followed(reference.root, names[1], lookup(names[1])), 1
        if reference.root == "module" and len(names) > 2:  # noqa: PLR2004 - module.name.output
            child = self._scope.child(names[1])
            return self._followed("output", ".".join(names[1:]), child.output(names[2]) if child else None), 2
        return UNKNOWN, 0

    def _followed(self, kind: str, name: str, found: tuple[Expression, ModuleScope] | None) -> object:
        key = (id(self._scope), kind, name)
        if found is None or key in self._open:
            return UNKNOWN
        return evaluate(found[0], StaticValues(found[1], self._open | {key}))

    def call(self, call: Call) -> object:
        """Functions are Terraform's to compute, except those that only change a type."""
        if call.name in ("tolist", "toset", "tomap", "sensitive", "nonsensitive") and len(call.arguments) == 1:
            return evaluate(call.arguments[0], self)
        return UNKNOWN

    def outside(self, node: Expression) -> object:  # noqa: ARG002 - nothing else is computed
        """Operators, conditions and `for` are Terraform's."""
        return UNKNOWN


def static_rows(root: HclScope) -> Iterator[Planned]:
    """Every resource of a root and of the modules it calls; one row each where its instances cannot be told."""
    for scope in root.below():
        prefix = "".join(f"module.{name}." for name in scope.path)
        for key, (_, block) in scope.module.resources.items():
            yield Planned(
                address=f"{prefix}{key}",
                key=key,
                type=block.labels[0],
                name=block.labels[1],
                index=None,
                module=scope.path,
                provider="",
                values=_body(block.body, StaticValues(scope), top=True),
            )


def _body(body: hcl.Body, values: StaticValues, *, top: bool = False) -> Mapping[str, object]:
    found: dict[str, object] = {
        name: REDACTED if _SECRET.search(name) else evaluate(one.value, values)
        for name, one in body.attributes.items()
        if not (top and name in _META)
    }
    for block in body.blocks:
        if top and block.type in _META_BLOCKS:
            continue
        if block.type == "dynamic" and block.labels:
            found[block.labels[0]] = UNKNOWN
            continue
        listed = found.setdefault(block.type, [])
        if isinstance(listed, list):
            listed.append(_body(block.body, values))
    return found

"""Evaluates the part of HCL that needs no Terraform: constants, collections, templates and references."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from meshproof.declaration.expression import (
    Access,
    Call,
    Expression,
    ListOf,
    Literal,
    ObjectOf,
    Reference,
    Splat,
    Template,
)
from meshproof.declaration.model import UNKNOWN


class Scope(Protocol):
    """What names and functions mean where an expression stands. Each answers UNKNOWN for what it cannot tell."""

    def variable(self, reference: Reference) -> tuple[object, int]:
        """The value behind a reference, and how many of its steps that already covers."""

    def call(self, call: Call) -> object:
        """The value of a function call."""

    def outside(self, node: Expression) -> object:
        """What to make of an expression that only Terraform can compute."""


def evaluate(node: Expression, scope: Scope) -> object:
    """The value of `node`; UNKNOWN stands wherever something could not be told."""
    result: object
    match node:
        case Literal(value=constant):
            result = constant
        case Template(parts=parts):
            result = _joined([evaluate(one, scope) for one in parts])
        case ListOf(items=items):
            result = [evaluate(one, scope) for one in items]
        case ObjectOf(items=pairs):
            result = _object(pairs, scope)
        case Reference():
            found, covered = scope.variable(node)
            result = _follow(found, node, node.steps[covered:], scope)
        case Access(base=base, steps=steps):
            result = _follow(evaluate(base, scope), node, steps, scope)
        case Call():
            result = scope.call(node)
        case _:
            result = scope.outside(node)
    return result


def _object(pairs: tuple[tuple[Expression, Expression], ...], scope: Scope) -> object:
    found: dict[str, object] = {}
    for key, value in pairs:
        name = evaluate(key, scope)
        if name is UNKNOWN:
            return UNKNOWN
        found[text_of(name)] = evaluate(value, scope)
    return found


def _joined(parts: list[object]) -> object:
    if any(part is UNKNOWN or isinstance(part, (Mapping, list)) for part in parts):
        return UNKNOWN
    return "".join(text_of(part) for part in parts)


def text_of(value: object) -> str:
    """A scalar as HCL writes it into a template."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _follow(value: object, node: Expression, steps: tuple[str | Expression | Splat, ...], scope: Scope) -> object:
    for step in steps:
        if value is UNKNOWN:
            return UNKNOWN
        if isinstance(step, str):
            key: object = step
        elif isinstance(step, Splat):
            return scope.outside(node)
        else:
            key = evaluate(step, scope)
        value = _entry(value, key)
    return value


def _entry(value: object, key: object) -> object:
    if key is UNKNOWN:
        return UNKNOWN
    if isinstance(value, Mapping):
        name = text_of(key)
        return value.get(name, UNKNOWN)
    if isinstance(value, list) and isinstance(key, int) and 0 <= key < len(value):
        return value[key]
    return UNKNOWN

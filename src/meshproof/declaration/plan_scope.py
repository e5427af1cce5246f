"""A plan's own `configuration` as scopes: what refers to what, where only the plan is at hand and not its files.

Terraform leaves locals and `dynamic` blocks out of it, so references that lead through them end there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from meshproof.declaration.expression import Compound, Expression, Literal, Reference
from meshproof.declaration.model import Place
from meshproof.declaration.scope import Bound

Json = Mapping[str, object]

_STEP: Final = re.compile(r'\.?([A-Za-z_][\w-]*)|\[(?:"((?:[^"\\]|\\.)*)"|(\d+))\]')


class PlanScope:
    """One module call of a plan."""

    def __init__(
        self,
        module: Json,
        place: Place,
        path: tuple[str, ...] = (),
        call: Json | None = None,
        caller: PlanScope | None = None,
    ) -> None:
        """`call` is the `module_calls` entry that leads here, `place` the plan's file."""
        self.path = path
        self._module = module
        self._place = place
        self._call = call or {}
        self._caller = caller
        rows = module.get("resources")
        self._resources = {
            str(row.get("address")): row for row in (rows if isinstance(rows, list) else []) if isinstance(row, Mapping)
        }

    def local(self, name: str) -> Bound | None:  # noqa: ARG002 - a plan holds no locals
        """See ModuleScope."""
        return None

    def argument(self, name: str) -> Bound | None:
        """See ModuleScope."""
        given = _mapping(self._call.get("expressions")).get(name)
        return (_expression(given), self._caller) if self._caller is not None and given is not None else None

    def output(self, name: str) -> Bound | None:
        """See ModuleScope."""
        found = _mapping(_mapping(self._module.get("outputs")).get(name))
        return (_expression(found.get("expression")), self) if found else None

    def child(self, name: str) -> PlanScope | None:
        """See ModuleScope."""
        call = _mapping(_mapping(self._module.get("module_calls")).get(name))
        inner = call.get("module")
        return PlanScope(inner, self._place, (*self.path, name), call, self) if isinstance(inner, Mapping) else None

    def dependency(self, label: str) -> PlanScope | None:  # noqa: ARG002 - a plan knows no units
        """See ModuleScope."""
        return None

    def declares(self, key: str) -> bool:
        """See ModuleScope."""
        return key in self._resources

    def place(self, key: str) -> Place | None:
        """See DeclaringScope."""
        return self._place if key in self._resources else None

    def leaves(self, key: str) -> Iterator[tuple[str, Expression]]:
        """See DeclaringScope."""
        row = self._resources[key]
        for name, value in _mapping(row.get("expressions")).items():
            yield from _leaves(value, name)
        for name in ("for_each", "count"):
            if (value := row.get(f"{name}_expression")) is not None:
                yield name, _expression(value)

    def for_each(self, key: str) -> Expression | None:
        """See DeclaringScope."""
        value = self._resources[key].get("for_each_expression")
        return None if value is None else _expression(value)

    def below(self) -> Iterator[PlanScope]:
        """This scope and those of every module it calls."""
        yield self
        for name in _mapping(self._module.get("module_calls")):
            child = self.child(name)
            if child is not None:
                yield from child.below()


def scopes(data: Json, place: Place) -> dict[tuple[str, ...], PlanScope]:
    """Every module call of a plan, by its path."""
    root = _mapping(_mapping(data.get("configuration")).get("root_module"))
    return {scope.path: scope for scope in PlanScope(root, place).below()}


def _mapping(value: object) -> Json:
    return value if isinstance(value, Mapping) else {}


def _leaves(value: object, at: str) -> Iterator[tuple[str, Expression]]:
    if isinstance(value, list):
        for position, one in enumerate(value):
            yield from _leaves(one, f"{at}.{position}")
    elif isinstance(value, Mapping) and not {"references", "constant_value"} & value.keys():
        for name, one in value.items():
            yield from _leaves(one, f"{at}.{name}")
    else:
        yield at, _expression(value)


def _expression(value: object) -> Expression:
    """An expression of the configuration: the references in it are all that a plan keeps."""
    listed = _mapping(value).get("references")
    texts = [one for one in listed if isinstance(one, str)] if isinstance(listed, list) else []
    # Terraform lists `a.b["k"].id`, `a.b["k"]` and `a.b`; only the longest says what is meant.
    longest = [one for one in texts if not any(other != one and _goes_on(other, one) for other in texts)]
    found = [reference for one in longest if (reference := _reference(one)) is not None]
    return found[0] if len(found) == 1 else Compound(0, 0, "configured", tuple(found))


def _goes_on(longer: str, shorter: str) -> bool:
    return longer.startswith((f"{shorter}.", f"{shorter}["))


def _reference(text: str) -> Reference | None:
    parts: list[str | Expression] = [_step(match) for match in _STEP.finditer(text)]
    if not parts or not isinstance(parts[0], str):
        return None
    return Reference(0, 0, parts[0], tuple(parts[1:]), (0,) * (len(parts) - 1))


def _step(match: re.Match[str]) -> str | Expression:
    name, key, number = match.groups()
    if name is not None:
        return str(name)
    return Literal(0, 0, int(number)) if number is not None else Literal(0, 0, key)

"""IAM and resource policies as plain statements, whichever way Terraform writes them down."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from meshproof.declaration.model import UNKNOWN
from meshproof.declaration.platform import Item
from meshproof.errors import ValueUnknown

#: What terraform renders out of the blocks of a policy document, and what a resource holds.
_RENDERED = ("policy", "assume_role_policy", "policy_document", "json", "minified_json")


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One statement; `conditions` maps `test variable` to its values."""

    allows: bool
    actions: tuple[str, ...]
    principals: tuple[str, ...]
    conditions: Mapping[str, tuple[str, ...]]

    def covers(self, *actions: str) -> bool:
        """Whether each of `actions` is named, literally or by a trailing star."""
        return all(any(_named(one, wanted) for one in self.actions) for wanted in actions)

    def demands(self, variable: str, value: str = "") -> bool:
        """Whether a condition on `variable` stands, with `value` among its values where one is given."""
        found = [values for key, values in self.conditions.items() if key.split(" ")[1].lower() == variable.lower()]
        return any(value in ("", *values) for values in found)


def forms(item: Item) -> dict[str, list[Statement]]:
    """The statements by the attribute that holds them: a document has them as blocks and as text."""
    found: dict[str, list[Statement]] = {}
    if blocks := item.mappings("statement"):
        found["statement"] = [_of_block(one) for one in blocks]
    for path in _RENDERED:
        statements = _rendered(item, path)
        if statements is not None:
            found[path] = [_of_json(one) for one in statements]
    return found


def _rendered(item: Item, path: str) -> list[Mapping[str, object]] | None:
    # A text that is known only after apply says nothing that the blocks of the same document do not say.
    try:
        text = item.get(path)
    except ValueUnknown:
        return None
    if not isinstance(text, Mapping) or "Statement" not in text:
        return None
    return [one for one in _many(text["Statement"]) if isinstance(one, Mapping)]


def _of_block(block: Mapping[str, object]) -> Statement:
    principals = [one for one in _many(block.get("principals")) if isinstance(one, Mapping)]
    conditions = [one for one in _many(block.get("condition")) if isinstance(one, Mapping)]
    return Statement(
        allows=block.get("effect") != "Deny",
        actions=_texts(block.get("actions")),
        principals=tuple(text for one in principals for text in _texts(one.get("identifiers"))),
        conditions={f"{one.get('test')} {one.get('variable')}": _texts(one.get("values")) for one in conditions},
    )


def _of_json(statement: Mapping[str, object]) -> Statement:
    principal = statement.get("Principal")
    named = principal.values() if isinstance(principal, Mapping) else _many(principal)
    tests = statement.get("Condition")
    return Statement(
        allows=statement.get("Effect") != "Deny",
        actions=_texts(statement.get("Action")),
        principals=tuple(text for one in named for text in _texts(one)),
        conditions={
            f"{test} {variable}": _texts(values)
            for test, variables in (tests.items() if isinstance(tests, Mapping) else ())
            if isinstance(variables, Mapping)
            for variable, values in variables.items()
        },
    )


def _named(pattern: str, action: str) -> bool:
    return pattern == action or (pattern.endswith("*") and action.startswith(pattern[:-1]))


def _texts(value: object) -> tuple[str, ...]:
    return tuple(str(one) for one in _many(value))


def _many(value: object) -> Iterable[object]:
    if value is UNKNOWN:
        return [value]
    if value is None:
        return []
    return list(value) if isinstance(value, (list, tuple)) else [value]

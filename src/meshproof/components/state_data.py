"""The data of an execution: paths into it, parameters filled from it, and the rules of a choice."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from meshproof.errors import TargetError

_ABSENT: Final = object()


def at_path(path: str, data: object, context: Mapping[str, Any]) -> Any:
    """What a reference path names (`$.a.b` in the data, `$$.a.b` in the context). Raises TargetError where nothing."""
    found = _found(path, data, context)
    if found is _ABSENT:
        message = f"{path} is not there when it is read"
        raise TargetError(message)
    return found


def filled(template: Any, data: object, context: Mapping[str, Any]) -> Any:
    """The template with each `name.$` replaced by what its path names."""
    if isinstance(template, Mapping):
        return {
            key.removesuffix(".$"): at_path(value, data, context)
            if key.endswith(".$")
            else filled(value, data, context)
            for key, value in template.items()
        }
    if isinstance(template, (list, tuple)):
        return [filled(one, data, context) for one in template]
    return template


def put_at(data: dict[str, Any], path: str, value: object) -> None:
    """Store a result at `$.a.b`; `$` replaces all of it."""
    if path == "$":
        data.clear()
        data.update(value if isinstance(value, Mapping) else {"value": value})
        return
    *above, last = path.removeprefix("$.").split(".")
    for part in above:
        data = data.setdefault(part, {})
    data[last] = value


def decides(rule: Mapping[str, Any], data: object) -> bool:
    """Whether a rule of a choice holds. Raises TargetError for an operator that is not known here."""
    if "And" in rule:
        return all(decides(one, data) for one in rule["And"])
    if "Or" in rule:
        return any(decides(one, data) for one in rule["Or"])
    if "Not" in rule:
        return not decides(rule["Not"], data)
    value = _found(str(rule["Variable"]), data, {})
    if "IsPresent" in rule:
        return (value is not _ABSENT) is rule["IsPresent"]
    if value is _ABSENT:
        message = f"{rule['Variable']} is not there when it is compared"
        raise TargetError(message)
    return _compares(rule, value)


def _compares(rule: Mapping[str, Any], value: Any) -> bool:
    if "IsBoolean" in rule:
        return isinstance(value, bool) is rule["IsBoolean"]
    if "IsString" in rule:
        return isinstance(value, str) is rule["IsString"]
    if "NumericGreaterThanEquals" in rule:
        return isinstance(value, (int, float)) and value >= rule["NumericGreaterThanEquals"]
    for operator in ("BooleanEquals", "StringEquals", "NumericEquals"):
        if operator in rule:
            return bool(value == rule[operator])
    message = f"a choice compares by {', '.join(sorted(set(rule) - {'Variable', 'Next'}))}, which is not known here"
    raise TargetError(message)


def _found(path: str, data: object, context: Mapping[str, Any]) -> Any:
    node: Any = context if path.startswith("$$") else data
    for part in path.lstrip("$").lstrip(".").split("."):
        if not part:
            continue
        if not isinstance(node, Mapping) or part not in node:
            return _ABSENT
        node = node[part]
    return node

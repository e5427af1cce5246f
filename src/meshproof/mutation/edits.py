"""One value of a nested structure replaced, everything else shared."""

from __future__ import annotations

from collections.abc import Mapping


def put(node: object, path: tuple[str, ...], value: object) -> object:
    """A copy of `node` with `value` at `path`; None takes the key or the list's element away."""
    head, rest = path[0], path[1:]
    if isinstance(node, Mapping):
        copy = dict(node)
        if not rest and value is None:
            copy.pop(head, None)
        else:
            copy[head] = value if not rest else put(node[head], rest, value)
        return copy
    if isinstance(node, (list, tuple)):
        items = list(node)
        if not rest and value is None:
            del items[int(head)]
        else:
            items[int(head)] = value if not rest else put(items[int(head)], rest, value)
        return items
    return node

"""Parsed HCL kept under the user's cache, by the digest of the text: JSON, readable by its owner only."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from meshproof.declaration import hcl
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
    Template,
)

Packed = Any  # nested lists as JSON gives them; only this module sees them


def read(path: Path, shown: str, *, cache: Path | None) -> hcl.HclFile:
    """The file at `path`, parsed or taken from `cache` (None: always parsed). Raises UsageError."""
    text = hcl.decoded(path, shown)
    if cache is None:
        return hcl.parse(text, shown)
    name = hcl.digest(text)
    kept = cache / "hcl" / name[:2] / f"{name}.json"
    try:
        body = _unpack_body(json.loads(kept.read_bytes()))
    except (OSError, ValueError, TypeError, KeyError, IndexError):
        parsed = hcl.parse(text, shown)
        store(kept, json.dumps(_pack_body(parsed.body), separators=(",", ":")).encode())
        return parsed
    return hcl.HclFile(shown=shown, text=text, body=body, line_starts=hcl.line_starts(text))


def store(path: Path, content: bytes) -> None:
    """Write `content` so that a reader sees all of it or nothing; a cache that cannot be written is not an error."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".new-")
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
        Path(temporary).replace(path)
    except OSError:
        return


def _pack_body(body: hcl.Body) -> Packed:
    attributes = [[one.name, one.line, _pack(one.value)] for one in body.attributes.values()]
    blocks = [[one.type, one.labels, one.line, one.start, one.end, _pack_body(one.body)] for one in body.blocks]
    return [attributes, blocks]


def _unpack_body(packed: Packed) -> hcl.Body:
    attributes, blocks = packed
    return hcl.Body(
        attributes={
            name: hcl.Attribute(name=name, line=line, value=_unpack(value)) for name, line, value in attributes
        },
        blocks=tuple(
            hcl.Block(type=kind, labels=tuple(labels), line=line, start=start, end=end, body=_unpack_body(body))
            for kind, labels, line, start, end, body in blocks
        ),
    )


def _pack(node: Expression) -> Packed:
    rest: list[Packed]
    match node:
        case Literal(value=value):
            rest = [value]
        case Template(parts=inner) | ListOf(items=inner):
            rest = [[_pack(one) for one in inner]]
        case ObjectOf(items=pairs):
            rest = [[[_pack(key), _pack(value)] for key, value in pairs]]
        case Reference():
            rest = [node.root, [_pack_step(step) for step in node.steps], node.stops]
        case Call():
            rest = [node.name, [_pack(one) for one in node.arguments], node.splats]
        case Access():
            rest = [_pack(node.base), [_pack_step(step) for step in node.steps]]
        case Compound():
            rest = [node.kind, [_pack(one) for one in node.parts], node.names]
    return [_TAGS[type(node)], node.start, node.end, *rest]


def _pack_step(step: str | Expression | Splat) -> Packed:
    return step if isinstance(step, str) else None if isinstance(step, Splat) else _pack(step)


def _unpack_step(step: Packed) -> str | Expression | Splat:
    return step if isinstance(step, str) else SPLAT if step is None else _unpack(step)


def _items(packed: Packed) -> tuple[Expression, ...]:
    return tuple(_unpack(one) for one in packed)


_TAGS: Final = {
    Literal: "Li",
    Template: "Te",
    ListOf: "Ls",
    ObjectOf: "Ob",
    Reference: "Re",
    Call: "Ca",
    Access: "Ac",
    Compound: "Co",
}
_UNPACK: Final[dict[str, Callable[..., Expression]]] = {
    "Li": Literal,
    "Te": lambda start, end, parts: Template(start, end, _items(parts)),
    "Ls": lambda start, end, items: ListOf(start, end, _items(items)),
    "Ob": lambda start, end, pairs: ObjectOf(start, end, tuple((_unpack(k), _unpack(v)) for k, v in pairs)),
    "Re": lambda start, end, root, steps, stops: Reference(
        start, end, root, tuple(_unpack_step(one) for one in steps), tuple(stops)
    ),
    "Ca": lambda start, end, name, arguments, splats: Call(start, end, name, _items(arguments), splats),
    "Ac": lambda start, end, base, steps: Access(start, end, _unpack(base), tuple(_unpack_step(one) for one in steps)),
    "Co": lambda start, end, kind, parts, names: Compound(start, end, kind, _items(parts), tuple(names)),
}


def _unpack(packed: Packed) -> Expression:
    tag, *rest = packed
    return _UNPACK[tag](*rest)

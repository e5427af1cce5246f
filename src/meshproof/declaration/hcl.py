"""One HCL file as typed blocks, each with its line.

The grammar is python-hcl2's; what it makes of a file is kept under the user's cache by the digest of the text,
because that parser reads about 50 KB a second.
"""

from __future__ import annotations

import hashlib
import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import hcl2
from hcl2.version import __version__ as _grammar
from lark import Token, Tree
from lark.exceptions import LarkError, UnexpectedInput

from meshproof.declaration.expression import Expression, Literal
from meshproof.declaration.hcl_tree import Converter
from meshproof.errors import UsageError
from meshproof.judgement import Place

#: Part of the cache's key: raise it when the shape of what is kept changes.
SHAPE: Final = 1
GRAMMAR: Final = f"{_grammar}-{SHAPE}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribute:
    """`name = value`."""

    name: str
    value: Expression
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """What stands between the braces of a block, or in a file."""

    attributes: Mapping[str, Attribute] = field(default_factory=dict)
    blocks: tuple[Block, ...] = ()

    def of(self, *types: str) -> Iterator[Block]:
        """The blocks of these types, in order."""
        return (block for block in self.blocks if block.type in types)

    def value(self, name: str) -> Expression | None:
        """The expression of an attribute."""
        found = self.attributes.get(name)
        return found.value if found else None

    def text(self, name: str) -> str | None:
        """The attribute where it is a literal text."""
        value = self.value(name)
        return value.value if isinstance(value, Literal) and isinstance(value.value, str) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """`type "label" { … }`; `start` and `end` are offsets into the file's text."""

    type: str
    labels: tuple[str, ...]
    body: Body
    line: int
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HclFile:
    """A parsed file; `shown` is how places name it."""

    shown: str
    text: str
    body: Body
    line_starts: tuple[int, ...]

    def place(self, offset: int) -> Place:
        """The place of an offset."""
        return Place(file=self.shown, line=bisect_right(self.line_starts, offset))

    def source(self, node: Expression | Block) -> str:
        """The text of an expression or block."""
        return self.text[node.start : node.end]


def digest(text: str) -> str:
    """What a parsed file is kept under."""
    return hashlib.sha256(f"{GRAMMAR}\n{text}".encode()).hexdigest()


def decoded(path: Path, shown: str) -> str:
    """The text of a file; raises UsageError where it cannot be read or is not UTF-8."""
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        message = f"{shown}:{line}: is not UTF-8 (byte {error.start}); save the file as UTF-8"
        raise UsageError(message) from None
    except OSError as error:
        message = f"{shown}: cannot be read: {error.strerror or error}"
        raise UsageError(message) from None


def parse(text: str, shown: str) -> HclFile:
    """Parse `text`; raises UsageError with file and line for anything that is not HCL."""
    try:
        body = _Reader(text, shown).body(hcl2.parses_to_tree(text).children[0])
    except UnexpectedInput as error:
        raise UsageError(_unexpected(error, text, shown)) from None
    except RecursionError:
        message = f"{shown}:1: is nested too deeply to be read; split the expression"
        raise UsageError(message) from None
    except (LarkError, ValueError, OverflowError) as error:
        message = f"{shown}:1: is not HCL: {str(error).splitlines()[0]}"
        raise UsageError(message) from None
    return HclFile(shown=shown, text=text, body=body, line_starts=line_starts(text))


def line_starts(text: str) -> tuple[int, ...]:
    """The offset at which each line begins."""
    return (0, *(match.end() for match in re.finditer("\n", text)))


def _unexpected(error: UnexpectedInput, text: str, shown: str) -> str:
    token = getattr(error, "token", None)
    ended = getattr(token, "type", "") == "$END"
    line = text.count("\n") + 1 if ended or error.line < 1 else error.line
    seen = (
        repr(str(token)) if token is not None and not ended else repr(getattr(error, "char", "")) if not ended else ""
    )
    what = f"{seen} is not expected here" if seen else "the file ends before a block or expression is closed"
    return f"{shown}:{line}: is not HCL: {what}; `terraform fmt` shows the same place"


class _Reader:
    """Reads the bodies and blocks of one file."""

    def __init__(self, text: str, shown: str) -> None:
        self._text = text
        self._shown = shown
        self._convert = Converter(self._inner)

    def body(self, tree: Tree[Token]) -> Body:
        attributes: dict[str, Attribute] = {}
        blocks: list[Block] = []
        for node in tree.children:
            if not isinstance(node, Tree) or node.data == "new_line_or_comment":
                continue
            if node.data == "block":
                blocks.append(self._block(node))
                continue
            attribute = self._attribute(node)
            if attribute.name in attributes:
                first = attributes[attribute.name].line
                message = f"{self._shown}:{attribute.line}: {attribute.name} is set twice (first on line {first})"
                raise UsageError(message)
            attributes[attribute.name] = attribute
        return Body(attributes=attributes, blocks=tuple(blocks))

    def _attribute(self, node: Tree[Token]) -> Attribute:
        name, value = (one for one in node.children if isinstance(one, Tree))
        return Attribute(name=str(name.children[0]), value=self._convert.expression(value), line=node.meta.line)

    def _block(self, node: Tree[Token]) -> Block:
        inner = [one for one in node.children if isinstance(one, Tree) and one.data != "new_line_or_comment"]
        names = [self._label(one) for one in inner[:-1]]
        return Block(
            type=names[0],
            labels=tuple(names[1:]),
            body=self.body(inner[-1]),
            line=node.meta.line,
            start=node.meta.start_pos,
            end=node.meta.end_pos,
        )

    def _label(self, node: Tree[Token]) -> str:
        if node.data != "string":
            return str(node.children[0])
        value = self._convert.expression(node)
        if isinstance(value, Literal):
            return str(value.value)
        message = f"{self._shown}:{node.meta.line}: a block's label must be plain text"
        raise UsageError(message)

    def _inner(self, text: str, offset: int) -> Expression:
        """An expression inside a heredoc, parsed by itself and placed at its offset in the file."""
        prefix = "x = "
        try:
            tree = hcl2.parses_to_tree(prefix + text)
        except UnexpectedInput:
            line = self._text.count("\n", 0, offset) + 1
            message = f"{self._shown}:{line}: is not HCL: {text.splitlines()[0]!r} is not an expression"
            raise UsageError(message) from None
        attribute = tree.children[0].children[0]
        return Converter(self._inner, offset - len(prefix)).expression(attribute.children[-1])

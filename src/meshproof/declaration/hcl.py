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
from importlib.metadata import version
from pathlib import Path
from typing import Final

from meshproof.declaration.expression import Expression, Literal
from meshproof.errors import UsageError
from meshproof.judgement import Place

#: Part of the cache's key: raise it when the shape of what is kept changes.
SHAPE: Final = 1
GRAMMAR: Final = f"{version('python-hcl2')}-{SHAPE}"


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
    # A warm cache needs no grammar, and importing it costs as much as everything else together.
    from meshproof.declaration.hcl_parse import read_body  # noqa: PLC0415

    return HclFile(shown=shown, text=text, body=read_body(text, shown), line_starts=line_starts(text))


def line_starts(text: str) -> tuple[int, ...]:
    """The offset at which each line begins."""
    return (0, *(match.end() for match in re.finditer("\n", text)))

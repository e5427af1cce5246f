"""Parses HCL by python-hcl2's grammar."""

from __future__ import annotations

import hcl2
from lark import Token, Tree
from lark.exceptions import LarkError, UnexpectedInput

from meshproof.declaration.expression import Expression, Literal
from meshproof.declaration.hcl import Attribute, Block, Body
from meshproof.declaration.hcl_tree import Converter
from meshproof.errors import UsageError


def read_body(text: str, shown: str) -> Body:
    """What `text` declares; raises UsageError with file and line for anything that is not HCL."""
    try:
        return _Reader(text, shown).body(hcl2.parses_to_tree(text).children[0])
    except UnexpectedInput as error:
        raise UsageError(_unexpected(error, text, shown)) from None
    except RecursionError:
        message = f"{shown}:1: is nested too deeply to be read; split the expression"
        raise UsageError(message) from None
    except (LarkError, ValueError, OverflowError) as error:
        message = f"{shown}:1: is not HCL: {str(error).splitlines()[0]}"
        raise UsageError(message) from None


def _unexpected(error: UnexpectedInput, text: str, shown: str) -> str:
    token = getattr(error, "token", None)
    ended = getattr(token, "type", "") == "$END"
    line = text.count("\n") + 1 if ended or error.line < 1 else error.line
    seen = "" if ended else repr(getattr(error, "char", "") if token is None else str(token))
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

"""The text inside quotes and heredocs: escapes, indentation, interpolations."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final

from meshproof.declaration.expression import Expression, Literal

_ESCAPE: Final = re.compile(r"\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))", re.DOTALL)
_PLAIN: Final = {"n": "\n", "r": "\r", "t": "\t"}
_HEAD: Final = re.compile(r"<<(-?)[^\r\n]+\r?\n")
_OPENER: Final = re.compile(r"\$\$\{|%%\{|\$\{|%\{")
_FOR: Final = re.compile(r"for\b.*?\bin\b", re.DOTALL)
_MAX_CODE_POINT: Final = 0x10FFFF

InnerParser = Callable[[str, int], Expression]


def unescaped(text: str) -> str:
    """What a quoted text stands for: escapes resolved, `$${` as `${`."""
    plain = _ESCAPE.sub(_escape, text) if "\\" in text else text
    return plain.replace("$${", "${").replace("%%{", "%{")


def _escape(match: re.Match[str]) -> str:
    code = match[1] or match[2]
    if code:
        point = int(code, 16)
        return chr(point) if point <= _MAX_CODE_POINT else "�"
    return _PLAIN.get(match[3], match[3])


def escaped(text: str) -> str:
    """The inverse for Terraform's JSON syntax, where only template openers are special."""
    return text.replace("${", "$${").replace("%{", "%%{")


def heredoc(token: str, start: int, parse_inner: InnerParser) -> tuple[list[Expression], bool]:
    """The parts of a heredoc whose token begins at offset `start`, and whether directives compute it."""
    head = _HEAD.match(token)
    if head is None:
        return [Literal(start, start, "")], False
    body_end = token.rstrip("\r\n").rfind("\n") + 1
    body = token[head.end() : max(body_end, head.end())]
    indent = _indent(body) if head[1] else 0
    parts: list[Expression] = []
    computed = False
    at_line_start = True
    for kind, begin, end in pieces(body):
        offset = start + head.end() + begin
        text = body[begin:end]
        if kind == "text":
            parts.append(Literal(offset, offset + len(text), _dedented(text, indent, at_line_start=at_line_start)))
        elif inner := expression_of(kind, text):
            computed |= kind == "%"
            parts.append(parse_inner(inner, offset + text.index(inner)))
        else:
            computed = True
        at_line_start = False
    return parts or [Literal(start, start, "")], computed


def _indent(body: str) -> int:
    lines = [line for line in body.splitlines() if line.strip()]
    return min((len(line) - len(line.lstrip(" \t")) for line in lines), default=0)


def _dedented(text: str, indent: int, *, at_line_start: bool) -> str:
    lines = text.split("\n")
    first = lines[0][_margin(lines[0], indent) :] if at_line_start else lines[0]
    rest = [line[_margin(line, indent) :] for line in lines[1:]]
    return "\n".join([first, *rest]).replace("$${", "${").replace("%%{", "%{")


def _margin(line: str, indent: int) -> int:
    return min(indent, len(line) - len(line.lstrip(" \t")))


def pieces(body: str) -> Iterator[tuple[str, int, int]]:
    """`("text" | "$" | "%", begin, end)` over the whole of `body`, in order."""
    position = text_begin = 0
    while (opener := _OPENER.search(body, position)) is not None:
        if len(opener[0]) == len("$${"):
            position = opener.end()
            continue
        if opener.start() > text_begin:
            yield "text", text_begin, opener.start()
        end = closing(body, opener.end())
        yield opener[0][0], opener.start(), end
        position = text_begin = end
    if text_begin < len(body):
        yield "text", text_begin, len(body)


def closing(text: str, position: int) -> int:
    """The offset after the brace that closes the one before `position`; the end of `text` where none does."""
    depth = 1
    while position < len(text) and depth:
        char = text[position]
        if char == '"':
            position = _after_quotes(text, position + 1)
            continue
        depth += (char == "{") - (char == "}")
        position += 1
    return position


def _after_quotes(text: str, position: int) -> int:
    while position < len(text) and text[position] != '"':
        if text[position] == "\\":
            position += 2
        elif text.startswith("${", position) and not text.startswith("$${", position - 1):
            position = closing(text, position + 2)
        else:
            position += 1
    return position + 1


def expression_of(kind: str, text: str) -> str:
    """The expression inside `${…}`, or inside an `if` or `for` directive; empty for `else` and the like."""
    inner = text[2:].removesuffix("}").strip("~").strip()
    if kind == "$":
        return inner
    if inner.startswith("if"):
        return inner.removeprefix("if").strip()
    found = _FOR.match(inner)
    return inner[found.end() :].strip() if found else ""

"""From python-hcl2's parse tree to expressions and blocks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from lark import Token, Tree

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
from meshproof.declaration.hcl_text import heredoc, unescaped

Node = Tree[Token]
Step = str | Expression | Splat

_CONSTANTS: Final = {"true": True, "false": False, "null": None}
_DIRECTIVES: Final = ("template_if_start", "template_else", "template_endif", "template_for_start", "template_endfor")


class Converter:
    """Turns the tree of one text into expressions; `shift` is where that text stands in its file."""

    def __init__(self, parse_inner: Callable[[str, int], Expression], shift: int = 0) -> None:
        """`parse_inner(text, offset)` parses an expression inside a heredoc."""
        self._parse_inner = parse_inner
        self._shift = shift

    def span(self, node: Node | Token) -> tuple[int, int]:
        """Offsets of `node` in the file."""
        if isinstance(node, Token):
            return (node.start_pos or 0) + self._shift, (node.end_pos or 0) + self._shift
        return node.meta.start_pos + self._shift, node.meta.end_pos + self._shift

    def expression(self, node: Node | Token) -> Expression:
        """The expression that a subtree stands for."""
        if isinstance(node, Token):
            return Literal(*self.span(node), str(node))
        method = getattr(self, f"_{node.data}", None)
        return method(node) if method is not None else self._compound(node)

    def _inner(self, node: Node) -> list[Node]:
        return [one for one in node.children if isinstance(one, Tree) and one.data != "new_line_or_comment"]

    def _expr_term(self, node: Node) -> Expression:
        return self.expression(self._inner(node)[0])

    def _identifier(self, node: Node) -> Expression:
        return Reference(*self.span(node), str(node.children[0]), (), ())

    def _keyword(self, node: Node) -> Expression:
        return self._identifier(node)

    def _literal_value(self, node: Node) -> Expression:
        return Literal(*self.span(node), _CONSTANTS[str(node.children[0])])

    def _int_lit(self, node: Node) -> Expression:
        return Literal(*self.span(node), int("".join(str(one) for one in node.children)))

    def _float_lit(self, node: Node) -> Expression:
        return Literal(*self.span(node), float("".join(str(one) for one in node.children)))

    def _unary_op(self, node: Node) -> Expression:
        operand = self.expression(self._inner(node)[-1])
        if isinstance(operand, Literal) and isinstance(operand.value, (int, float)) and str(node.children[0]) == "-":
            return Literal(*self.span(node), -operand.value)
        return Compound(*self.span(node), "operation", (operand,))

    def _string(self, node: Node) -> Expression:
        parts: list[Expression] = []
        computed = False
        for part in self._inner(node):
            piece = part.children[0]
            if isinstance(piece, Token):
                parts.append(Literal(*self.span(piece), unescaped(str(piece))))
            else:
                computed |= piece.data in _DIRECTIVES
                parts += [self.expression(one) for one in self._expressions_in(piece)]
        return self._text(self.span(node), parts, computed=computed)

    def _expressions_in(self, node: Node) -> list[Node]:
        inner = self._inner(node)
        return [one for one in inner if one.data != "identifier"] if node.data == "template_for_start" else inner

    def _text(self, span: tuple[int, int], parts: list[Expression], *, computed: bool) -> Expression:
        if computed:
            return Compound(*span, "directive", tuple(parts))
        if all(isinstance(one, Literal) and isinstance(one.value, str) for one in parts):
            return Literal(*span, "".join(str(one.value) for one in parts if isinstance(one, Literal)))
        return Template(*span, tuple(parts))

    def _heredoc_template(self, node: Node) -> Expression:
        start, end = self.span(node)
        parts, computed = heredoc(str(node.children[0]), start, self._parse_inner)
        return self._text((start, end), parts, computed=computed)

    _heredoc_template_trim = _heredoc_template

    def _tuple(self, node: Node) -> Expression:
        return ListOf(*self.span(node), tuple(self.expression(one) for one in self._inner(node)))

    def _object(self, node: Node) -> Expression:
        pairs = [self._inner(one) for one in self._inner(node)]
        return ObjectOf(*self.span(node), tuple((self._key(key), self.expression(value)) for key, value in pairs))

    def _key(self, node: Node) -> Expression:
        inner = self._inner(node)[0]
        found = self.expression(inner)
        bare = isinstance(found, Reference) and not found.steps and str(inner.children[0]) != "("
        if isinstance(found, Reference) and bare:
            return Literal(found.start, found.end, found.root)
        return found

    def _function_call(self, node: Node) -> Expression:
        inner = self._inner(node)
        names = [str(one.children[0]) for one in inner if one.data == "identifier"]
        lists = [one for one in inner if one.data == "arguments"]
        arguments = tuple(self.expression(one) for listed in lists for one in self._inner(listed))
        splats = any(isinstance(one, Token) and str(one) == "..." for listed in lists for one in listed.children)
        return Call(*self.span(node), "::".join(names), arguments, splats)

    def _get_attr_expr_term(self, node: Node) -> Expression:
        base, steps = self._chain(node)
        if isinstance(base, Reference):
            start, _ = self.span(node)
            return Reference(
                max(base.start, start),
                steps[-1][1] if steps else base.end,
                base.root,
                base.steps + tuple(step for step, _ in steps),
                base.stops + tuple(stop for _, stop in steps),
            )
        return Access(*self.span(node), base, tuple(step for step, _ in steps))

    _index_expr_term = _attr_splat_expr_term = _full_splat_expr_term = _get_attr_expr_term

    def _chain(self, node: Node) -> tuple[Expression, list[tuple[Step, int]]]:
        """The innermost base of `a.b[c]` and its steps, each with the offset where it ends."""
        steps: list[tuple[Step, int]] = []
        while True:
            base, step = self._inner(node)
            steps[:0] = list(self._steps(step))
            inner = self._inner(base)
            if base.data != "expr_term" or str(base.children[0]) == "(" or not inner[0].data.endswith("_expr_term"):
                return self.expression(base), steps
            node = inner[0]

    def _steps(self, node: Node) -> Iterator[tuple[Step, int]]:
        _, end = self.span(node)
        if node.data == "get_attr":
            yield str(self._inner(node)[0].children[0]), end
        elif node.data == "short_index":
            yield Literal(*self.span(node), int(str(node.children[1]))), end
        elif node.data == "braces_index":
            key = self.expression(self._inner(node)[0])
            plain = isinstance(key, Literal) and isinstance(key.value, str)
            yield (Literal(key.start, key.end, key.value) if isinstance(key, Literal) and plain else key), end
        else:
            yield SPLAT, self.span(node.children[0])[1]
            for one in self._inner(node):
                yield from self._steps(one)

    def _for_tuple_expr(self, node: Node) -> Expression:
        inner = self._inner(node)
        intro = self._inner(inner[0])
        names = tuple(str(one.children[0]) for one in intro[:-1])
        results = [self._inner(one)[0] if one.data == "for_cond" else one for one in inner[1:]]
        parts = tuple(self.expression(one) for one in (intro[-1], *results))
        return Compound(*self.span(node), "for", parts, names)

    _for_object_expr = _for_tuple_expr

    def _conditional(self, node: Node) -> Expression:
        return Compound(*self.span(node), "conditional", tuple(self.expression(one) for one in self._inner(node)))

    def _compound(self, node: Node) -> Expression:
        """Operators: the operands matter, the arithmetic is Terraform's."""
        inner = [one for one in self._inner(node) if one.data != "binary_operator"]
        return Compound(*self.span(node), "operation", tuple(self.expression(one) for one in inner))

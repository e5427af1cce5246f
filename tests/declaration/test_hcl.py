"""One HCL file: every construct keeps its meaning and its line, and nothing that is no HCL gives a traceback."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meshproof.declaration import hcl, hcl_cache
from meshproof.declaration.evaluate import evaluate
from meshproof.declaration.expression import Expression, Reference, references, rewritten
from meshproof.declaration.unit_expressions import _Constants
from meshproof.errors import UsageError


def value_of(text: str) -> object:
    """What `x = text` evaluates to where nothing but constants stands in it."""
    file = hcl.parse(f"x = {text}\n", "t.hcl")
    value = file.body.value("x")
    assert value is not None
    return evaluate(value, _Constants())


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        pytest.param('"plain"', "plain", id="text"),
        pytest.param("-12", -12, id="negative"),
        pytest.param("1.5e3", 1500.0, id="exponent"),
        pytest.param("[true, false, null]", [True, False, None], id="constants"),
        pytest.param('{ a = 1, "b-c" = 2, d : 3 }', {"a": 1, "b-c": 2, "d": 3}, id="object"),
        pytest.param("{\n  a = 1 # why\n  // and\n  b = 2\n}", {"a": 1, "b": 2}, id="comments"),
        pytest.param(r'"tab\there \"quoted\" \u00e9"', 'tab\there "quoted" é', id="escapes"),
        pytest.param('"$${not} %%{either}"', "${not} %{either}", id="escaped-openers"),
        pytest.param('"n=${1} b=${true}"', "n=1 b=true", id="template"),
        pytest.param("<<EOT\n  kept\n    as is\nEOT", "  kept\n    as is\n", id="heredoc"),
        pytest.param("<<-EOT\n    two\n      more\n    EOT", "two\n  more\n", id="heredoc-dedented"),
        pytest.param('<<-EOT\n  a ${"x"}\n  b\n  EOT', "a x\nb\n", id="heredoc-template"),
        pytest.param('(("deep"))', "deep", id="parentheses"),
        pytest.param("{ for = 1, in = 2, if = 3 }", {"for": 1, "in": 2, "if": 3}, id="keywords-as-keys"),
    ],
)
def test_constants_mean_what_hcl_says(text: str, meant: object) -> None:
    """Literals, templates and heredocs have the values that Terraform gives them."""
    assert value_of(text) == meant


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("aws_a.b.c", ["aws_a.b.c"], id="attribute"),
        pytest.param('aws_a.b["k"][0].c', ['aws_a.b["k"][0].c'], id="index"),
        pytest.param("aws_a.b[*].c", ["aws_a.b[*].c"], id="splat"),
        pytest.param("aws_a.b[each.key].c", ["aws_a.b[each.key].c", "each.key"], id="computed-index"),
        pytest.param("[for x in var.l : x.id if x.on]", ["var.l"], id="for-binds-its-names"),
        pytest.param("{ for k, v in var.m : k => merge(v, local.n) }", ["var.m", "local.n"], id="for-object"),
        pytest.param('"a${var.x}b%{ if var.y }c%{ endif }"', ["var.x", "var.y"], id="directive"),
        pytest.param(
            "var.a ? aws_b.c.d : !var.e && var.f > 1", ["var.a", "aws_b.c.d", "var.e", "var.f"], id="operators"
        ),
        pytest.param('f(var.a)["k"].b[var.i]', ["var.a", "var.i"], id="access-to-a-call"),
        pytest.param("<<-E\n  ${jsonencode({ a = var.x })}\n  E", ["var.x"], id="inside-a-heredoc"),
    ],
)
def test_references_are_quoted_from_the_file(text: str, expected: list[str]) -> None:
    """Each reference knows exactly where it stands, heredocs included."""
    file = hcl.parse(f"\n\nx = {text}\n", "t.hcl")
    value = file.body.value("x")
    assert value is not None

    assert [file.source(one) for one in references(value)] == expected


def test_a_reference_is_rewritten_in_place() -> None:
    """Only the named part gives way; what surrounds it stays as it was written."""
    file = hcl.parse('x = upper("${google_a.b["k"].name}-${local.c}") # why\n', "t.hcl")
    value = file.body.value("x")
    assert value is not None

    def replace(one: Reference) -> tuple[int, str] | None:
        return (2, "local.a__b") if one.root == "google_a" else None

    assert rewritten(file.text, value, replace) == 'upper("${local.a__b["k"].name}-${local.c}")'


def test_blocks_and_attributes_have_their_lines() -> None:
    """Labels may be quoted or bare; lines count from 1."""
    file = hcl.parse('# head\nresource "aws_vpc" main {\n\n  cidr = 1\n  tags {\n  }\n}\n', "t.hcl")
    block = file.body.blocks[0]

    assert (block.type, block.labels, block.line) == ("resource", ("aws_vpc", "main"), 2)
    assert (block.body.attributes["cidr"].line, block.body.blocks[0].line) == (4, 5)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param("a {\n  b = \n}\n", "t.hcl:2: is not HCL", id="no-value"),
        pytest.param("a {\n", "t.hcl:", id="not-closed"),
        pytest.param("a = 1\n\na = 2\n", "t.hcl:3: a is set twice (first on line 1)", id="set-twice"),
        pytest.param('a "${x}" {\n}\n', "t.hcl:1: a block's label must be plain text", id="computed-label"),
        pytest.param("x = <<E\n${1 +}\nE\n", "t.hcl:2: is not HCL", id="broken-heredoc"),
        pytest.param("x = " + "(" * 5000 + ")" * 5000 + "\n", "t.hcl:1: is ", id="deep"),
    ],
)
def test_what_is_no_hcl_is_named_with_its_line(text: str, words: str) -> None:
    """One sentence with file and line."""
    with pytest.raises(UsageError) as caught:
        hcl.parse(text, "t.hcl")

    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_utf8_is_named_with_its_line(tmp_path: Path) -> None:
    """Latin-1 in line 2."""
    path = tmp_path / "t.hcl"
    path.write_bytes(b'a = "x"\nb = "\xe9"\n')

    with pytest.raises(UsageError, match=r"t\.hcl:2: is not UTF-8"):
        hcl_cache.read(path, "t.hcl", cache=None)


def test_a_kept_file_is_the_file_parsed(tmp_path: Path) -> None:
    """What comes out of the cache equals what went in; a damaged cache is read anew."""
    path = tmp_path / "t.hcl"
    path.write_text(
        'a "b" {\n  c = [f(x.y[0].z)[*].d, { k = "v${w}" }, a ? 1 : 2, "%{if p}q%{endif}"]\n}\n', encoding="utf-8"
    )
    fresh = hcl_cache.read(path, "t.hcl", cache=tmp_path / "cache")
    kept = hcl_cache.read(path, "t.hcl", cache=tmp_path / "cache")
    stored = next((tmp_path / "cache").rglob("*.json"))
    stored.write_bytes(b"[[")
    again = hcl_cache.read(path, "t.hcl", cache=tmp_path / "cache")

    assert fresh == kept == again
    assert oct(stored.stat().st_mode & 0o777) == "0o600"


_PIECES = st.sampled_from(
    [
        *("a", "for", "in", "if", "null", "1", "e1", "é", "\x00", " ", "\n", "\\"),
        *("=", "{", "}", "[", "]", "(", ")", '"', ":", "?", "=>", ".", ",", "...", "*", "[*]", "-", "~"),
        *("${", "%{", "$${", "<<E\n", "<<-E\n", "E\n", "#", "/*", "*/"),
    ]
)


@given(st.one_of(st.text(max_size=80), st.lists(_PIECES, max_size=40).map("".join)))
@settings(max_examples=400, deadline=None)
def test_no_text_gives_a_traceback(text: str) -> None:
    """Any text is parsed, or refused in one sentence that names the file and a line."""
    try:
        file = hcl.parse(text, "t.hcl")
    except UsageError as error:
        assert str(error).startswith("t.hcl:")  # noqa: PT017 - either outcome is right
    else:
        assert all(_quoted(file, one.value) for one in file.body.attributes.values())


def _quoted(file: hcl.HclFile, value: Expression) -> bool:
    return 0 <= value.start <= value.end <= len(file.text) + 1

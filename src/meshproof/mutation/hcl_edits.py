"""A generated mutant written into the HCL of its module, without moving any other line.

Only edits of what a resource block itself states can be written: its attributes, and the attributes of its static
nested blocks. A value that the provider alone decides has no HCL to edit.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from meshproof.declaration import hcl
from meshproof.declaration.expression import Call, ListOf, ObjectOf
from meshproof.declaration.model import REDACTED, UNKNOWN, Record
from meshproof.mutation.edits import put
from meshproof.mutation.generate import Site


@dataclass(frozen=True, slots=True, kw_only=True)
class HclEdit:
    """`site` as a change of one file: the text between `start` and `end` becomes `text`.

    `first_line` and `last_line` are those of the resource's block.
    """

    site: Site
    file: str
    start: int
    end: int
    text: str
    first_line: int
    last_line: int


def hcl_edit(site: Site, record: Record, file: hcl.HclFile, block: hcl.Block) -> HclEdit | None:
    """The edit of the block that declares the record, None where the block does not state what the site changes."""
    found = (block.start, block.end, "") if not site.path else _within(block.body, site, record, site.path, ())
    if found is None:
        return None
    start, end, text = found
    lines = file.text.count("\n", start, end)
    return HclEdit(
        site=site,
        file=file.shown.rpartition("/")[2],
        start=start,
        end=end,
        text=text + "\n" * (lines - text.count("\n")),
        first_line=file.place(block.start).line or 1,
        last_line=file.place(block.end).line or 1,
    )


def edited(file: hcl.HclFile, edits: list[HclEdit]) -> str:
    """The file's text with every edit made; they must not overlap."""
    text = file.text
    for one in sorted(edits, key=lambda each: each.start, reverse=True):
        text = text[: one.start] + one.text + text[one.end :]
    return text


Span = tuple[int, int, str]


def _within(body: hcl.Body, site: Site, record: Record, path: tuple[str, ...], at: tuple[str, ...]) -> Span | None:
    head, rest = path[0], path[1:]
    if (attribute := body.attributes.get(head)) is not None:
        return _attribute(attribute, site, record, (*at, head))
    blocks = list(body.of(head))
    dynamic = any(one.labels[:1] == (head,) for one in body.of("dynamic"))
    if len(blocks) != 1 or dynamic or rest[:1] != ("0",):
        return None  # several blocks may be a set, which a plan holds in another order than the file
    block = blocks[0]
    if len(rest) == 1:
        return block.start, block.end, ""
    return _within(block.body, site, record, rest[1:], (*at, head, rest[0]))


def _attribute(attribute: hcl.Attribute, site: Site, record: Record, at: tuple[str, ...]) -> Span | None:
    """The whole attribute as a literal, with the edit made in it.

    An edit inside a value is written only where the file spells the structure out: a text may hold it otherwise.
    """
    encoded = isinstance(attribute.value, Call) and attribute.value.name == "jsonencode"
    if len(site.path) > len(at) and not encoded and not isinstance(attribute.value, (ListOf, ObjectOf)):
        return None
    value = _at(put(record.values, site.path, site.becomes), at)
    if value is None or not _is_known(value):
        return None
    text = json.dumps(value, ensure_ascii=False).replace("${", "$${").replace("%{", "%%{")
    return attribute.value.start, attribute.value.end, f"jsonencode({text})" if encoded else text


def _is_known(value: object) -> bool:
    if value is UNKNOWN or value == REDACTED:
        return False
    if isinstance(value, Mapping):
        return all(_is_known(one) for one in value.values())
    if isinstance(value, (list, tuple)):
        return all(_is_known(one) for one in value)
    return True


def _at(values: object, path: tuple[str, ...]) -> object:
    for part in path:
        values = values.get(part) if isinstance(values, Mapping) else values[int(part)]  # type: ignore[index]  # a list by then
    return values

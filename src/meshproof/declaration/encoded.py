"""JSON inside attributes: policies, patterns, redrive rules.

A text that holds a JSON object or list is given as that object or list. Where one part of it is known only after
apply, Terraform calls the whole text unknown; so each `jsonencode(x)` is planned a second time as a `terraform_data`
whose input is `x`, in which Terraform marks exactly the parts that are unknown. An `aws_iam_policy_document` says as
much by itself.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from meshproof.declaration import google, hcl
from meshproof.declaration.expression import Call, Compound, Expression, ObjectOf, Reference, Splat
from meshproof.declaration.model import UNKNOWN
from meshproof.declaration.module import Module
from meshproof.declaration.plan_json import Planned
from meshproof.declaration.scope import DeclaringScope, HclScope

PREFIX: Final = "inside__"
_FILE: Final = "inside_of_texts.tf"
#: Arguments that no plan may hold.
_WRITE_ONLY: Final = "_wo"
_FOR_OBJECT: Final = 3
_DOCUMENT: Final = "aws_iam_policy_document"


@dataclass(frozen=True, slots=True, kw_only=True)
class Capture:
    """An attribute whose text is encoded in the module; `source` is the expression of what is in it."""

    name: str
    key: str
    attribute: str
    source: str
    meta: str


Source = Callable[[hcl.HclFile, Expression], str]


def captures(module: Module, source: Source) -> Iterator[Capture]:
    """The attributes of a module's resources whose JSON can be planned as what it holds; `source` quotes the files."""
    for key, (file, block) in module.resources.items():
        for attribute in block.body.attributes.values():
            if attribute.name.endswith(_WRITE_ONLY):
                continue
            inner = _Decoder(module, source).text(file, attribute.value)
            if inner is not None:
                meta = [
                    f"{name} = {source(file, block.body.attributes[name].value)}"
                    for name in ("count", "for_each")
                    if name in block.body.attributes
                ]
                name = f"{PREFIX}{key.replace('.', '__')}__{attribute.name}"
                yield Capture(name=name, key=key, attribute=attribute.name, source=inner, meta="\n".join(meta))


def write(module: Module, target: Path, *, stand_ins: bool) -> None:
    """Add the captures of `module` to the copy of it in `target`, in which Google's resources may be stand-ins."""
    source: Source = (lambda file, node: google.source_of(file, "", node)) if stand_ins else hcl.HclFile.source
    blocks = [
        f'resource "terraform_data" "{one.name}" {{\n{one.meta}\ninput = {one.source}\n}}\n'
        for one in captures(module, source)
    ]
    if blocks:
        (target / _FILE).write_text("\n".join(blocks), encoding="utf-8")


class _Decoder:
    """Writes an expression that encodes as the expression of what it encodes, where its meaning stays the same."""

    def __init__(self, module: Module, source: Source) -> None:
        self._module = module
        self._source = source

    def text(self, file: hcl.HclFile, node: Expression) -> str | None:
        """`jsonencode(x)` as `(x)`, and a local that is such a call, or an entry of such a local."""
        if isinstance(node, Call) and node.name == "jsonencode" and len(node.arguments) == 1:
            return f"({self._source(file, node.arguments[0])})"
        if isinstance(node, Reference) and node.root == "local" and node.steps and isinstance(node.steps[0], str):
            found = self._module.locals.get(node.steps[0])
            inner = self._local(*found) if found else None
            if inner is not None and not any(isinstance(step, Splat) for step in node.steps):
                return inner + file.text[node.stops[0] : node.end]
        return None

    def _local(self, file: hcl.HclFile, node: Expression) -> str | None:
        if isinstance(node, Compound) and node.kind == "for" and len(node.parts) == _FOR_OBJECT:
            value = node.parts[2]
            inner = self.text(file, value)
            return f"({file.text[node.start : value.start]}{inner}{file.text[value.end : node.end]})" if inner else None
        if isinstance(node, ObjectOf):
            decoded = [(key, value, self.text(file, value)) for key, value in node.items]
            if not any(inner for _, _, inner in decoded):
                return None
            pairs = [f"{file.source(key)} = {inner or self._source(file, value)}" for key, value, inner in decoded]
            return "{\n" + "\n".join(pairs) + "\n}"
        return self.text(file, node)


def declared(rows: Sequence[Planned]) -> list[Planned]:
    """The rows without captures: what the modules themselves declare."""
    return [row for row in rows if not row.name.startswith(PREFIX)]


def opened(
    rows: Sequence[Planned], scopes: Mapping[tuple[str, ...], DeclaringScope]
) -> Mapping[str, Mapping[str, object]]:
    """The values of the declared rows by address, with every JSON text given as what it holds."""
    inside = {(row.module, row.name, row.index): row.values.get("input") for row in rows if row.name.startswith(PREFIX)}
    kept = declared(rows)
    documents = {(row.module, row.key, row.index): row for row in kept if row.type == _DOCUMENT}
    return {row.address: _opened(row, scopes.get(row.module), inside, documents) for row in kept}


Inside = Mapping[tuple[tuple[str, ...], str, str | int | None], object]
Documents = Mapping[tuple[tuple[str, ...], str, str | int | None], Planned]


def _opened(row: Planned, scope: DeclaringScope | None, inside: Inside, documents: Documents) -> Mapping[str, object]:
    values = {name: parsed(value) for name, value in row.values.items()}
    for name, value in values.items():
        if value is not UNKNOWN or not isinstance(scope, HclScope) or not scope.declares(row.key):
            continue
        capture = (row.module, f"{PREFIX}{row.key.replace('.', '__')}__{name}", row.index)
        if isinstance(found := inside.get(capture), (Mapping, list)):
            values[name] = found
        elif (document := _document(row, name, scope, documents)) is not None:
            values[name] = document
    return values


def parsed(value: object) -> object:
    """A text that holds a JSON object or list as that; everything else as it is, lists and objects from the inside."""
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, str):
        return _loaded(value)
    if isinstance(value, dict):
        return {name: parsed(one) for name, one in value.items()}
    return [parsed(one) for one in value] if isinstance(value, list) else value


def _loaded(text: str) -> object:
    if text[:1] not in ("{", "["):
        return text
    try:
        found: object = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return found if isinstance(found, (dict, list)) else text


def _document(row: Planned, name: str, scope: HclScope, documents: Documents) -> object | None:
    """The policy of the `aws_iam_policy_document` that an attribute refers to in its own module."""
    value = scope.module.resources[row.key][1].body.value(name)
    if not isinstance(value, Reference) or value.names(4)[:2] != ("data", _DOCUMENT) or value.steps[-1] != "json":
        return None
    key = ".".join(value.names(3))
    found = documents.get((row.module, key, row.index)) or documents.get((row.module, key, None))
    return None if found is None else policy_of(found.values)


def policy_of(values: Mapping[str, object]) -> object | None:
    """An IAM policy out of a policy document's arguments; None where it is joined from other documents."""
    joined = [values.get(name) for name in ("source_policy_documents", "override_policy_documents")]
    statements = values.get("statement")
    if any(one is UNKNOWN or one for one in joined) or not isinstance(statements, list):
        return None
    return {"Version": values.get("version") or "2012-10-17", "Statement": [_statement(one) for one in statements]}


def _statement(row: object) -> object:
    if not isinstance(row, Mapping):
        return row
    found: dict[str, object] = {"Effect": row.get("effect") or "Allow"}
    if row.get("sid"):
        found["Sid"] = row["sid"]
    names = {"actions": "Action", "not_actions": "NotAction", "resources": "Resource", "not_resources": "NotResource"}
    for name, written in names.items():
        value = row.get(name)
        if value is UNKNOWN or value:
            found[written] = value
    for name, written in {"principals": "Principal", "not_principals": "NotPrincipal"}.items():
        if (value := row.get(name)) is UNKNOWN or value:
            found[written] = _principals(value)
    if (conditions := row.get("condition")) is UNKNOWN or conditions:
        found["Condition"] = _conditions(conditions)
    return found


def _principals(value: object) -> object:
    if not isinstance(value, list):
        return value
    found: dict[str, list[object]] = {}
    for one in value:
        found.setdefault(str(one["type"]), []).extend(_listed(one["identifiers"]))
    return "*" if found == {"*": ["*"]} else found


def _conditions(value: object) -> object:
    if not isinstance(value, list):
        return value
    found: dict[str, dict[str, object]] = {}
    for one in value:
        found.setdefault(str(one["test"]), {})[str(one["variable"])] = one["values"]
    return found


def _listed(value: object) -> list[object]:
    return list(value) if isinstance(value, list) else [value]

"""Google's modules where Google's provider cannot be had: each resource becomes a `terraform_data` of the same body.

Terraform itself then evaluates every expression, in both clouds and across them. A reference to a Google resource
becomes a local that holds what is declared, with every attribute that the provider would decide unknown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from meshproof.declaration import hcl
from meshproof.declaration.expression import Expression, Reference, rewritten
from meshproof.declaration.google_schema import PREFIX, SOURCE, Entry, schema
from meshproof.declaration.module import Module

__all__ = ["SOURCE", "original", "original_line", "rewrite_module", "source_of", "uses_google"]

_META: Final = ("count", "for_each", "depends_on")
_DROPPED: Final = ("provider",)
_MARK: Final = re.compile(r"# @(\d+)")
_DROPPED_BLOCKS: Final = ("lifecycle", "provisioner", "connection")
_STAND_IN: Final = re.compile(r"terraform_data\.(data__)?(google_[a-z0-9_]+?)__([^\[]+)((?:\[.*\])?)$")


def original(address: str) -> str | None:
    """The address of the Google resource behind a stand-in's address, None for any other resource."""
    found = _STAND_IN.search(address)
    if found is None:
        return None
    data, kind, name, index = found.groups()
    return f"{address[: found.start()]}{'data.' if data else ''}{kind}.{name}{index}"


def uses_google(module: Module) -> bool:
    """Whether a module holds or requires anything of Google's provider."""
    return any(one.source == SOURCE for one in module.requirements.values())


def rewrite_module(module: Module, target: Path) -> None:
    """Write the stand-in of `module` into `target`, which holds a copy of it."""
    for file in module.files:
        blocks = [_block(file, block) for block in file.body.blocks if not _is_dropped(block)]
        (target / Path(file.shown).name).write_text("\n\n".join(blocks) + "\n", encoding="utf-8")
    names = [key for key in module.resources if _is_google(key)]
    stand_ins = "\n".join(f"  {_stand_in(key)} = {_shown(module, key)}" for key in names)
    content = f"{_requirements(module)}\nlocals {{\n{stand_ins}\n}}\n"
    (target / "stand_ins_of_google.tf").write_text(content, encoding="utf-8")


def _is_google(key: str) -> bool:
    return key.removeprefix("data.").startswith(PREFIX)


def _is_dropped(block: hcl.Block) -> bool:
    return block.type in ("terraform", "moved", "import", "removed") or (
        block.type == "provider" and block.labels[:1] == ("google",)
    )


def _requirements(module: Module) -> str:
    lines = [
        f'    {one.name} = {{ source = "{one.source}"{_version(one.version)}{_aliases(one.name, one.aliases)} }}'
        for one in module.requirements.values()
        if one.source != SOURCE
    ]
    return "terraform {\n  required_providers {\n" + "\n".join(lines) + "\n  }\n}\n"


def _version(version: str) -> str:
    return f', version = "{version}"' if version else ""


def _aliases(name: str, aliases: tuple[str, ...]) -> str:
    return f", configuration_aliases = [{', '.join(f'{name}.{one}' for one in aliases)}]" if aliases else ""


def _stand_in(key: str) -> str:
    data = "data__" if key.startswith("data.") else ""
    kind, _, name = key.removeprefix("data.").partition(".")
    return f"{data}{kind}__{name}"


def _key(reference: Reference) -> tuple[int, str] | None:
    names = reference.names(3)
    if reference.root.startswith(PREFIX) and len(names) > 1:
        return 2, ".".join(names[:2])
    if reference.root == "data" and len(names) > 2 and names[1].startswith(PREFIX):  # noqa: PLR2004
        return 3, ".".join(names)
    return None


def _as_value(reference: Reference) -> tuple[int, str] | None:
    found = _key(reference)
    return None if found is None else (found[0], f"local.{_stand_in(found[1])}")


def _as_resource(reference: Reference) -> tuple[int, str] | None:
    found = _key(reference)
    return None if found is None else (found[0], f"terraform_data.{_stand_in(found[1])}")


def source_of(file: hcl.HclFile, name: str, value: Expression) -> str:
    """The source of an attribute's value, with references to Google's resources as references to stand-ins."""
    replace = _as_resource if name in ("depends_on", "replace_triggered_by") else _as_value
    return rewritten(file.text, value, replace).rstrip("\n")


def _block(file: hcl.HclFile, block: hcl.Block) -> str:
    if block.type in ("resource", "data") and block.labels[0].startswith(PREFIX):
        return _resource(file, block)
    head = " ".join([block.type, *(f'"{label}"' for label in block.labels)])
    return f"# @{block.line}\n{head} {{\n{_plain(file, block.body)}\n}}"


def _plain(file: hcl.HclFile, body: hcl.Body) -> str:
    lines = [_line(file, one) for one in body.attributes.values()]
    return "\n".join([*lines, *(_block(file, block) for block in body.blocks)])


def _line(file: hcl.HclFile, attribute: hcl.Attribute) -> str:
    """An attribute, under a mark of the line it comes from; `original_line` reads it back."""
    return f"# @{attribute.line}\n{attribute.name} = {source_of(file, attribute.name, attribute.value)}"


def original_line(text: str, line: int) -> int | None:
    """The line of the declared file behind a line of a rewritten one, None where `text` is as declared."""
    above = text.split("\n")[:line]
    marks = (found for row in reversed(above) if (found := _MARK.fullmatch(row)) is not None)
    mark = next(marks, None)
    return int(mark[1]) if mark else None


def _resource(file: hcl.HclFile, block: hcl.Block) -> str:
    key = ("data." if block.type == "data" else "") + ".".join(block.labels)
    meta = [_line(file, block.body.attributes[name]) for name in _META if name in block.body.attributes]
    conditions = [
        _block(file, inner)
        for lifecycle in block.body.of("lifecycle")
        for inner in lifecycle.body.of("precondition", "postcondition")
    ]
    if conditions:
        meta.append("lifecycle {\n" + "\n".join(conditions) + "\n}")
    body = _object(file, block.body, skipped=(*_META, *_DROPPED))
    return (
        f'# @{block.line}\nresource "terraform_data" "{_stand_in(key)}" {{\n'
        + "\n".join([*meta, f"input = {body}"])
        + "\n}"
    )


def _object(file: hcl.HclFile, body: hcl.Body, *, skipped: tuple[str, ...] = ()) -> str:
    """A body as an object; nested blocks of one type become one list. Only a resource itself has meta-arguments."""
    lines = [_line(file, one) for name, one in body.attributes.items() if name not in skipped]
    groups: dict[str, list[str]] = {}
    for block in body.blocks:
        if skipped and block.type in _DROPPED_BLOCKS:
            continue
        if block.type == "dynamic" and block.labels:
            groups.setdefault(block.labels[0], []).append(_dynamic(file, block))
        else:
            groups.setdefault(block.type, []).append(f"[{_object(file, block.body)}]")
    lines += [
        f"{name} = {parts[0] if len(parts) == 1 else 'concat(' + ', '.join(parts) + ')'}"
        for name, parts in groups.items()
    ]
    return "{\n" + "\n".join(lines) + "\n}"


def _dynamic(file: hcl.HclFile, block: hcl.Block) -> str:
    each = block.body.attributes.get("for_each")
    iterator = block.body.value("iterator")
    name = iterator.root if isinstance(iterator, Reference) else block.labels[0]
    content = next(block.body.of("content"), None)
    if each is None or content is None:
        return "[]"
    source = source_of(file, "for_each", each.value)
    pairs = f"[for key, value in {source} : {{ key = key, value = value }}]"
    return f"[for {name} in {pairs} : {_object(file, content.body)}]"


def _shown(module: Module, key: str) -> str:
    """The local behind a reference: what is declared, and unknown what the provider decides."""
    block = module.resources[key][1]
    name = f"terraform_data.{_stand_in(key)}"
    if "for_each" in block.body.attributes:
        return f"{{ for key, one in {name} : key => {_merged(key, block, 'one')} }}"
    if "count" in block.body.attributes:
        return f"[for one in {name} : {_merged(key, block, 'one')}]"
    return _merged(key, block, name)


def _merged(key: str, block: hcl.Block, instance: str) -> str:
    entries = schema(key.rpartition(".")[0]) or {}
    names = [name for name, one in entries.items() if one.computed and name not in block.body.attributes] or ["id"]
    parts = [_unknown(sorted(names), instance), f"{instance}.input", *_deeper(block, entries, instance)]
    return f"merge({', '.join(parts)})"


def _unknown(names: list[str], instance: str) -> str:
    listed = ", ".join(f'"{name}"' for name in names)
    return f"{{ for name in [{listed}] : name => jsondecode({instance}.id) }}"


def _deeper(block: hcl.Block, entries: Mapping[str, Entry], instance: str) -> Iterator[str]:
    """Nested blocks hold attributes that the provider decides as well."""
    for name in dict.fromkeys(_block_name(one) for one in block.body.blocks):
        inner = entries[name].inner if name in entries else None
        names = sorted(one for one, entry in (inner or {}).items() if entry.computed)
        if names:
            item = f"merge({_unknown(names, instance)}, item)"
            yield f"{{ {name} = [for item in {instance}.input.{name} : {item}] }}"


def _block_name(block: hcl.Block) -> str:
    return block.labels[0] if block.type == "dynamic" and block.labels else block.type

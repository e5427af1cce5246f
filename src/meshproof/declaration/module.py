"""A Terraform module as its files declare it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

from meshproof.declaration import hcl, hcl_cache
from meshproof.declaration.expression import Expression, ListOf, Literal, ObjectOf, Reference
from meshproof.errors import UsageError
from meshproof.judgement import Place

#: Resource types that come with Terraform itself.
BUILT_IN: Final = "terraform"


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """An input of a module; required where it has no default."""

    name: str
    required: bool
    default: Expression | None
    type: str
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """A provider that a module requires."""

    name: str
    source: str
    version: str
    aliases: tuple[str, ...]
    place: Place


@dataclass(frozen=True, kw_only=True)
class Module:
    """The `*.tf` files of one directory."""

    directory: Path
    files: tuple[hcl.HclFile, ...]

    def blocks(self, *types: str) -> Iterator[tuple[hcl.HclFile, hcl.Block]]:
        """Every block of these types, with the file that holds it."""
        for file in self.files:
            for block in file.body.of(*types):
                yield file, block

    @cached_property
    def variables(self) -> Mapping[str, Variable]:
        """Inputs by name."""
        found = {}
        for file, block in self.blocks("variable"):
            kind = block.body.value("type")
            found[_label(block)] = Variable(
                name=_label(block),
                required="default" not in block.body.attributes,
                default=block.body.value("default"),
                type=file.source(kind) if kind else "any",
                place=file.place(block.start),
            )
        return found

    @cached_property
    def outputs(self) -> Mapping[str, tuple[hcl.HclFile, hcl.Block]]:
        """Outputs by name."""
        return {_label(block): (file, block) for file, block in self.blocks("output")}

    @cached_property
    def locals(self) -> Mapping[str, tuple[hcl.HclFile, Expression]]:
        """Local values by name."""
        return {
            attribute.name: (file, attribute.value)
            for file, block in self.blocks("locals")
            for attribute in block.body.attributes.values()
        }

    @cached_property
    def resources(self) -> Mapping[str, tuple[hcl.HclFile, hcl.Block]]:
        """Resources and data sources by `type.name` and `data.type.name`."""
        found = {}
        for file, block in self.blocks("resource", "data"):
            if len(block.labels) == 2:  # noqa: PLR2004 - type and name
                prefix = "data." if block.type == "data" else ""
                found[prefix + ".".join(block.labels)] = (file, block)
        return found

    @cached_property
    def calls(self) -> Mapping[str, tuple[hcl.HclFile, hcl.Block]]:
        """Calls of other modules by name."""
        return {_label(block): (file, block) for file, block in self.blocks("module")}

    @cached_property
    def requirements(self) -> Mapping[str, Requirement]:
        """Required providers by local name, with those that are only implied by a resource's type."""
        found = {}
        for file, block in self.blocks("terraform"):
            for inner in block.body.of("required_providers"):
                for one in inner.body.attributes.values():
                    found[one.name] = _requirement(file, one)
        for key, (file, block) in self.resources.items():
            name = key.removeprefix("data.").split("_", 1)[0].split(".", 1)[0]
            if name not in found and name != BUILT_IN:
                place = file.place(block.start)
                found[name] = Requirement(name=name, source=f"hashicorp/{name}", version="", aliases=(), place=place)
        return found

    def called(self, name: str) -> Path | None:
        """The directory of a called module, None where it does not lie beside the caller."""
        source = self.calls[name][1].body.text("source") or ""
        return (self.directory / source).resolve() if source.startswith(("./", "../")) else None


def _label(block: hcl.Block) -> str:
    return block.labels[0] if block.labels else ""


def _requirement(file: hcl.HclFile, attribute: hcl.Attribute) -> Requirement:
    value = attribute.value
    pairs = value.items if isinstance(value, ObjectOf) else ()
    entries = {key.value: one for key, one in pairs if isinstance(key, Literal)}
    aliases = entries.get("configuration_aliases")
    return Requirement(
        name=attribute.name,
        source=_text(entries.get("source")) or f"hashicorp/{attribute.name}",
        version=_text(entries.get("version")) or _text(value),
        aliases=tuple(
            str(one.steps[0])
            for one in (aliases.items if isinstance(aliases, ListOf) else ())
            if isinstance(one, Reference) and one.steps
        ),
        place=file.place(value.start),
    )


def _text(node: Expression | None) -> str:
    return str(node.value) if isinstance(node, Literal) and isinstance(node.value, str) else ""


def is_module(directory: Path) -> bool:
    """Whether a directory holds Terraform files."""
    return directory.is_dir() and any(directory.glob("*.tf"))


class Modules:
    """Reads each module once; `root` is the directory that places are relative to."""

    def __init__(self, root: Path, cache: Path | None) -> None:
        """`cache` keeps parsed files between runs; None keeps nothing."""
        self.root = root
        self._cache = cache
        self._files: dict[Path, hcl.HclFile] = {}
        self._modules: dict[Path, Module] = {}

    def shown(self, path: Path) -> str:
        """How places name a path."""
        return path.relative_to(self.root).as_posix() if path.is_relative_to(self.root) else path.as_posix()

    def file(self, path: Path) -> hcl.HclFile:
        """One parsed file."""
        if path not in self._files:
            self._files[path] = hcl_cache.read(path, self.shown(path), cache=self._cache)
        return self._files[path]

    def module(self, directory: Path) -> Module:
        """The module in a directory; raises UsageError where there is none or it declares a name twice."""
        if directory not in self._modules:
            if not is_module(directory):
                message = f"{self.shown(directory)}: holds no Terraform module; correct the source that names it"
                raise UsageError(message)
            files = tuple(self.file(path) for path in sorted(directory.glob("*.tf")))
            _refuse_twice(files)
            self._modules[directory] = Module(directory=directory, files=files)
        return self._modules[directory]


def _refuse_twice(files: tuple[hcl.HclFile, ...]) -> None:
    seen: dict[tuple[str, ...], Place] = {}
    for file in files:
        for block in file.body.of("resource", "data", "variable", "output", "module"):
            key = (block.type, *block.labels)
            place = file.place(block.start)
            if key in seen:
                message = f"{place}: {' '.join(key)} is declared twice (first in {seen[key]}); rename one of them"
                raise UsageError(message)
            seen[key] = place

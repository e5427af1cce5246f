"""The live tree: environments, their stacks, and the units that the stacks make."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Final

from meshproof.declaration import hcl
from meshproof.declaration.expression import Expression, Literal, ObjectOf
from meshproof.declaration.model import UNKNOWN
from meshproof.declaration.module import Modules
from meshproof.declaration.plan import Finding
from meshproof.declaration.terragrunt_scope import FileScope, World
from meshproof.errors import UsageError
from meshproof.judgement import Place

GENERATED: Final = ".terragrunt-stack"
STACK_FILE: Final = "terragrunt.stack.hcl"
UNIT_FILE: Final = "terragrunt.hcl"
_SKIPPED: Final = frozenset({GENERATED, ".terragrunt-cache", ".terraform"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependency:
    """A `dependency` block: `unit` is the id of the unit it names, None where there is none.

    `mocked` are its `mock_outputs`, what stands for a unit that is not there.
    """

    label: str
    unit: str | None
    path: str
    mock_outputs: frozenset[str]
    place: Place
    mocked: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Included:
    """What a unit takes from the files it includes."""

    place: Place
    inputs: Mapping[str, object]
    generated: Mapping[str, str]
    remote_state: Mapping[str, object]


@dataclass(frozen=True, kw_only=True)
class LiveUnit:
    """A unit as its stack generates it; `directory` need not exist, `file` is the source it is copied from."""

    id: str
    location: str
    directory: Path
    file: hcl.HclFile
    source: Path | str | None
    source_place: Place
    locals: Mapping[str, object]
    values: Mapping[str, object]
    dependencies: tuple[Dependency, ...]
    includes: tuple[Included, ...]
    scope: FileScope = field(repr=False, compare=False)

    @property
    def label(self) -> str:
        """The name of its module call in the composed root."""
        return self.id.replace("/", "_").replace("-", "_")

    @property
    def inputs(self) -> ObjectOf | None:
        """The expression of its inputs."""
        value = self.file.body.value("inputs")
        return value if isinstance(value, ObjectOf) else None

    @cached_property
    def input_expressions(self) -> Mapping[str, Expression]:
        """Its own inputs by name."""
        pairs = self.inputs.items if self.inputs else ()
        return {str(key.value): value for key, value in pairs if isinstance(key, Literal)}


@dataclass(frozen=True, kw_only=True)
class Live:
    """One environment: its units in order of id, and what lies outside the subset or is missing."""

    environment: str
    infra: Path
    modules: Modules
    units: tuple[LiveUnit, ...]
    outside: tuple[Finding, ...]
    missing: tuple[Finding, ...]

    @cached_property
    def by_id(self) -> Mapping[str, LiveUnit]:
        """Units by id."""
        return {unit.id: unit for unit in self.units}


def environments(infra: Path) -> tuple[str, ...]:
    """The environments of a tree: the folders of `live/` that hold stacks or units."""
    live = infra / "live"
    if not live.is_dir():
        return ()
    return tuple(one.name for one in sorted(live.iterdir()) if one.is_dir() and next(_files(one), None) is not None)


def _files(directory: Path) -> Iterator[Path]:
    for root, folders, names in os.walk(directory):
        folders[:] = sorted(set(folders) - _SKIPPED)
        yield from (Path(root, name) for name in (STACK_FILE, UNIT_FILE) if name in names)


def read_live(infra: Path, environment: str, *, cache: Path | None = None) -> Live:
    """The units of one environment. Raises UsageError for what is broken, with file and line."""
    infra = infra.resolve()
    base = infra / "live" / environment
    if not base.is_dir():
        known = ", ".join(environments(infra)) or "none"
        message = f"{infra.name}/live has no environment {environment!r}; declared: {known}"
        raise UsageError(message)
    tree = _Tree(World(infra=infra, modules=Modules(infra.parent, cache)), base)
    for path in _files(base):
        if path.name == STACK_FILE:
            tree.stack(path, path.parent)
        else:
            tree.unit(path, path.parent, {})
    return tree.live(environment)


def outside_subset(infra: Path, *, cache: Path | None = None) -> list[Finding]:
    """Everything in the live tree that the engine cannot evaluate, each with its place."""
    found = [one for name in environments(infra) for one in read_live(infra, name, cache=cache).outside]
    return sorted(set(found), key=str)


class _Tree:
    """Walks stacks into units, then binds the units to one another."""

    def __init__(self, world: World, base: Path) -> None:
        self._world = world
        self._base = base
        self._found: list[tuple[Path, hcl.HclFile, Mapping[str, object]]] = []
        self._missing: list[Finding] = []
        self._open: set[Path] = set()

    def unit(self, path: Path, directory: Path, values: Mapping[str, object]) -> None:
        """Note a unit whose source file is `path`."""
        self._found.append((directory, self._world.modules.file(path), values))

    def stack(self, path: Path, directory: Path, values: Mapping[str, object] | None = None) -> None:
        """Read a stack file that stands (or is generated) in `directory`."""
        if path in self._open:
            message = f"{self._world.modules.shown(path)}:1: a stack that contains itself; break the circle"
            raise UsageError(message)
        self._open.add(path)
        self._world.stands_for.setdefault(directory, path.parent)
        file = self._world.modules.file(path)
        scope = FileScope(self._world, file, directory, values=values)
        for block in file.body.of("unit", "stack"):
            self._child(file, scope, block, path.parent, directory)
        self._open.discard(path)

    def _child(self, file: hcl.HclFile, scope: FileScope, block: hcl.Block, here: Path, directory: Path) -> None:
        place = file.place(block.start)
        names = {name: scope.value(one.value) for name, one in block.body.attributes.items()}
        source, path, values = names.get("source"), names.get("path"), names.get("values", {})
        if not isinstance(source, str) or not isinstance(path, str):
            self._missing.append(Finding(address=_name(block), place=place, says="source or path cannot be told"))
            return
        target = Path(os.path.normpath(here / source))
        generated = Path(os.path.normpath(directory / GENERATED / path))
        name = UNIT_FILE if block.type == "unit" else STACK_FILE
        if not (target / name).is_file():
            says = f"{block.type} source {self._world.modules.shown(target)} holds no {name}"
            self._missing.append(Finding(address=self._id(generated), place=place, says=says))
            return
        self._world.stands_for[generated] = target
        passed = values if isinstance(values, Mapping) else {}
        if block.type == "unit":
            self.unit(target / name, generated, passed)
        else:
            self.stack(target / name, generated, passed)

    def _id(self, directory: Path) -> str:
        """`location/unit`: the first and the last folder that are not Terragrunt's own."""
        relative = directory.relative_to(self._base) if directory.is_relative_to(self._base) else directory
        parts = [part for part in relative.parts if part != GENERATED]
        return "/".join(dict.fromkeys((parts[0], parts[-1]))) if parts else "."

    def live(self, environment: str) -> Live:
        """Everything found, bound together."""
        ids = {directory: self._id(directory) for directory, _, _ in self._found}
        units = tuple(
            sorted((self._bound(*one, ids) for one in self._found), key=lambda unit: unit.id),
        )
        for one, other in pairwise(units):
            if one.id == other.id:
                message = f"{other.file.shown}:1: two units are called {one.id}; give one of them another path"
                raise UsageError(message)
        return Live(
            environment=environment,
            infra=self._world.infra,
            modules=self._world.modules,
            units=units,
            outside=tuple(sorted(self._world.outside.values(), key=str)),
            missing=tuple(self._missing),
        )

    def _bound(
        self, directory: Path, file: hcl.HclFile, values: Mapping[str, object], ids: Mapping[Path, str]
    ) -> LiveUnit:
        scope = FileScope(self._world, file, directory, values=values)
        source, place = self._source(file, scope)
        return LiveUnit(
            id=ids[directory],
            location=ids[directory].split("/")[0],
            directory=directory,
            file=file,
            source=source,
            source_place=place,
            locals=scope.locals(),
            values=values,
            dependencies=tuple(
                self._dependency(file, scope, directory, one, ids) for one in file.body.of("dependency")
            ),
            includes=tuple(self._include(file, scope, directory, one) for one in file.body.of("include")),
            scope=scope,
        )

    def _source(self, file: hcl.HclFile, scope: FileScope) -> tuple[Path | str | None, Place]:
        for block in file.body.of("terraform"):
            attribute = block.body.attributes.get("source")
            if attribute is not None:
                value = scope.value(attribute.value)
                place = file.place(attribute.value.start)
                if not isinstance(value, str):
                    return None, place
                local = value.startswith(("/", "./", "../"))
                return (Path(os.path.normpath(value.replace("//", "/"))) if local else value), place
        return None, Place(file=file.shown, line=1)

    def _dependency(
        self, file: hcl.HclFile, scope: FileScope, directory: Path, block: hcl.Block, ids: Mapping[Path, str]
    ) -> Dependency:
        attribute = block.body.attributes.get("config_path")
        value = scope.value(attribute.value) if attribute else None
        path = value if isinstance(value, str) else ""
        mocks = block.body.value("mock_outputs")
        keys = mocks.items if isinstance(mocks, ObjectOf) else ()
        mocked = scope.value(mocks) if isinstance(mocks, ObjectOf) else {}
        return Dependency(
            label=_name(block),
            unit=ids.get(Path(os.path.normpath(directory / path))) if path else None,
            path=path,
            mock_outputs=frozenset(str(key.value) for key, _ in keys if isinstance(key, Literal)),
            place=file.place(attribute.value.start if attribute else block.start),
            mocked=mocked if isinstance(mocked, Mapping) else {},
        )

    def _include(self, file: hcl.HclFile, scope: FileScope, directory: Path, block: hcl.Block) -> Included:
        attribute = block.body.attributes.get("path")
        place = file.place(attribute.value.start if attribute else block.start)
        value = scope.value(attribute.value) if attribute else None
        if not isinstance(value, str):
            return Included(place=place, inputs={}, generated={}, remote_state={})
        path = Path(os.path.normpath(directory / value))
        if not path.is_file():
            message = f"{place}: the included file {self._world.modules.shown(path)} is not there; correct the path"
            raise UsageError(message)
        return _included(self._world, path, directory, place)


def _included(world: World, path: Path, directory: Path, place: Place) -> Included:
    file = world.modules.file(path)
    scope = FileScope(world, file, directory, include_directory=path.parent)
    inputs = file.body.value("inputs")
    taken = scope.value(inputs) if inputs else {}
    generated: dict[str, str] = {}
    for block in file.body.of("generate"):
        content = block.body.value("contents")
        value = scope.value(content) if content else UNKNOWN
        if isinstance(value, str):
            generated[_name(block)] = value
    state: dict[str, object] = {}
    for block in file.body.of("remote_state"):
        state = {name: scope.value(one.value) for name, one in block.body.attributes.items()}
    return Included(
        place=place, inputs=taken if isinstance(taken, Mapping) else {}, generated=generated, remote_state=state
    )


def _name(block: hcl.Block) -> str:
    return block.labels[0] if block.labels else block.type

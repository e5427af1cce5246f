"""The closed subset of Terragrunt's language, evaluated where a file stands.

Anything else is noted as outside the subset, with its place, and its value is UNKNOWN.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from meshproof.declaration.evaluate import evaluate
from meshproof.declaration.expression import Call, Expression, Reference
from meshproof.declaration.hcl import HclFile
from meshproof.declaration.model import UNKNOWN
from meshproof.declaration.module import Modules
from meshproof.declaration.plan import Finding
from meshproof.errors import UsageError

FUNCTIONS: Final = (
    "find_in_parent_folders",
    "read_terragrunt_config",
    "path_relative_to_include",
    "get_terragrunt_dir",
    "yamldecode",
    "file",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What all files of one tree share; `stands_for` maps a generated unit's directory to its source's."""

    infra: Path
    modules: Modules
    stands_for: dict[Path, Path] = field(default_factory=dict)
    outside: dict[tuple[str, int | None, str], Finding] = field(default_factory=dict)

    def on_disk(self, path: Path) -> Path:
        """Where the file of a generated unit really lies."""
        for directory in (path, *path.parents):
            if directory in self.stands_for:
                return self.stands_for[directory] / path.relative_to(directory)
        return path

    def note(self, file: HclFile, node: Expression, says: str) -> None:
        """Remember, once, that something lies outside the subset."""
        place = file.place(node.start)
        self.outside[place.file, place.line, says] = Finding(
            address=file.source(node).split("\n", 1)[0][:60], place=place, says=says
        )


class FileScope:
    """One file, read for a unit that stands in `directory`; `include_directory` is where an included file lies."""

    def __init__(
        self,
        world: World,
        file: HclFile,
        directory: Path,
        *,
        values: Mapping[str, object] | None = None,
        include_directory: Path | None = None,
    ) -> None:
        """`values` is what the stack passes to its unit."""
        self._world = world
        self._file = file
        self._directory = directory
        self._values = values or {}
        self._include_directory = include_directory
        self._locals: dict[str, object] = {}
        self._open: set[str] = set()

    def value(self, node: Expression) -> object:
        """What an expression of this file stands for."""
        return evaluate(node, self)

    def locals(self) -> dict[str, object]:
        """Every local of the file."""
        names = [name for block in self._file.body.of("locals") for name in block.body.attributes]
        return {name: self._local(name) for name in names}

    def variable(self, reference: Reference) -> tuple[object, int]:
        """`local.x`, `values.x`; the outputs of a dependency are known only after apply."""
        names = reference.names(2)
        if reference.root == "local" and len(names) > 1:
            return self._local(names[1], reference), 1
        if reference.root == "values":
            return self._values, 0
        if reference.root == "dependency":
            return UNKNOWN, 0
        return self._refuse(reference, f"{reference.root} is not a name of the subset"), 0

    def outside(self, node: Expression) -> object:
        """Anything that computes."""
        return self._refuse(node, "an expression outside the subset (only literals, templates and references)")

    def call(self, call: Call) -> object:
        """One of the subset's functions."""
        functions: dict[str, Callable[[Call], object]] = {
            "find_in_parent_folders": self._find,
            "read_terragrunt_config": self._read_config,
            "path_relative_to_include": self._relative_to_include,
            "get_terragrunt_dir": lambda _: self._directory.as_posix(),
            "yamldecode": self._yamldecode,
        }
        function = functions.get(call.name)
        if function is None:
            return self._refuse(call, f"the function {call.name} is outside the subset ({', '.join(FUNCTIONS)})")
        return function(call)

    def _refuse(self, node: Expression, says: str) -> object:
        self._world.note(self._file, node, says)
        return UNKNOWN

    def _local(self, name: str, reference: Reference | None = None) -> object:
        if name in self._locals:
            return self._locals[name]
        attributes = [b.body.attributes[name] for b in self._file.body.of("locals") if name in b.body.attributes]
        if not attributes:
            return self._refuse(reference, f"there is no local {name}") if reference else UNKNOWN
        if name in self._open:
            message = f"{self._file.place(attributes[0].value.start)}: local {name} refers to itself; break the circle"
            raise UsageError(message)
        self._open.add(name)
        self._locals[name] = evaluate(attributes[0].value, self)
        return self._locals[name]

    def _path_argument(self, call: Call, default: str = "") -> str | None:
        value = evaluate(call.arguments[0], self) if call.arguments else default
        return value if isinstance(value, str) and value and "\0" not in value else None

    def _find(self, call: Call) -> object:
        wanted = self._path_argument(call, "terragrunt.hcl")
        if wanted is None:
            return UNKNOWN
        for directory in self._directory.parents:
            if not directory.is_relative_to(self._world.infra):
                break
            if (directory / wanted).exists():
                return (directory / wanted).as_posix()
        if len(call.arguments) > 1:
            return evaluate(call.arguments[1], self)
        message = f"{self._file.place(call.start)}: {wanted} is in none of the folders above {self._shown()}; add it"
        raise UsageError(message)

    def _shown(self) -> str:
        return self._world.modules.shown(self._directory)

    def _resolved(self, path: str) -> Path:
        return Path(os.path.normpath(self._directory / path))

    def _read_config(self, call: Call) -> object:
        wanted = self._path_argument(call)
        if wanted is None:
            return UNKNOWN
        path = self._resolved(wanted)
        if not self._world.on_disk(path).is_file():
            if len(call.arguments) > 1:
                return evaluate(call.arguments[1], self)
            message = (
                f"{self._file.place(call.start)}: {self._world.modules.shown(path)} is not there; correct the path"
            )
            raise UsageError(message)
        return self._read(call, path)

    def _read(self, call: Call, path: Path) -> object:
        file = self._world.modules.file(self._world.on_disk(path))
        if file is self._file:
            return self._refuse(call, "a file that reads itself")
        scope = FileScope(self._world, file, path.parent)
        inputs = file.body.value("inputs")
        return {"locals": scope.locals(), "inputs": scope.value(inputs) if inputs else {}}

    def _relative_to_include(self, call: Call) -> object:
        if self._include_directory is None:
            return self._refuse(call, "path_relative_to_include in a file that nothing includes")
        return os.path.relpath(self._directory, self._include_directory)

    def _yamldecode(self, call: Call) -> object:
        inner = call.arguments[0] if call.arguments else None
        if not isinstance(inner, Call) or inner.name != "file":
            return self._refuse(call, "yamldecode of anything but file(…) is outside the subset")
        wanted = self._path_argument(inner)
        if wanted is None:
            return UNKNOWN
        path = self._world.on_disk(self._resolved(wanted))
        try:
            found: object = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
        except (OSError, ValueError, YAMLError, RecursionError) as error:
            said = str(error).splitlines()[0] if str(error) else type(error).__name__
            message = f"{self._file.place(call.start)}: {self._world.modules.shown(path)} is not readable YAML: {said}"
            raise UsageError(message) from None
        return found

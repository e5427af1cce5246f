"""The declaration as a check sees it: selects, follows references, and remembers what was read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from meshproof.declaration.model import UNKNOWN, Declaration, Note, Place, Record
from meshproof.errors import ProbeError, ValueUnknown
from meshproof.verdict import Assurance, Fidelity

Path = tuple[str, ...]

#: Stands for "is it there at all", which only the removal of the whole thing can change.
EXISTS: Path = ("$exists",)


def as_path(path: str | Path) -> Path:
    """`a.b.0.c` as parts; a tuple stands as it is, for keys that hold dots themselves."""
    return tuple(path.split(".")) if isinstance(path, str) else path


class Item:
    """One declared thing in the hands of a check."""

    __slots__ = ("_platform", "_record")

    def __init__(self, platform: Platform, record: Record) -> None:
        """Bind a record to the platform that remembers what is read of it."""
        self._platform = platform
        self._record = record

    def __repr__(self) -> str:
        """The address, as in every report."""
        return f"<{self._record.address}>"

    @property
    def platform(self) -> Platform:
        """What it is part of."""
        return self._platform

    @property
    def address(self) -> str:
        """The stable name of the thing."""
        return self._record.address

    @property
    def place(self) -> Place:
        """Where it is declared."""
        return self._record.place

    @property
    def assurance(self) -> Assurance:
        """How well its values are known."""
        return self._record.assurance

    @property
    def fidelity(self) -> Fidelity:
        """What resolved its values."""
        return self._record.fidelity

    @property
    def kind(self) -> str:
        """Terraform type, Kubernetes kind or document kind."""
        return self._record.kind

    @property
    def group(self) -> str:
        """The API group of a Kubernetes object, else the empty string."""
        return self._record.group

    @property
    def name(self) -> str:
        """Name within its kind (Terraform local name, metadata.name, …)."""
        return self._record.name

    @property
    def namespace(self) -> str:
        """Kubernetes namespace, else the empty string."""
        return self._record.namespace

    @property
    def site(self) -> str:
        """`primary`, `standby`, `global` or the empty string."""
        return self._record.site

    @property
    def owner(self) -> str:
        """Who delivers it: Terragrunt unit, Flux Kustomization or Argo CD Application."""
        return self._record.owner

    @property
    def region(self) -> str:
        """The cloud's region that it is made in, else the empty string."""
        return self._record.region

    @property
    def values(self) -> Mapping[str, object]:
        """All of it, unknown values marked: for handing the thing on, not for deciding a promise."""
        self._platform.note_read(self._record.address, EXISTS)
        return self._record.values

    def get(self, path: str | Path, default: object = None) -> object:
        """The value at a dotted path, `default` where nothing is declared.

        Lists are entered by position (`vpc_config.0.subnet_ids`). Raises ValueUnknown where the value, or something
        on the way to it, is known only after apply. Nested unknown values inside a returned mapping or list raise
        ProbeError when they are used.
        """
        parts = as_path(path)
        self._platform.note_read(self._record.address, parts)
        node: object = self._record.values
        for part in parts:
            if node is UNKNOWN:
                raise ValueUnknown(self.address, ".".join(parts))
            node = _step(node, part)
            if node is None:
                return default
        if node is UNKNOWN:
            raise ValueUnknown(self.address, ".".join(parts))
        return node

    def has(self, path: str | Path) -> bool:
        """Whether something is declared there, be its value known yet or not."""
        try:
            return self.get(path) is not None
        except ValueUnknown:
            return True

    def knows(self, path: str | Path) -> bool:
        """Whether the value there is already known (nothing declared is known too).

        For choosing among many things the one that is meant; never for deciding a promise.
        """
        try:
            self.get(path)
        except ValueUnknown:
            return False
        return True

    def sequence(self, path: str | Path) -> list[object]:
        """The list at a path; empty where nothing is declared, one element where a single value stands."""
        value = self.get(path)
        if value is None:
            return []
        return list(value) if isinstance(value, (list, tuple)) else [value]

    def mappings(self, path: str | Path) -> list[Mapping[str, Any]]:
        """The mappings in the list at a path (nested blocks, containers, rules)."""
        return [one for one in self.sequence(path) if isinstance(one, Mapping)]

    def mapping(self, path: str | Path) -> Mapping[str, Any]:
        """The mapping at a path; empty where none is declared."""
        value = self.get(path)
        if isinstance(value, (list, tuple)) and len(value) == 1:
            value = value[0]
        return value if isinstance(value, Mapping) else {}

    def text(self, path: str | Path) -> str:
        """The value at a path as text; empty where nothing is declared."""
        value = self.get(path)
        return "" if value is None else str(value)

    def number(self, path: str | Path) -> float | None:
        """The number at a path (numeric text counts), None where there is none."""
        value = self.get(path)
        if isinstance(value, bool) or value is None:
            return None
        if isinstance(value, (int, float)):
            return float(value)
        try:
            return float(str(value))
        except ValueError:
            return None

    def label(self, key: str) -> str:
        """A Kubernetes label of the object."""
        return self.text(("metadata", "labels", key))

    def annotation(self, key: str) -> str:
        """A Kubernetes annotation of the object."""
        return self.text(("metadata", "annotations", key))

    def refers(self, path: str | Path, kind: str = "") -> list[Item]:
        """What the attribute at `path` (or anything below it) refers to, across modules and units."""
        parts = as_path(path)
        self._platform.note_read(self._record.address, parts)
        prefix = ".".join(parts)
        found = [
            self._platform.item(target)
            for at, targets in self._record.references.items()
            if at == prefix or at.startswith(f"{prefix}.") or prefix.startswith(f"{at}.")
            for target in targets
        ]
        return [one for one in found if one is not None and kind in ("", one.kind)]


def _step(node: object, part: str) -> object:
    if isinstance(node, Mapping):
        return node.get(part)
    if isinstance(node, (list, tuple)):
        if part.isdigit():
            return node[int(part)] if int(part) < len(node) else None
        return _step(node[0], part) if len(node) == 1 else None
    return None


@dataclass(frozen=True, slots=True)
class Reads:
    """What a check looked at: `(address, path)` pairs and the kinds it listed."""

    paths: frozenset[tuple[str, Path]]
    kinds: frozenset[str]


class Platform:
    """One environment's declaration, optionally with some records replaced or taken away."""

    def __init__(self, declaration: Declaration, replaced: Mapping[str, Record | None] | None = None) -> None:
        """`replaced` maps an address to its new record, or to None where the thing is taken away."""
        self.declaration = declaration
        self._replaced = dict(replaced or {})
        self._paths: set[tuple[str, Path]] = set()
        self._kinds: set[str] = set()

    @property
    def environment(self) -> str:
        """The environment that is judged."""
        return self.declaration.environment

    @property
    def replaced(self) -> Mapping[str, Record | None]:
        """The records that differ from the declaration as built."""
        return self._replaced

    @property
    def reads(self) -> Reads:
        """What has been read so far."""
        return Reads(frozenset(self._paths), frozenset(self._kinds))

    def note_read(self, address: str, path: Path) -> None:
        """Remember that a check depends on this value."""
        self._paths.add((address, path))

    def item(self, address: str) -> Item | None:
        """The thing at an address, None where there is none."""
        self._paths.add((address, EXISTS))
        record = self._current(address)
        return Item(self, record) if record is not None else None

    def all(
        self, *kinds: str, site: str | None = None, namespace: str | None = None, owner: str | None = None
    ) -> list[Item]:
        """Every thing of these kinds, in order of address.

        A kind is a Terraform type, a Kubernetes kind (`Gateway` or `Gateway.networking.istio.io`) or a document kind.
        Raises ProbeError where none is found of a Terraform type and a unit could not be read.
        """
        found = [
            Item(self, record)
            for kind in kinds
            for record in self._listed(kind)
            if site in (None, record.site) and namespace in (None, record.namespace) and owner in (None, record.owner)
        ]
        if not found and (hidden := self._hidden) and any("_" in kind for kind in kinds):
            wanted = " or ".join(kinds)
            message = f"{hidden.place}: {hidden.subject}: {hidden.says}: whether it declares {wanted} is not known"
            raise ProbeError(message)
        return found

    def family(self, *families: str) -> list[Item]:
        """Every thing of whole families (`terraform`, `kubernetes`, `document`, `terragrunt`)."""
        kinds = sorted({one.kind for one in self.declaration.records if one.family in families})
        return [item for item in self.all(*kinds) if item._record.family in families]  # noqa: SLF001 - same module

    def referrers(self, item: Item, *kinds: str) -> list[Item]:
        """What refers to `item`, of these kinds (all kinds where none is named)."""
        pairs = dict.fromkeys(address for address, _ in self.declaration.referrers.get(item.address, ()))
        self._kinds.update(kinds)
        found = [one for address in pairs if (one := self.item(address)) is not None]
        return [one for one in found if (not kinds or one.kind in kinds) and _still_refers(one, item)]

    @property
    def sites(self) -> tuple[str, ...]:
        """The sites that declare Kubernetes objects."""
        return tuple(sorted({one.site for one in self.declaration.records if one.family == "kubernetes" and one.site}))

    def _current(self, address: str) -> Record | None:
        if address in self._replaced:
            return self._replaced[address]
        return self.declaration.by_address.get(address)

    @cached_property
    def _hidden(self) -> Note | None:
        """The first thing of the declaration that could not be read and may hold whole resources."""
        return next((one for one in self.declaration.notes if one.hides), None)

    def _listed(self, kind: str) -> Iterator[Record]:
        self._kinds.add(kind)
        for record in self.declaration.by_kind.get(kind, ()):
            current = self._current(record.address)
            if current is not None:
                yield current


def _still_refers(item: Item, target: Item) -> bool:
    references = item._record.references  # noqa: SLF001 - same module
    return any(target.address in targets for targets in references.values())

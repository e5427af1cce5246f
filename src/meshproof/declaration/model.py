"""What `infra/` declares, typed and read-only."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, NoReturn

from meshproof.errors import ProbeError
from meshproof.judgement import Place
from meshproof.verdict import Assurance, Fidelity

__all__ = [
    "REDACTED",
    "UNKNOWN",
    "Declaration",
    "Note",
    "Place",
    "Record",
    "Unknown",
    "canonical",
]

#: Stands where the declaration holds a sensitive value.
REDACTED: Final = "(sensitive)"


class Unknown:
    """A value that only the provider decides, after apply.

    Any use of it that could decide something (comparison, truth, hash, attribute) raises ProbeError, so an unknown
    value can never be mistaken for a kept or a broken promise.
    """

    __slots__ = ()

    def _refuse(self, *_: object) -> NoReturn:
        message = "a value that is known only after apply was needed"
        raise ProbeError(message)

    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = _refuse
    __bool__ = __hash__ = __len__ = __iter__ = __contains__ = __getitem__ = _refuse
    __int__ = __float__ = __index__ = _refuse

    def __getattr__(self, name: str) -> NoReturn:
        """Refuse string and mapping methods alike."""
        if name.startswith("__"):
            raise AttributeError(name)
        self._refuse()

    def __repr__(self) -> str:
        """How reports show it."""
        return "(known after apply)"

    def __copy__(self) -> Unknown:
        """There is only one."""
        return self

    def __deepcopy__(self, memo: object) -> Unknown:
        """There is only one."""
        return self

    def __reduce__(self) -> str:
        """Keep the singleton through pickling."""
        return "UNKNOWN"


UNKNOWN: Final = Unknown()


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One declared thing.

    `family` is terraform, kubernetes, document or terragrunt. `address` is unique and free of generated names:
    `module.primary_network.aws_vpc.main`, `primary/Service/shop/orders`, `observability/slo/orders.yaml#orders`.
    `references` maps the dotted path of an attribute to the addresses it refers to. `owner` says who delivers it:
    the Terragrunt unit (`primary/network`), or the Flux Kustomization or Argo CD Application. `region` is the cloud's,
    where the provider that makes the thing states one.
    """

    family: str
    kind: str
    address: str
    name: str
    values: Mapping[str, object]
    place: Place
    assurance: Assurance
    fidelity: Fidelity = Fidelity.REAL
    group: str = ""
    namespace: str = ""
    site: str = ""
    owner: str = ""
    region: str = ""
    references: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Something that could not be read, and why: it ends as *unknown* in the report, never in silence.

    `hides`: whole resources may lie behind it, so that nobody can say that there is none of a kind.
    """

    subject: str
    place: Place | None
    says: str
    hides: bool = False


def canonical(value: object) -> str:
    """One JSON text for equal values; unknown values have a mark of their own."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), default=_mark, ensure_ascii=False)


def _mark(value: object) -> object:
    if isinstance(value, Unknown):
        return {"$unknown": True}
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, tuple):
        return list(value)
    message = f"a declaration holds only JSON values, not {type(value).__name__}"
    raise TypeError(message)


@dataclass(frozen=True, kw_only=True)
class Declaration:
    """Every record of one environment, indexed by address and by kind."""

    environment: str
    version: str
    records: tuple[Record, ...]
    notes: tuple[Note, ...] = ()

    @cached_property
    def by_address(self) -> Mapping[str, Record]:
        """Records by their address."""
        return {record.address: record for record in self.records}

    @cached_property
    def by_kind(self) -> Mapping[str, tuple[Record, ...]]:
        """Records by kind, and by `Kind.group` where there is a group; in order of address."""
        found: dict[str, list[Record]] = {}
        for record in sorted(self.records, key=lambda one: one.address):
            found.setdefault(record.kind, []).append(record)
            if record.group:
                found.setdefault(f"{record.kind}.{record.group}", []).append(record)
        return {kind: tuple(records) for kind, records in found.items()}

    @cached_property
    def referrers(self) -> Mapping[str, tuple[tuple[str, str], ...]]:
        """For each address, who refers to it: pairs of address and attribute path."""
        found: dict[str, list[tuple[str, str]]] = {}
        for record in self.records:
            for path, targets in record.references.items():
                for target in targets:
                    found.setdefault(target, []).append((record.address, path))
        return {address: tuple(pairs) for address, pairs in found.items()}

    @cached_property
    def digest(self) -> str:
        """SHA-256 over every address and value."""
        return digest_of(self.records)


def digest_of(records: Iterable[Record]) -> str:
    """SHA-256 over the addresses and values of `records`, in order of address."""
    total = hashlib.sha256()
    for record in sorted(records, key=lambda one: one.address):
        total.update(record.address.encode())
        total.update(canonical(record.values).encode())
    return total.hexdigest()

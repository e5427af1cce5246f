"""What a Terraform plan says, as the rest of the engine sees it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from meshproof.declaration.model import Place

ResolvedBy = Literal["provider", "language"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something about the declaration that is wrong, or that could not be told.

    `hides`: whole resources may lie behind it, of kinds that nobody can tell.
    """

    address: str
    place: Place
    says: str
    hides: bool = False

    def __str__(self) -> str:
        """One line for a person."""
        return f"{self.place}: {self.address}: {self.says}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One instance of a resource or data source.

    `module` is the label of the module call in the root (`primary_network`), `unit` the Terragrunt unit
    (`primary/network`); both are empty for a plain root. `references` maps a dotted attribute path (positions for
    nested blocks) to the addresses it refers to, followed through variables, locals, outputs and units. A text that
    holds JSON stands in `values` as what it holds, with UNKNOWN for the parts that are known only after apply.
    `resolved_by` is `provider` where the real provider planned it, `language` where only Terraform's language, or a
    static reading, gave its values. `region` is that of its provider, empty where it has none.
    """

    address: str
    type: str
    name: str
    index: str | int | None
    module: str
    unit: str
    values: Mapping[str, object]
    references: Mapping[str, tuple[str, ...]]
    place: Place
    resolved_by: ResolvedBy
    region: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """A Terragrunt unit; parts of `inputs` that come from other units are UNKNOWN unless the plan knows them.

    `variables` says of each variable of its module whether it is required or optional, `outputs` what that module
    gives, and `uses` which output of which unit it takes: keys dependency, unit (empty where the path leads to none),
    output, mocked. `providers` are the rows of `provider_locks`.
    """

    id: str
    module_source: str
    place: Place
    inputs: Mapping[str, object]
    dependencies: tuple[str, ...]
    variables: Mapping[str, str] = field(default_factory=dict)
    outputs: tuple[str, ...] = ()
    uses: tuple[Mapping[str, object], ...] = ()
    remote_state: Mapping[str, object] = field(default_factory=dict)
    providers: tuple[Mapping[str, object], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One thing that Terraform tells a cluster: an entry of a unit's output `facts`, and what it comes from."""

    name: str
    unit: str
    value: object
    references: tuple[str, ...]
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One environment, or one plain root, as it would be applied.

    `undecided` says in words what could not be resolved, `refused` what a provider that is not there would not take
    (schema-checked only); `providers` holds the provider blocks as declared, by
    `location.name` or `location.name.alias`.
    """

    environment: str
    resources: tuple[Resource, ...]
    units: tuple[Unit, ...] = ()
    outputs: Mapping[str, object] = field(default_factory=dict)
    providers: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    facts: tuple[Fact, ...] = ()
    undecided: tuple[Finding, ...] = ()
    refused: tuple[Finding, ...] = ()
    programs: Mapping[str, str] = field(default_factory=dict)
    digest: str

"""The parameters that a managed cache is declared with, as Redis and Valkey take them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from meshproof.errors import UsageError

#: What eviction, replication or a measurement depends on: the engine's own default never stands in for these.
REQUIRED: Final = (
    "maxmemory-policy",
    "min-replicas-max-lag",
    "min-replicas-to-write",
    "repl-backlog-size",
    "timeout",
)
#: What only the managed service knows, and what a program without jemalloc cannot do.
_DROPPED: Final = {
    "activedefrag": "needs an allocator that the program is not built with",
    "close-on-replica-write": "is the managed service's own",
    "reserved-memory-percent": "is the managed service's own",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """What the program is given: `values` by name, all declared at `address`; `dropped` says what it is not and why."""

    values: Mapping[str, str]
    address: str
    dropped: Mapping[str, str] = field(default_factory=dict)

    def arguments(self) -> list[str]:
        """As on the command line."""
        return [word for name, value in sorted(self.values.items()) for word in (f"--{name}", value)]


def translated(declared: Iterable[Mapping[str, str]], address: str) -> Parameters:
    """The parameters of a group (its `name` and `value` pairs, declared at `address`) as the program's own.

    Raises UsageError naming the address for a required parameter that is not declared: no default of an engine is
    ever used in its place.
    """
    stated = {str(one["name"]): str(one["value"]) for one in declared}
    if missing := [name for name in REQUIRED if name not in stated]:
        message = (
            f"{address}: does not declare {', '.join(missing)}; state it, because no default of an engine stands in "
            "for it"
        )
        raise UsageError(message)
    return Parameters(
        values={name: value for name, value in stated.items() if name not in _DROPPED},
        address=address,
        dropped={name: why for name, why in _DROPPED.items() if name in stated},
    )

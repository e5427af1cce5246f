"""The network of a run's clusters: of private addresses, as the declared subnets of both clouds are."""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import Final

from meshproof.errors import TargetError
from meshproof.targets.kind.docker import docker, trouble

#: Declared network policies open the way to API servers and to the other site as far as 10.0.0.0/8. Docker's own choice
#: would lie outside; kind's pods and Services lie in 10.244.0.0/16 and 10.96.0.0/16.
RANGES: Final = tuple(IPv4Network("10.213.0.0/20").subnets(new_prefix=24))
_TAKEN: Final = "overlap"


def create(name: str) -> None:
    """Make a network of the first range that no other has. Raises TargetError."""
    for subnet in RANGES:
        made = docker("network", "create", "--subnet", str(subnet), name)
        if made.returncode == 0:
            return
        if _TAKEN not in made.last_words():
            raise TargetError(trouble(made.last_words()))
    message = f"every range from {RANGES[0]} to {RANGES[-1]} is taken: `docker network prune`"
    raise TargetError(message)

"""What an environment is for, and the bounds that follow from it.

Each environment states its class in its `env.hcl`, and everything in it carries the class as a tag or label. Where a
promise holds everywhere, its control has one bound; where it depends on what may be lost, the bound is a `ByClass`.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import Generic, TypeVar

from meshproof.declaration.platform import Item, Platform

TAG = "environment-class"

#: From the strictest to the mildest: what serves customers; what must behave alike with their kind of data; what is
#: thrown away after use.
CLASSES = ("production", "rehearsal", "trial")

#: A kind that stands wherever data does, and where it shows the tags that it got from its provider.
_KIND, _TAGS = "aws_kms_key", "tags_all"

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class ByClass(Generic[T]):
    """A bound that the class of the environment decides."""

    production: T
    rehearsal: T
    trial: T

    def of(self, seen: Item | Platform) -> T:
        """The bound in the environment at hand."""
        bounds = dict(zip(CLASSES, (self.production, self.rehearsal, self.trial), strict=True))
        return bounds[class_of(seen)]


def class_of(seen: Item | Platform) -> str:
    """The strictest class that the environment states; production where it states none."""
    platform = seen.platform if isinstance(seen, Item) else seen
    stated = {one.text((_TAGS, TAG)) for one in platform.all(_KIND)}
    return next((one for one in CLASSES if one in stated), CLASSES[0])


def due(wanted: object, seen: Item | Platform) -> object:
    """A value as it stands, or the one that the class decides."""
    return wanted.of(seen) if isinstance(wanted, ByClass) else wanted


#: Days that a log is kept. PCI DSS 10.5.1 demands a year of what serves customers, and beyond two the cost outweighs
#: the use; what led to a finding of a rehearsal is asked for within a quarter, of a trial within a month.
LOG_DAYS = ByClass(production=(365, 731), rehearsal=(90, 731), trial=(30, 731))

#: Whether a deletion must be refused: what is tried must be gone with one command, or it is paid for for ever.
GUARDED = ByClass(production=True, rehearsal=True, trial=False)

#: Whether nobody, its owner neither, may shorten a retention: only what an auditor relies on is worth the years.
UNALTERABLE = ByClass(production=True, rehearsal=False, trial=False)

#: A bound that an environment does not have.
UNBOUNDED = inf

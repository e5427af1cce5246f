"""Objects in the order in which a cluster takes them."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from meshproof.probes.kubernetes import Answer, Api
from meshproof.targets.embedded.translate import Object

#: What others are admitted or placed by.
_FIRST: Final = ("Namespace", "PriorityClass")
#: What may refuse others.
_LAST: Final = ("ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding")
_AT_ONCE: Final = 8


def steps(objects: Sequence[Object]) -> tuple[list[Object], list[Object], list[Object]]:
    """What comes first, everything, what comes last."""
    first = [one for one in objects if one["kind"] in _FIRST]
    last = [one for one in objects if one["kind"] in _LAST]
    return first, [one for one in objects if one not in first and one not in last], last


def apply_all(api: Api, objects: Sequence[Object]) -> list[tuple[Object, Answer]]:
    """Side by side, with each answer."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(zip(objects, pool.map(api.apply, objects), strict=True))

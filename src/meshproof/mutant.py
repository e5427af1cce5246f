"""Mutants as data: the edit of the declaration that must turn a check red."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from meshproof.errors import UsageError

#: In a patch: take this key (or list element) away.
REMOVED = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """One small edit.

    `kind` is a Terraform type, a Kubernetes kind or a document kind. `target` is a glob over addresses
    (`module.primary_cluster.aws_eks_cluster.main`) or over `namespace/name`, optionally with a site before it
    (`standby:istio-system/default`). `patch` is merged into each match: mappings by key, lists by position, None
    takes away; no patch at all removes the whole thing. `says` must occur in the assertion that kills it.
    """

    name: str
    kind: str
    target: str
    says: str
    patch: Mapping[str, object] | None

    @property
    def takes_away(self) -> bool:
        """Whether something is not there afterwards: the whole thing, or a value of it."""
        return _takes_away(self.patch)


def matches(text: str, glob: str) -> bool:
    """Whether `*` and `?` of the glob cover the text; brackets are Terraform's and mean themselves."""
    return text == glob or fnmatchcase(text, glob.replace("[", "[[]"))


def edit(kind: str, target: str, patch: Mapping[str, object], *, says: str, name: str = "") -> Mutant:
    """Change some values of the thing; see `Mutant` for how target and patch are read."""
    if not patch:
        message = f"mutant of {kind} {target}: an empty patch changes nothing"
        raise UsageError(message)
    return Mutant(name=name or _slug(patch), kind=kind, target=target, says=says, patch=patch)


def remove(kind: str, target: str, *, says: str, name: str = "") -> Mutant:
    """Take the whole thing away."""
    return Mutant(name=name or f"without-{kind.lower()}", kind=kind, target=target, says=says, patch=None)


def _takes_away(patch: object) -> bool:
    if isinstance(patch, Mapping):
        return any(_takes_away(one) for one in patch.values())
    return any(_takes_away(one) for one in patch) if isinstance(patch, list) else patch is REMOVED


def _slug(patch: Mapping[str, object]) -> str:
    """A readable name out of the first leaf of the patch: `endpoint_public_access-true`."""
    key = ""
    node: object = patch
    while isinstance(node, (Mapping, list)) and node:
        if isinstance(node, Mapping):
            key, node = next(iter(node.items()))
        else:
            node = node[-1]
    value_text = "removed" if node is REMOVED else str(node).lower()
    return "".join(c if c.isalnum() or c in "_-" else "-" for c in f"{key}-{value_text}")[:60].strip("-")

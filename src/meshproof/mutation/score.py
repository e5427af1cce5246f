"""The mutation score: which generated mutants some control kills, judged only by checks that can notice them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from meshproof.control import control_of, is_quick
from meshproof.declaration.model import Declaration, Record
from meshproof.declaration.platform import Path, Platform
from meshproof.errors import MeshproofError
from meshproof.mutant import Mutant
from meshproof.mutation.apply import apply
from meshproof.mutation.edits import put
from meshproof.mutation.generate import Site

Check = Callable[..., object]


@dataclass(frozen=True, slots=True)
class ReadIndex:
    """Which checks depend on what: by address and path, and by the kinds they list.

    A check whose first run did not look at a value runs in the same way when only that value differs, so it cannot
    notice the mutant: leaving it out changes no outcome.
    """

    paths: Mapping[str, list[tuple[Path, int]]] = field(default_factory=dict)
    kinds: Mapping[str, list[int]] = field(default_factory=dict)

    def sensitive_to(self, record: Record, path: Path) -> list[int]:
        """Positions of the checks that could notice an edit at `path`; an empty path is the removal of the thing."""
        found = [
            position
            for read, position in self.paths.get(record.address, [])
            if not path or read[: len(path)] == path or path[: len(read)] == read
        ]
        if not path:
            found += self.kinds.get(record.kind, [])
            found += self.kinds.get(f"{record.kind}.{record.group}", []) if record.group else []
        return sorted(set(found))


def usable_checks(functions: Iterable[Check]) -> list[Check]:
    """The checks that are decided by the declaration alone, once each, in order of their control."""
    found = {}
    for function in functions:
        control = control_of(function)
        names = function.__code__.co_varnames[: function.__code__.co_argcount]
        if control is not None and names == ("platform",) and is_quick(function):
            found[(control.id, function.__name__)] = function
    return [found[key] for key in sorted(found)]


def index_reads(checks: Sequence[Check], declaration: Declaration) -> ReadIndex:
    """Run every check once on the declaration as built and remember what it looked at."""
    paths: dict[str, list[tuple[Path, int]]] = {}
    kinds: dict[str, list[int]] = {}
    for position, check in enumerate(checks):
        platform = Platform(declaration)
        if _ends(check, platform) != "green":
            continue  # a check that is red or blind as built cannot notice anything
        for address, path in platform.reads.paths:
            paths.setdefault(address, []).append((path, position))
        for kind in platform.reads.kinds:
            kinds.setdefault(kind, []).append(position)
    return ReadIndex(paths, kinds)


def killers(
    checks: Sequence[Check], index: ReadIndex, declaration: Declaration, site: Site, *, first_only: bool
) -> list[str]:
    """Ids of the controls that turn red when `site` is edited."""
    record = declaration.by_address[site.address]
    changed = (
        None
        if not site.path
        else replace(
            record,
            values=put(record.values, site.path, site.becomes),  # type: ignore[arg-type]  # a mapping in, a mapping out
            references=_kept(record, site.path),
        )
    )
    found: list[str] = []
    for position in index.sensitive_to(record, site.path):
        platform = Platform(declaration, {site.address: changed})
        control = control_of(checks[position])
        if control is not None and _ends(checks[position], platform) == "red":
            found.append(control.id)
            if first_only:
                break
    return found


def turned_red(checks: Sequence[Check], index: ReadIndex, declaration: Declaration, mutant: Mutant) -> list[str]:
    """Ids of all controls that a declared mutant turns red."""
    try:
        replaced = apply(mutant, declaration)
    except MeshproofError:
        return []
    positions = {
        position for address in replaced for position in index.sensitive_to(declaration.by_address[address], ())
    }
    controls = [
        control_of(checks[position])
        for position in sorted(positions)
        if _ends(checks[position], Platform(declaration, replaced)) == "red"
    ]
    return sorted({one.id for one in controls if one is not None})


def _ends(check: Check, platform: Platform) -> str:
    try:
        check(platform=platform)
    except AssertionError:
        return "red"
    except MeshproofError:
        return "unseen"
    except Exception:  # noqa: BLE001 - a crash under a mutant kills nothing; the check's own run reports it
        return "broke"
    return "green"


def _kept(record: Record, path: Path) -> Mapping[str, tuple[str, ...]]:
    dotted = ".".join(path)
    return {at: to for at, to in record.references.items() if at != dotted and not at.startswith(f"{dotted}.")}

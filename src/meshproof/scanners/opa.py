"""Open Policy Agent over the declaration: the Rego that `infra/policy` declares, decided by the real program."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from meshproof.declaration.model import UNKNOWN, canonical
from meshproof.declaration.platform import Item
from meshproof.errors import ProbeError
from meshproof.process import run, scratch
from meshproof.toolchain import find

EVALUATE_WITHIN_S: Final = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Denial:
    """One answer of a policy about one thing; `decided` is False where the policy could not tell."""

    policy: str
    address: str
    says: str
    decided: bool


def denials(modules: Iterable[Item], things: Iterable[Item]) -> tuple[Denial, ...]:
    """What the Rego modules say about the things, by address.

    `modules` are records of the kind Rego (their `text`); Terraform resources go in as `input.resources`, Kubernetes
    objects as `input.objects`. Raises ProbeError where OPA does not answer, TargetError where it is missing.
    """
    texts = [(module.name, str(module.get("text"))) for module in modules]
    judged = list(things)
    addresses = {_object_key(one): one.address for one in judged if one.group or _is_object(one)}
    answer = _answer(tuple(text for _, text in texts), canonical(_input(judged)))
    return tuple(_denials(answer, addresses))


@lru_cache(maxsize=8)
def _answer(modules: tuple[str, ...], document: str) -> Mapping[str, object]:
    """Of equal modules and input the answer is the same, and a mutant leaves most inputs as they are."""
    with scratch("policies") as place:
        for position, text in enumerate(modules):
            (place / f"{position:03}.rego").write_text(text, encoding="utf-8")
        (place / "input.json").write_text(document, encoding="utf-8")
        return _evaluate(place)


def _evaluate(place: Path) -> Mapping[str, object]:
    program = find("opa")
    argv = [
        str(program.path),
        "eval",
        "--format",
        "json",
        "--data",
        str(place),
        "--input",
        str(place / "input.json"),
    ]
    done = run([*argv, "data.meshproof"], within_s=EVALUATE_WITHIN_S)
    if done.returncode:
        message = f"opa did not answer: {' '.join((done.stderr or done.stdout).split())[:400]}"
        raise ProbeError(message)
    result = json.loads(done.stdout).get("result", [])
    value = result[0]["expressions"][0]["value"] if result else {}
    return value if isinstance(value, Mapping) else {}


def _denials(node: Mapping[str, object], addresses: Mapping[str, str], package: str = "") -> Iterator[Denial]:
    for name, value in sorted(node.items()):
        if name in ("deny", "undecided") and isinstance(value, list):
            for row in value:
                address = str(row.get("address", ""))
                yield Denial(
                    policy=str(row.get("id", package)),
                    address=addresses.get(address, address),
                    says=str(row.get("msg", "")),
                    decided=name == "deny",
                )
        elif isinstance(value, Mapping):
            yield from _denials(value, addresses, f"{package}.{name}".strip("."))


def _input(things: list[Item]) -> Mapping[str, object]:
    return {
        "resources": [
            {"address": one.address, "type": one.kind, "values": _without_unknown(one.get(()))}
            for one in things
            if not _is_object(one)
        ],
        "objects": [_without_unknown(one.get(())) for one in things if _is_object(one)],
    }


def _is_object(item: Item) -> bool:
    return item.has("apiVersion") and item.has("kind")


def _object_key(item: Item) -> str:
    return f"{item.kind}/{item.namespace}/{item.name}" if item.namespace else f"{item.kind}/{item.name}"


def _without_unknown(value: object) -> object:
    if isinstance(value, Mapping):
        return {key: _without_unknown(one) for key, one in value.items() if one is not UNKNOWN}
    if isinstance(value, (list, tuple)):
        return [_without_unknown(one) for one in value if one is not UNKNOWN]
    return value

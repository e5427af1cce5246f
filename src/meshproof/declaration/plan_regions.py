"""Where the resources of a plan are made: the region of the provider that makes each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

Json = Mapping[str, object]

#: The region of each resource block that has one, by the module calls that lead to it and its key in there.
Regions = Mapping[tuple[tuple[str, ...], str], str]


def regions(data: Json) -> Regions:
    """Of the blocks whose provider states its region as a constant."""
    configuration = _mapping(data.get("configuration"))
    stated = {name: _region(block) for name, block in _mapping(configuration.get("provider_config")).items()}
    found = _blocks(_mapping(configuration.get("root_module")), ())
    return {at: region for at, provider in found if (region := stated.get(provider, ""))}


def _region(block: object) -> str:
    expression = _mapping(_mapping(_mapping(block).get("expressions")).get("region"))
    return str(expression.get("constant_value") or "")


def _blocks(module: Json, path: tuple[str, ...]) -> Iterator[tuple[tuple[tuple[str, ...], str], str]]:
    """Each block with the key of its provider, which Terraform has followed to the root that passes it."""
    rows = module.get("resources")
    for row in rows if isinstance(rows, list) else []:
        yield (path, str(row.get("address"))), str(row.get("provider_config_key"))
    for name, call in _mapping(module.get("module_calls")).items():
        yield from _blocks(_mapping(_mapping(call).get("module")), (*path, name))


def _mapping(value: object) -> Json:
    return value if isinstance(value, Mapping) else {}

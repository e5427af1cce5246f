"""Derives the Google provider's schema from the PyPI package cdktf-cdktf-provider-google.

    python -m meshproof.declaration.google_schema_build cdktf_cdktf_provider_google-16.12.1-py3-none-any.whl OUT

The package was generated from the provider's own schema, and its JavaScript carries the generated TypeScript in its
source maps; every attribute stands there with its type and with a comment that says whether it is computed, optional
or required. Nothing of the package is executed.
"""

from __future__ import annotations

import base64
import gzip
import io
import json
import re
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Final

from meshproof.errors import UsageError

Body = dict[str, object]

_SOURCE_MAP: Final = re.compile(rb"sourceMappingURL=data:application/json;base64,([A-Za-z0-9+/=]+)")
_CLASS: Final = re.compile(
    r"^export class (\w+) extends cdktf\.(TerraformResource|TerraformDataSource|ComplexObject) \{(.*?)^\}",
    re.MULTILINE | re.DOTALL,
)
_FLAGS: Final = re.compile(r"^ +// (\w+) - computed: (\w+), optional: (\w+), required: (\w+)$", re.MULTILINE)
_NESTED: Final = re.compile(
    r"= new ((?:cdktf\.)?\w+?)(List|Map|OutputReference)?\(this, \"(\w+)\"(?:, (true|false))?\)"
)
_GETTER: Final = re.compile(r"this\.get(\w+)Attribute\(")
_TYPE: Final = re.compile(r'tfResourceType = "(\w+)"')
_VERSION: Final = re.compile(r"providerVersion: '([\d.]+)'")
_HCL_BLOCK: Final = re.compile(r"^ +(\w+): \{\n +value: .*\n +isBlock: true", re.MULTILINE)
_HCL_FUNCTION: Final = re.compile(r"^export function (\w+)ToHclTerraform\(.*?^\}", re.MULTILINE | re.DOTALL)
_TYPES: Final = {
    "String": "string",
    "Number": "number",
    "Boolean": "bool",
    "List": "list(string)",
    "NumberList": "list(number)",
    "StringMap": "map(string)",
    "NumberMap": "map(number)",
    "BooleanMap": "map(bool)",
    "AnyMap": "map(any)",
}
_MAPS: Final = {"StringMap": "map(string)", "NumberMap": "map(number)", "BooleanMap": "map(bool)"}


def sources(wheel: Path) -> Iterator[str]:
    """The TypeScript of every resource and data source in the package."""
    with zipfile.ZipFile(wheel) as archive:
        name = next((one for one in archive.namelist() if one.endswith(".jsii.tgz")), None)
        if name is None:
            message = f"{wheel}: holds no .jsii.tgz; give the wheel of cdktf-cdktf-provider-google"
            raise UsageError(message)
        packed = io.BytesIO(archive.read(name))
    texts: dict[str, list[str]] = {}
    with tarfile.open(fileobj=packed) as files:
        for member in files:
            stream = files.extractfile(member) if member.name.endswith(".js") else None
            found = _SOURCE_MAP.search(stream.read()) if stream else None
            if found:
                folder = "/".join(member.name.split("/")[:3])
                texts.setdefault(folder, []).extend(json.loads(base64.b64decode(found[1])).get("sourcesContent") or ())
    yield from ("\n".join(parts) for _, parts in sorted(texts.items()))


def derive(text: str) -> tuple[str, Body] | None:
    """One resource (`google_x`) or data source (`data.google_x`) and its schema."""
    kind = _TYPE.search(text)
    if kind is None:
        return None
    classes = {name: (base, body) for name, base, body in _CLASS.findall(text)}
    main = next((name for name, (base, _) in classes.items() if base != "ComplexObject"), None)
    if main is None:
        return None
    blocks = {
        found[1][0].upper() + found[1][1:]: set(_HCL_BLOCK.findall(found[0])) for found in _HCL_FUNCTION.finditer(text)
    }
    base, body = classes[main]
    prefix = "data." if base == "TerraformDataSource" else ""
    return prefix + kind[1], _body(body, set(_HCL_BLOCK.findall(body)), classes, blocks)


def _body(text: str, own_blocks: set[str], classes: dict[str, tuple[str, str]], blocks: dict[str, set[str]]) -> Body:
    found: Body = {}
    heads = list(_FLAGS.finditer(text))
    for head, following in zip_longest(heads, heads[1:]):
        name = head[1]
        flags = "".join(letter for letter, said in zip("cor", head.groups()[1:], strict=True) if said == "true")
        part = text[head.end() : following.start() if following else len(text)]
        nested = _NESTED.search(part)
        if nested is not None and f"{nested[1]}OutputReference" in classes:
            shape = {"OutputReference": "one", "List": "set" if nested[4] == "true" else "list"}
            inner = _body(classes[f"{nested[1]}OutputReference"][1], blocks.get(nested[1], set()), classes, blocks)
            kind = shape.get(nested[2], "map")
            found[name] = ["block" if name in own_blocks else "attribute", kind, flags, inner]
        else:
            found[name] = f"{_plain(part, nested)} {flags}"
    return found


def _plain(part: str, nested: re.Match[str] | None) -> str:
    if nested is not None:
        return _MAPS.get(f"{nested[1]}{nested[2] or ''}".removeprefix("cdktf."), "any")
    getter = _GETTER.search(part)
    return _TYPES.get(getter[1], "any") if getter else "any"


def build(wheel: Path, out: Path) -> int:
    """Write the schema of everything in `wheel` to `out`; how many resources and data sources it holds."""
    schemas: Body = {}
    version = ""
    for text in sources(wheel):
        derived = derive(text)
        if derived is not None:
            schemas[derived[0]] = derived[1]
            version = version or ("".join(_VERSION.findall(text)[:1]))
    about = {"provider": "hashicorp/google", "version": version, "derived_from": wheel.name.split("-py3")[0]}
    content = json.dumps({**about, "schemas": schemas}, separators=(",", ":"), sort_keys=True).encode()
    # No time stamp in the archive: the same wheel gives the same bytes.
    out.write_bytes(gzip.compress(content, compresslevel=9, mtime=0))
    return len(schemas)


if __name__ == "__main__":
    if len(sys.argv) != 3:  # noqa: PLR2004 - wheel and output
        sys.exit(__doc__)
    try:
        print(build(Path(sys.argv[1]), Path(sys.argv[2])), "schemas")  # noqa: T201 - a command
    except (UsageError, OSError, zipfile.BadZipFile) as problem:
        sys.exit(f"{problem}")

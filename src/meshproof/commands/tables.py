"""The tables of variables and outputs in the modules' READMEs, out of their HCL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rich.console import Console

from meshproof.declaration.hcl import decoded
from meshproof.declaration.module import Module, Modules, is_module
from meshproof.errors import UsageError

_BEGIN = "<!-- BEGIN TABLES -->\n"
_END = "<!-- END TABLES -->"


def write_tables(infra: Path, *, check: bool, out: Console) -> int:
    """Write every module's tables anew; with `check` only say which are not current: 1 where one is not."""
    stale = 0
    readmes = [one for one in sorted((infra / "modules").rglob("README.md")) if is_module(one.parent)]
    if not readmes:
        message = f"{infra / 'modules'}: no module there has a README.md; name the declaration's directory"
        raise UsageError(message)
    for readme in readmes:
        text = decoded(readme, readme.as_posix())
        if _BEGIN not in text or _END not in text.partition(_BEGIN)[2]:
            message = f"{readme}: has no line <!-- BEGIN TABLES --> followed by <!-- END TABLES -->; add both"
            raise UsageError(message)
        tables = "\n".join(_tables(Modules(infra.parent, None).module(readme.parent)))
        head, _, rest = text.partition(_BEGIN)
        current = f"{head}{_BEGIN}{tables}\n{_END}{rest.partition(_END)[2]}"
        if current != text:
            stale += 1
            out.print(f"{'stale' if check else 'wrote'} {readme.relative_to(infra.parent)}", markup=False)
            if not check:
                readme.write_text(current, encoding="utf-8")
    return int(check and stale > 0)


def _tables(module: Module) -> Iterator[str]:
    descriptions = {
        f"{block.type}.{block.labels[0]}": block.body.text("description") or ""
        for _, block in module.blocks("variable", "output")
    }
    yield "| variable | description | type | required |"
    yield "| --- | --- | --- | --- |"
    for name, one in sorted(module.variables.items()):
        place = f"{Path(one.place.file).name}#L{one.place.line}"
        kind = " ".join(one.type.split()).replace("|", "\\|")
        shown = kind if len(kind) <= 60 else f"{kind.partition('(')[0]}(…)"  # noqa: PLR2004 - a table cell
        needed = "yes" if one.required else "no"
        yield f"| [{name}]({place}) | {descriptions[f'variable.{name}']} | `{shown}` | {needed} |"
    yield ""
    yield "| output | description |"
    yield "| --- | --- |"
    for name in sorted(module.outputs):
        yield f"| {name} | {descriptions[f'output.{name}']} |"

"""The mutants that are also made in HCL, as one pytest item whose answer is kept by what it was made from."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

import pytest
from platformdirs import user_cache_path

from meshproof.declaration.model import Declaration
from meshproof.declaration.terraform_program import locate
from meshproof.errors import CannotSee
from meshproof.mutation.generate import sites_of
from meshproof.mutation.replan import Replanned, replan
from meshproof.settings import Settings
from meshproof.systems import read_systems

NAME = "generated-mutants[replanned from HCL]"


class ReplannedMutants(pytest.Item):
    """One generated mutant for each operator and Terraform module, replanned."""

    def __init__(self, *, settings: Settings, load: Callable[[Settings], Declaration], **rest: object) -> None:
        """`load` reads the declaration."""
        super().__init__(**rest)  # type: ignore[arg-type]  # pytest's own arguments
        self._settings = settings
        self._load = load

    def runtest(self) -> None:
        """Plan the edits, attach what Terraform says, and fail where it says otherwise than the edit in memory."""
        try:
            rows = _replanned(self._settings, self._load(self._settings))
        except CannotSee as error:
            self.user_properties.append(("meshproof", {"replanned": [], "unseen": str(error)}))
            pytest.skip(f"unknown: {error}")
        self.user_properties.append(("meshproof", {"replanned": rows}))
        wrong = [f"{one['address']} {one['operator']}: {one['said']}" for one in rows if one["outcome"] == "differs"]
        if wrong:
            pytest.fail("an edit in memory is not what the same edit in HCL plans: " + "; ".join(wrong), pytrace=False)

    def reportinfo(self) -> tuple[str, None, str]:
        """How pytest names it."""
        return "", None, self.name


def can_replan(settings: Settings) -> bool:
    """Whether the declaration has Terragrunt units whose modules can be edited."""
    wanted = settings.plan is None and settings.replay is None and settings.mutants > 0
    return wanted and (settings.infra_dir / "live").is_dir()


def _replanned(settings: Settings, declaration: Declaration) -> list[dict[str, object]]:
    cache, infra = user_cache_path("meshproof"), settings.infra_dir
    kept = cache / "plans" / f"hcl-{_key(settings, declaration)}.json"
    if kept.exists():
        rows: list[dict[str, object]] = json.loads(kept.read_text(encoding="utf-8"))
        return rows
    sites = list(sites_of(declaration, read_systems(settings.root / settings.suites / "systems.toml")))
    random.Random(settings.seed).shuffle(sites)  # noqa: S311 - a reproducible order, not a secret
    made = replan(infra, declaration, sites, terraform=lambda: locate(infra, cache=cache), cache=cache)
    return _keep(kept, made)


def _keep(path: Path, made: Sequence[Replanned]) -> list[dict[str, object]]:
    rows = [asdict(one) | {"follows": list(one.follows)} for one in made]
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(rows), encoding="utf-8")
    partial.replace(path)
    return rows


def _key(settings: Settings, declaration: Declaration) -> str:
    total = hashlib.sha256(f"{declaration.environment} {declaration.digest} {settings.seed}".encode())
    for module in sorted(Path(__file__).parent.glob("*.py")):
        total.update(module.read_bytes())
    for path in sorted(settings.infra_dir.rglob("*")):
        if path.suffix in (".tf", ".hcl") and path.is_file():
            total.update(path.read_bytes())
    return total.hexdigest()[:32]

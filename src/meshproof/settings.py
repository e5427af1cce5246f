"""What a run was asked to do: `[tool.meshproof]` in pyproject.toml, overridden by the command line."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from meshproof.errors import UsageError


class Settings(BaseModel):
    """Options of a run; field names are the option names with underscores.

    `time_scale` multiplies declared times only. `mutants` is how many generated mutants `--prove` draws with `seed`;
    `score_overall` and `score_per_system` are the shares of them that must be killed. `replay` is a report whose
    evidence answers instead of the declaration.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    target: Literal["auto", "plan", "embedded", "kind", "live"] = "auto"
    tier: Literal["gate", "nightly"] = "gate"
    infra: Path = Path("infra")
    plan: Path | None = None
    replay: Path | None = None
    environment: str = "prod"
    service: Path | None = None
    prove: bool = False
    strict_conformance: bool = False
    keep: bool = False
    report_dir: Path | None = None
    allow_disruption: Literal["primary", "standby"] | None = None
    primary_context: str = ""
    standby_context: str = ""
    kind_cluster: str = ""
    kind_workers: int = Field(default=0, ge=0)
    images: Path | None = None
    time_scale: float = Field(default=0.1, gt=0, le=1)
    suites: Path = Path("suites")
    seed: int = 20261124
    mutants: int = Field(default=2400, ge=0)
    score_overall: float = Field(default=0.80, ge=0, le=1)
    score_per_system: float = Field(default=0.50, ge=0, le=1)
    root: Path = Path()

    @property
    def infra_dir(self) -> Path:
        """The declaration's directory, absolute."""
        return (self.root / self.infra).resolve()

    @property
    def is_own_infra(self) -> bool:
        """Whether the declaration is the one that the suites' floors were written for."""
        default: Path = type(self).model_fields["infra"].default
        return self.infra_dir == (self.root / default).resolve()


def read_settings(root: Path, overrides: Mapping[str, object]) -> Settings:
    """Settings of the project at `root`; `overrides` holds what the command line said.

    Raises UsageError naming the option that is wrong.
    """
    declared = _declared(root / "pyproject.toml")
    values = {**declared, **{key: value for key, value in overrides.items() if value is not None}, "root": root}
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        option = "--" + ".".join(str(part) for part in first["loc"]).replace("_", "-")
        message = f"{option}: {first['msg'].lower()} (got {first['input']!r}); correct it there or in [tool.meshproof]"
        raise UsageError(message) from error


def _declared(pyproject: Path) -> Mapping[str, object]:
    if not pyproject.exists():
        return {}
    try:
        tool = tomllib.loads(pyproject.read_text(encoding="utf-8")).get("tool", {})
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        message = f"{pyproject.name}: not valid TOML: {error}; correct it"
        raise UsageError(message) from error
    section = tool.get("meshproof", {})
    return {str(key).replace("-", "_"): value for key, value in section.items()}

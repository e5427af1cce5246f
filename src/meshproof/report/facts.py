"""What a run states about itself beside its verdicts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from meshproof.report import model


@dataclass(frozen=True, kw_only=True)
class RunFacts:
    """Digests, programs and notes; `files` are evidence files by name."""

    tool: model.Tool
    infra_digest: str
    platform_version: str
    programs: list[model.Program] = field(default_factory=list)
    notes: list[model.NoteRun] = field(default_factory=list)
    files: Mapping[str, bytes] = field(default_factory=dict)

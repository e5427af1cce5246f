"""Equivalent edits: generated mutants that no control can notice, listed by name with the reason."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path

from meshproof.errors import UsageError


def read_equivalents(path: Path) -> Mapping[str, str]:
    """The `[equivalent]` table: site name → reason; they stay in the denominator of the score."""
    if not path.exists():
        return {}
    try:
        rows = tomllib.loads(path.read_text(encoding="utf-8")).get("equivalent", {})
    except OSError as error:
        message = f"{path.name}: cannot be read: {error.strerror}"
        raise UsageError(message) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        message = f"{path.name}: not valid TOML: {error}; correct it"
        raise UsageError(message) from error
    if not isinstance(rows, dict):
        message = f"{path.name}: equivalent is not a table; write [equivalent]"
        raise UsageError(message)
    for name, reason in rows.items():
        if not isinstance(reason, str) or not reason.strip():
            message = f"{path.name}: {name}: an equivalent edit needs a reason"
            raise UsageError(message)
    return dict(rows)

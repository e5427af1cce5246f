"""Retired controls: ids that are gone for good, each with its reason."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path

from meshproof.errors import UsageError


def read_retired(path: Path) -> Mapping[str, str]:
    """The `[retired]` table of a TOML file, reason by id; empty where the file does not exist.

    Raises UsageError for a file that is not valid or a control that gives no reason.
    """
    if not path.exists():
        return {}
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8")).get("retired", {})
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        message = f"{path}: cannot be read: {error}; correct it"
        raise UsageError(message) from error
    if not isinstance(table, dict):
        message = f'{path}: write [retired] as a table of ID = "reason"'
        raise UsageError(message)
    for key, reason in table.items():
        if not isinstance(reason, str) or not reason.strip():
            message = f"{path}: {key} is retired without a reason; say why"
            raise UsageError(message)
    return table

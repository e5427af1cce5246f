"""What is set apart for good, each with its reason: retired controls, generated mutants that no control can notice."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path

from meshproof.errors import UsageError


def read_reasons(path: Path, table: str) -> Mapping[str, str]:
    """One table of a TOML file, reason by id.

    Raises UsageError, naming the file, for one that is not there or not valid, and for an id without a reason.
    """
    try:
        rows = tomllib.loads(path.read_text(encoding="utf-8")).get(table, {})
    except OSError as error:
        message = f"{path}: cannot be read: {error.strerror}; name a TOML file with a table [{table}]"
        raise UsageError(message) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        message = f"{path.name}: not valid TOML: {error}; correct it"
        raise UsageError(message) from error
    if not isinstance(rows, dict):
        message = f'{path.name}: {table} is not a table; write [{table}] with lines of ID = "reason"'
        raise UsageError(message)
    for name, reason in rows.items():
        if not isinstance(reason, str) or not reason.strip():
            message = f"{path.name}: {name} in [{table}] has no reason; say why"
            raise UsageError(message)
    return dict(rows)


def reasons_beside(suites: Path, name: str, table: str) -> Mapping[str, str]:
    """The same of a file of the suites that nobody named: empty where there is none, for then nothing is set apart."""
    path = suites / name
    return read_reasons(path, table) if path.exists() else {}

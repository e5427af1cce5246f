"""A declared cloud function, loaded from its own file with its declared environment and run in this process."""

from __future__ import annotations

import builtins
import importlib.util
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

from meshproof.errors import TargetError

_LOADING = threading.Lock()


def load_function(file: Path, environment: Mapping[str, str], **bound: Any) -> ModuleType:
    """The module of a function that sees only `environment`, with some of its names bound to something else.

    Raises TargetError where it cannot be loaded with that environment.
    """
    spec = importlib.util.spec_from_file_location(f"function_{file.stem}", file)
    if spec is None or spec.loader is None:
        message = f"{file.name}: is no Python file"
        raise TargetError(message)
    module = importlib.util.module_from_spec(spec)
    try:
        with _LOADING, _environment(environment):
            spec.loader.exec_module(module)
    except (OSError, ImportError, KeyError, ValueError) as error:
        message = f"{file.name}: cannot be loaded with its declared environment: {type(error).__name__} {error}"
        raise TargetError(message) from error
    if hasattr(module, "os"):
        module.os = SimpleNamespace(environ=dict(environment))  # type: ignore[attr-defined]  # a module of its own
    for name, value in bound.items():
        if not hasattr(module, name) and not hasattr(builtins, name):
            message = f"{file.name}: has no {name} to bind"
            raise TargetError(message)
        setattr(module, name, value)
    return module


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    """These variables over those of this process, while the module's first lines read them."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value

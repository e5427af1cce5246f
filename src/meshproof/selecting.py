"""Watches what pytest collects of the suites and what is deselected: how a run knows which part of them it was."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from meshproof.items import control_in
from meshproof.selection import Selection
from meshproof.settings import Settings

_LEFT_OUT = "meshproof-left-out"


class Selecting:
    """Registered on every process; the controller of workers takes what they found, for it collects nothing itself."""

    def __init__(self, config: pytest.Config, settings: Settings) -> None:
        """Take the command line."""
        self._config = config
        self._suites = (config.rootpath / settings.suites).resolve()
        self._environment = settings.environment
        self._collected: set[Path] = set()
        self._deselected: set[str] = set()
        self._left_out: list[str] | None = None

    @property
    def selection(self) -> Selection:
        """What was asked for, and what that left out as far as it is known by now."""
        option = self._config.getoption
        everything = any(self._suites.is_relative_to(path) for path, inside in self._named() if not inside)
        return Selection(
            environment=self._environment,
            expression=str(option("keyword") or ""),
            marks=str(option("markexpr") or ""),
            paths=[] if everything else [self._shown(path) + inside for path, inside in self._named()],
            deselect=list(option("deselect") or ()),
            left_out=self._left_out,
        )

    @property
    def reaches_suites(self) -> bool:
        """Whether anything that was named lies in the suites, or around them."""
        suites = self._suites
        named = [path for path, _ in self._named()]
        return suites.is_dir() and any(one.is_relative_to(suites) or suites.is_relative_to(one) for one in named)

    def pytest_collectstart(self, collector: pytest.Collector) -> None:
        """Remember each file of tests, also one that turns out to hold none."""
        if isinstance(collector, pytest.Module):
            self._collected.add(collector.path.resolve())

    def pytest_deselected(self, items: Sequence[pytest.Item]) -> None:
        """Remember the checks that `-k`, `-m`, `--deselect` or another plugin left out, whatever they were to break."""
        self._deselected |= {one.nodeid.partition("[")[0] for one in items if control_in(one) is not None}

    def pytest_collection_finish(self) -> None:
        """Here it is known what was left out."""
        whole = self._collected - self._only_inside()
        files = {self._shown(path) for path in self._files() if path not in whole}
        self._left_out = sorted(files | self._deselected)

    def pytest_sessionfinish(self) -> None:
        """A worker tells the controller."""
        if hasattr(self._config, "workeroutput"):
            self._config.workeroutput[_LEFT_OUT] = self._left_out  # xdist's channel

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: object) -> None:
        """Every worker collects the same."""
        if (found := getattr(node, "workeroutput", {}).get(_LEFT_OUT)) is not None:
            self._left_out = found

    def _named(self) -> Iterator[tuple[Path, str]]:
        """What the command line names: a path, and what inside of that file (`::test`)."""
        for argument in self._config.args:
            path, mark, inside = str(argument).partition("::")
            yield (self._config.invocation_params.dir / path).resolve(), mark + inside

    def _only_inside(self) -> set[Path]:
        """Files of which single tests are named, and that nothing names whole."""
        named = list(self._named())
        whole = [path for path, inside in named if not inside]
        return {path for path, inside in named if inside and not any(path.is_relative_to(one) for one in whole)}

    def _files(self) -> Iterator[Path]:
        """Every file of the suites that pytest would take for one of tests."""
        names, ignored = (self._config.getini(one) for one in ("python_files", "norecursedirs"))
        for path in self._suites.rglob("*.py"):
            inside = path.relative_to(self._suites).parts[:-1]
            if _is_like(path.name, names) and not any(_is_like(part, ignored) for part in inside):
                yield path

    def _shown(self, path: Path) -> str:
        root = self._config.rootpath.resolve()
        return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.as_posix()


def _is_like(name: str, globs: Sequence[str]) -> bool:
    return any(fnmatchcase(name, one) for one in globs)

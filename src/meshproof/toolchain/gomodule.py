"""Programs built from their Go module, whose content is pinned by its `h1:` sum."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from meshproof.errors import TargetError
from meshproof.process import Completed, ProgramFailed, require, run
from meshproof.toolchain.order import Order
from meshproof.toolchain.sources import GoModule

#: Istio's control plane, with nothing built before, was seen to need 9 minutes on two cores that others used as well;
#: four times that on a slower machine.
_BUILD_WITHIN_S = 2400.0
#: As printed, or as escaped in JSON.
_NEEDS_NEWER = re.compile(r"requires go (?:>|\\u003e)= ([\d.]+)")
_INSTALL_GO = "install Go from https://go.dev/dl/ and put it on PATH"


class _Module(BaseModel):
    """What `go mod download -json` tells."""

    error: str = Field(default="", alias="Error")
    sum: str = Field(default="", alias="Sum")
    go_mod: Path = Field(default=Path(), alias="GoMod")
    directory: Path = Field(default=Path(), alias="Dir")


class _Path(BaseModel):
    model_config = ConfigDict(populate_by_name=True)

    path: str = Field(alias="Path")
    version: str = Field(default="", alias="Version")

    def __str__(self) -> str:
        return f"{self.path} {self.version}".strip()


class _Replace(BaseModel):
    old: _Path = Field(alias="Old")
    new: _Path = Field(alias="New")


class _Debug(BaseModel):
    key: str = Field(alias="Key")
    value: str = Field(alias="Value")


class _GoMod(BaseModel):
    """What `go mod edit -json` tells of a go.mod."""

    go: str = Field(default="", alias="Go")
    replace: list[_Replace] | None = Field(default=None, alias="Replace")
    exclude: list[_Path] | None = Field(default=None, alias="Exclude")
    godebug: list[_Debug] | None = Field(default=None, alias="GoDebug")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Go:
    """The go command, run in `cwd` for program `name`."""

    path: str
    cwd: Path
    name: str

    def run(self, *words: str, doing: str, checked: bool = True) -> Completed:
        done = run([self.path, *words], cwd=self.cwd, env=_environment(), within_s=_BUILD_WITHIN_S, name="go")
        if match := _NEEDS_NEWER.search(done.stderr + done.stdout):
            needed = f"{self.name}: needs Go {match.group(1)} or newer, and {self.path} is older"
            message = f"{needed}; install a newer Go (https://go.dev/dl/) or set GOTOOLCHAIN=auto"
            raise TargetError(message)
        try:
            return require(done, doing=f"{self.name}: {doing}") if checked else done
        except ProgramFailed as error:
            raise TargetError(str(error)) from error


def fetch_go_module(source: GoModule, order: Order) -> str:
    """Build the command; returns package and version.

    Raises TargetError: Go is missing or too old, the module cannot be had, has another sum, or does not build.
    """
    where = f"{source.module}@{source.version}"
    if not source.sum:
        message = f"{where}: refused, because nobody has recorded its sum yet; run `meshproof lock {order.name}`"
        raise TargetError(message)
    go = _go(order)
    order.say(f"downloading the Go module {where}")
    module = _download(source, go)
    if module.sum != source.sum:
        message = f"{where}: has the sum {module.sum}, not {source.sum} as locked; do not use it"
        raise TargetError(message)
    order.say(f"building {order.name} {order.entry.version} from its Go module")
    edited = go.run("mod", "edit", "-json", str(module.go_mod), doing="reading its go.mod").stdout
    (go.cwd / "go.mod").write_text(_wrapper(source, _GoMod.model_validate_json(edited)), encoding="utf-8")
    # Its own sums are pinned with it, and the checksum database does not know all of what it requires.
    if (sums := module.directory / "go.sum").is_file():
        shutil.copyfile(sums, go.cwd / "go.sum")
    stamps = [f"-X {name}={value.replace('{version}', order.entry.version)}" for name, value in source.stamps.items()]
    flags = ["-mod=mod", "-trimpath", f"-tags={','.join(source.tags)}", f"-ldflags={' '.join(['-s', '-w', *stamps])}"]
    go.run("build", *flags, "-o", str(order.executable), source.package, doing="building it")
    return f"go {source.package}@{source.version}"


def module_sum(source: GoModule, order: Order) -> str:
    """The `h1:` sum of the module as it can be had now, checked by Go against the checksum database."""
    return _download(source, _go(order)).sum


def _go(order: Order) -> _Go:
    path = shutil.which("go")
    if path is None:
        message = f"{order.name}: go is not on PATH, and it is needed to build it; {_INSTALL_GO}"
        raise TargetError(message)
    build = order.staging.parent / "build"
    build.mkdir(exist_ok=True)
    return _Go(path=path, cwd=build, name=order.name)


def _download(source: GoModule, go: _Go) -> _Module:
    where = f"{source.module}@{source.version}"
    done = go.run("mod", "download", "-json", where, doing="downloading it", checked=False)
    try:
        module = _Module.model_validate(json.loads(done.stdout))
    except (json.JSONDecodeError, ValidationError):
        module = _Module(Error=done.last_words() or "go printed nothing")
    if module.error or not module.sum:
        reason = " ".join((module.error or done.last_words()).split())
        message = f"{where}: cannot be had: {reason}; check the network and GOPROXY"
        raise TargetError(message)
    return module


def _wrapper(source: GoModule, own: _GoMod) -> str:
    """A go.mod that requires the module and does what the module's own go.mod would do if it were the main one.

    Replacements by a local directory mean nothing outside of the module's repository: the lock file says what instead.
    """
    published = {str(item.old): str(item.new) for item in own.replace or () if item.new.version}
    replaced: Mapping[str, str] = {**published, **source.replace}
    lines = [
        "module meshproof.invalid/build",
        f"go {own.go or '1.21'}",
        *(f"godebug {item.key}={item.value}" for item in own.godebug or ()),
        f"require {source.module} {source.version}",
        *(f"replace {old} => {new}" for old, new in replaced.items()),
        *(f"exclude {item}" for item in own.exclude or ()),
    ]
    return "\n".join(lines) + "\n"


def _environment() -> dict[str, str]:
    """The user's environment, without what would make another binary than the one for this machine."""
    dropped = {"GOOS", "GOARCH", "GOFLAGS", "GOEXPERIMENT"}
    kept = {name: value for name, value in os.environ.items() if name not in dropped}
    return {**kept, "CGO_ENABLED": "0", "GOFLAGS": "", "GOWORK": "off", "GO111MODULE": "on"}

"""Terraform's providers on disk: finds them where people keep them, and writes the CLI configuration that uses them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from meshproof.errors import TargetError
from meshproof.toolchain.platform import this_platform

#: Both hosts serve the same providers under the same names; a mirror filled by one program serves the other too.
_HOSTS = ("registry.terraform.io", "registry.opentofu.org")
_USUAL_PLACES = (
    "~/.terraform.d/plugins",
    "~/.terraform.d/plugin-cache",
    "~/.local/share/terraform/plugins",
    "~/Library/Application Support/io.terraform/plugins",
    "/usr/share/terraform/plugins",
    "/usr/local/share/terraform/plugins",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """How Terraform gets its providers in this run.

    `config` is the file for TF_CLI_CONFIG_FILE, None when the user's own configuration is better left alone;
    `found` maps a provider (`hashicorp/aws`) to its place on disk, `missing` lists those that need the network.
    """

    config: Path | None
    found: Mapping[str, Path]
    missing: tuple[str, ...]

    @property
    def environment(self) -> dict[str, str]:
        """What to add to Terraform's environment."""
        return {} if self.config is None else {"TF_CLI_CONFIG_FILE": str(self.config)}


def install_providers(wanted: Mapping[str, str], private: Path, *, root: Path = Path("/")) -> Installation:
    """Look for the wanted providers (`{"hashicorp/aws": "5.100.0"}`) and write a configuration into `private`.

    A mirror of the run's own, made of links, names them under both registries' hosts; all others are had directly.
    When nothing is found and the user has a configuration, that one stays in force.
    Raises TargetError when `private` cannot be written.
    """
    found = {name: place for name, version in wanted.items() if (place := find_provider(name, version, root=root))}
    missing = tuple(sorted(set(wanted) - set(found)))
    if not found and _own_config(os.environ) is not None:
        return Installation(config=None, found=found, missing=missing)
    config = private / "terraform.rc"
    try:
        for name, place in found.items():
            _link(private / "mirror", name, wanted[name], place)
        config.write_text(_configuration(private / "mirror", tuple(found)), encoding="utf-8")
    except OSError as error:
        message = f"{private}: cannot be written: {error.strerror}; free some space or make it writable"
        raise TargetError(message) from error
    return Installation(config=config, found=found, missing=missing)


def find_provider(name: str, version: str, *, root: Path = Path("/")) -> Path | None:
    """A provider's unpacked directory or packed archive for this platform, under either registry's host."""
    platform, kind = this_platform(), name.partition("/")[2]
    for place in _places(root):
        for host in _HOSTS:
            above = place / host / name
            unpacked, packed = above / version / platform, above / f"terraform-provider-{kind}_{version}_{platform}.zip"
            if any(unpacked.glob(f"terraform-provider-{kind}*")):
                return unpacked.resolve()
            if packed.is_file():
                return packed.resolve()
    return None


def _places(root: Path) -> Iterator[Path]:
    """Where providers are looked for, in order; `root` stands for / in the places that are the machine's."""
    if cache := os.environ.get("TF_PLUGIN_CACHE_DIR"):
        yield Path(cache)
    for place in _USUAL_PLACES:
        path = Path(place).expanduser()
        yield root / path.relative_to("/") if place.startswith("/") else path
    try:
        yield from sorted(path for path in (root / "opt").iterdir() if path.is_dir())
    except OSError:
        return


def _own_config(environ: Mapping[str, str]) -> Path | None:
    """The user's CLI configuration; the variable that names one may name a file that is not there."""
    named = environ.get("TF_CLI_CONFIG_FILE") or environ.get("TERRAFORM_CONFIG")
    candidates = [Path(named)] if named else [Path("~/.terraformrc").expanduser(), Path("~/.tofurc").expanduser()]
    return next((path for path in candidates if path.is_file()), None)


def _link(mirror: Path, name: str, version: str, place: Path) -> None:
    for host in _HOSTS:
        above = mirror / host / name
        link = above / place.name if place.is_file() else above / version / place.name
        link.parent.mkdir(parents=True, exist_ok=True)
        if not link.is_symlink():
            link.symlink_to(place)


def _configuration(mirror: Path, found: tuple[str, ...]) -> str:
    """HCL; JSON's strings are HCL's."""
    if not found:
        return "disable_checkpoint = true\n\nprovider_installation {\n  direct {}\n}\n"
    names = json.dumps([f"{host}/{name}" for host in _HOSTS for name in found])
    return (
        "disable_checkpoint = true\n\n"
        "provider_installation {\n"
        "  filesystem_mirror {\n"
        f"    path    = {json.dumps(str(mirror))}\n"
        f"    include = {names}\n"
        "  }\n"
        "  direct {\n"
        f"    exclude = {names}\n"
        "  }\n"
        "}\n"
    )

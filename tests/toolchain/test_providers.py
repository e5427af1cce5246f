"""Providers on disk, and the configuration that uses them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from meshproof.errors import TargetError
from meshproof.toolchain import find_provider, install_providers
from meshproof.toolchain.platform import this_platform

AWS = {"hashicorp/aws": "5.100.0"}


@pytest.fixture(autouse=True)
def bare_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Reset: a home without Terraform's files, and none of its variables."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    for name in ("TF_PLUGIN_CACHE_DIR", "TF_CLI_CONFIG_FILE", "TERRAFORM_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    return home


def unpacked(place: Path, host: str = "registry.terraform.io") -> Path:
    """A provider as `terraform providers mirror` and the plugin cache lay it."""
    directory = place / host / "hashicorp/aws/5.100.0" / this_platform()
    directory.mkdir(parents=True)
    (directory / "terraform-provider-aws_v5.100.0_x5").write_text("", encoding="utf-8")
    return directory


def packed(place: Path) -> Path:
    """A provider as an archive."""
    archive = place / f"registry.terraform.io/hashicorp/aws/terraform-provider-aws_5.100.0_{this_platform()}.zip"
    archive.parent.mkdir(parents=True)
    archive.write_text("", encoding="utf-8")
    return archive


@pytest.mark.parametrize("place", ["usr/share/terraform/plugins", "usr/local/share/terraform/plugins", "opt/anything"])
@pytest.mark.parametrize("lay", [unpacked, packed])
def test_a_provider_is_found_in_the_usual_places(tmp_path: Path, place: str, lay: Callable[[Path], Path]) -> None:
    """Unpacked or packed."""
    laid = lay(tmp_path / place)

    assert find_provider("hashicorp/aws", "5.100.0", root=tmp_path) == laid


def test_the_users_places_are_searched(bare_home: Path, tmp_path: Path) -> None:
    """The home directory is not below `root`."""
    laid = unpacked(bare_home / ".terraform.d/plugins")

    assert find_provider("hashicorp/aws", "5.100.0", root=tmp_path / "empty") == laid


def test_the_plugin_cache_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The user named it."""
    unpacked(tmp_path / "opt/other")
    laid = unpacked(tmp_path / "plugin-cache", host="registry.opentofu.org")
    monkeypatch.setenv("TF_PLUGIN_CACHE_DIR", str(tmp_path / "plugin-cache"))

    assert find_provider("hashicorp/aws", "5.100.0", root=tmp_path) == laid


@pytest.mark.parametrize("version", ["5.99.0", "5.100"])
def test_another_version_is_another_provider(tmp_path: Path, version: str) -> None:
    """Only the pinned one will do."""
    unpacked(tmp_path / "opt/plugins")

    assert find_provider("hashicorp/aws", version, root=tmp_path) is None


def test_a_found_provider_is_taken_from_disk_and_the_rest_directly(tmp_path: Path) -> None:
    """Under both registries' hosts, through links, in a configuration of the run's own."""
    laid = unpacked(tmp_path / "opt/plugins")

    installation = install_providers({**AWS, "hashicorp/google": "6.0.0"}, tmp_path, root=tmp_path)

    assert installation.missing == ("hashicorp/google",)
    assert installation.environment == {"TF_CLI_CONFIG_FILE": str(tmp_path / "terraform.rc")}
    for host in ("registry.terraform.io", "registry.opentofu.org"):
        assert (tmp_path / "mirror" / host / "hashicorp/aws/5.100.0" / this_platform()).resolve() == laid
        assert f'"{host}/hashicorp/aws"' in (tmp_path / "terraform.rc").read_text(encoding="utf-8")


def test_writing_it_again_is_the_same(tmp_path: Path) -> None:
    """Two plans of one run may share the directory."""
    packed(tmp_path / "opt/plugins")

    assert install_providers(AWS, tmp_path, root=tmp_path) == install_providers(AWS, tmp_path, root=tmp_path)


def test_without_a_mirror_the_users_configuration_stays(tmp_path: Path, bare_home: Path) -> None:
    """It may hold a company's mirror."""
    (bare_home / ".terraformrc").write_text("", encoding="utf-8")

    installation = install_providers(AWS, tmp_path, root=tmp_path)

    assert (installation.config, installation.environment, installation.missing) == (None, {}, ("hashicorp/aws",))


def test_a_configuration_that_is_not_there_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """TF_CLI_CONFIG_FILE may name a file that is gone."""
    monkeypatch.setenv("TF_CLI_CONFIG_FILE", str(tmp_path / "gone.rc"))

    installation = install_providers(AWS, tmp_path, root=tmp_path)

    assert installation.config is not None
    assert "direct {}" in installation.config.read_text(encoding="utf-8")


def test_a_directory_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """With its path."""
    with pytest.raises(TargetError, match="away: cannot be written"):
        install_providers({}, tmp_path / "away", root=tmp_path)

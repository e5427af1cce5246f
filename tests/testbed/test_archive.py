"""Images written without a builder."""

import hashlib
import json
import tarfile
from pathlib import Path
from typing import Any

from kind.archive import Image, lay, write_archive


def written(tmp_path: Path) -> tarfile.TarFile:
    """The archive of an image of two layers."""
    program = tmp_path / "program"
    program.write_text("#!/bin/true\n")
    program.chmod(0o755)
    lower = lay(tmp_path / "lower", {"/usr/bin/program": program})
    (lower / "bin").symlink_to("usr/bin")
    upper = lay(tmp_path / "upper", {"etc/settings": program})
    image = Image(name="bed.test/thing:1", layers=[lower, upper], entrypoint=["/bin/program"], stop_signal="SIGINT")
    write_archive(image, tmp_path / "image.tar", platform="linux_amd64")
    return tarfile.open(tmp_path / "image.tar")


def document(tar: tarfile.TarFile, name: str) -> Any:
    """A member of it that is JSON."""
    file = tar.extractfile(name)
    assert file is not None
    return json.load(file)


def test_the_manifest_names_the_tag_and_the_layers_in_order(tmp_path: Path) -> None:
    """What `docker load` and `ctr images import` look for first."""
    with written(tmp_path) as tar:
        (manifest,) = document(tar, "manifest.json")

        assert manifest["RepoTags"] == ["bed.test/thing:1"]
        assert len(manifest["Layers"]) == 2
        assert {manifest["Config"], *manifest["Layers"]} <= set(tar.getnames())


def test_the_configuration_names_each_layer_by_its_digest(tmp_path: Path) -> None:
    """A reader that checks them refuses the image otherwise."""
    with written(tmp_path) as tar:
        (manifest,) = document(tar, "manifest.json")
        config = document(tar, manifest["Config"])
        digests = [hashlib.sha256(tar.extractfile(one).read()).hexdigest() for one in manifest["Layers"]]

    assert config["rootfs"]["diff_ids"] == [f"sha256:{one}" for one in digests]
    assert config["config"]["Entrypoint"] == ["/bin/program"]
    assert config["config"]["StopSignal"] == "SIGINT"
    assert config["architecture"] == "amd64"


def test_links_and_modes_are_kept(tmp_path: Path) -> None:
    """A merged /usr is made of links, and a program must stay one."""
    with written(tmp_path) as tar:
        (manifest,) = document(tar, "manifest.json")
        with tarfile.open(fileobj=tar.extractfile(manifest["Layers"][0])) as layer:
            link, program = layer.getmember("bin"), layer.getmember("usr/bin/program")

    assert (link.issym(), link.linkname) == (True, "usr/bin")
    assert program.mode == 0o755


def test_no_layer_is_left_beside_the_archive(tmp_path: Path) -> None:
    """They are as large as the image."""
    written(tmp_path).close()

    assert not list(tmp_path.glob("*.layer*"))

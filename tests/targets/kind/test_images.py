"""Which image stands for a declared one, by role, and what is said of one that cannot be had."""

from pathlib import Path

import pytest

from meshproof.errors import UsageError
from meshproof.targets.kind.images import Images, preloading


def test_a_file_replaces_only_what_it_names(tmp_path: Path) -> None:
    """A mirror may have one of them only."""
    file = tmp_path / "images.toml"
    file.write_text('echo = "mirror.example/echo:2"\n')

    assert Images.read(file) == Images(echo="mirror.example/echo:2")
    assert Images.read(None) == Images()


def test_the_nodes_hold_what_workloads_run() -> None:
    """Not the image that they are made of."""
    found = Images(node="node:1", echo="echo:2", caller="caller:3", chaos="chaos:4")

    assert found.workloads == ["echo:2", "caller:3", "chaos:4"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param("echo = 3\n", "echo: input should be a valid string; roles are node, echo", id="no text"),
        pytest.param('sidecar = "x"\n', "sidecar: extra inputs are not permitted; roles are node, echo", id="no role"),
        pytest.param("echo = \n", "cannot be read", id="no TOML"),
    ],
)
def test_a_wrong_file_is_refused_with_what_it_may_say(tmp_path: Path, text: str, says: str) -> None:
    """One sentence: which file, which line of it, what is possible."""
    file = tmp_path / "images.toml"
    file.write_text(text)

    with pytest.raises(UsageError) as raised:
        Images.read(file)

    assert str(raised.value).startswith(f"{file}: ")
    assert says in str(raised.value)


def test_an_image_that_cannot_be_pulled_comes_with_the_way_to_preload_it() -> None:
    """Which one, why, and the three commands."""
    says = preloading("kindest/node:v1", "no route to host")

    assert "kindest/node:v1 is not in Docker's store and cannot be pulled (no route to host)" in says
    assert "docker save --output image.tar kindest/node:v1" in says
    assert "docker load --input image.tar" in says
    assert "--images" in says

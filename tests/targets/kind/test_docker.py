"""Docker's troubles, each in one sentence with what to do."""

from pathlib import Path

import pytest

from meshproof.errors import TargetError
from meshproof.targets.kind.docker import bring, require_docker, trouble

MEMORY = 8 * 2**30


def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """A `docker` on PATH that does what a shell script says."""
    file = tmp_path / "docker"
    file.write_text(f"#!/bin/sh\n{text}\n")
    file.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")


def test_no_docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where to get it, and what goes without."""
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(TargetError, match=r"^docker is not on PATH: install Docker .*--target embedded$"):
        require_docker()


@pytest.mark.parametrize(
    ("said", "says"),
    [
        pytest.param(
            "permission denied while trying to connect to the Docker daemon socket",
            "this user may not use Docker's socket: join the group docker",
            id="without rights",
        ),
        pytest.param(
            "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?",
            "Docker's daemon does not run: start it (or set DOCKER_HOST)",
            id="no daemon",
        ),
        pytest.param(
            "Bind for 127.0.0.1:6443 failed: port is already allocated", "a port is taken: end what listens", id="port"
        ),
        pytest.param("mkdir /var/lib/docker/x: no space left on device", "Docker has no room left", id="disk"),
        pytest.param("something new", "Docker cannot be used: something new", id="anything else"),
    ],
)
def test_what_its_client_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str, says: str) -> None:
    """The sentence first, then its own words."""
    command(tmp_path, monkeypatch, f"echo '{said.replace(chr(39), '')}' >&2; exit 1")

    with pytest.raises(TargetError) as raised:
        require_docker()

    assert says.replace("'", "") in str(raised.value).replace("'", "")
    assert trouble(said).endswith(("more", f"(Docker said: {said})"))


def test_too_little_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A virtual machine of Docker's own is often given two gigabytes."""
    command(tmp_path, monkeypatch, f"echo {2 * 2**30}")

    with pytest.raises(TargetError, match=r"needs 4 GiB of memory and Docker has 2\.0: give its machine more"):
        require_docker()


def test_enough_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is said."""
    command(tmp_path, monkeypatch, f"echo {MEMORY}")

    require_docker()


def test_an_image_that_is_here_is_not_pulled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without network has what was loaded."""
    command(tmp_path, monkeypatch, 'test "$1" = image')

    bring(["node:1"])


def test_an_image_that_cannot_be_had_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the registry's own words."""
    command(tmp_path, monkeypatch, "echo 'no such host' >&2; exit 1")

    with pytest.raises(TargetError, match=r"^the image node:1 is not in Docker's store and cannot be pulled \(no such"):
        bring(["node:1"])

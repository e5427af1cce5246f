"""What the test bed's mesh is made of, and what its istiod is told."""

import tomllib
from pathlib import Path

from kind.mesh import PARTS

from meshproof.components.istiod import STOCK_ENVOY
from meshproof.targets.kind.images import Images
from meshproof.toolchain.lock import LOCK_FILE, read_lock

NAMES = Path(__file__).parents[2] / ".ci" / "kind" / "mesh.toml"


def test_every_role_that_is_named_is_made_and_is_of_the_release_that_is_built() -> None:
    """A name that nothing was made for would have to be pulled."""
    images = Images.read(NAMES)

    version = read_lock(LOCK_FILE).programs["pilot-discovery"].version
    assert {role: images.of(role).rpartition(":")[2] for role in PARTS} == dict.fromkeys(PARTS, version)
    assert images.has_mesh


def test_istiod_is_told_what_envoy_lacks_as_on_the_embedded_target() -> None:
    """Both run the same one."""
    told = tomllib.loads(NAMES.read_text(encoding="utf-8"))["istiod_values"]

    assert told["env"] == STOCK_ENVOY

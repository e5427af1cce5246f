"""The store that every site begins with: made once for what is declared, and kept for later starts."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from pathlib import Path

from platformdirs import user_cache_path

from meshproof.components.authority import Authority
from meshproof.probes.kubernetes import Api
from meshproof.targets.embedded import definitions
from meshproof.targets.embedded.addresses import Addresses
from meshproof.targets.embedded.mesh_settings import MeshSettings
from meshproof.targets.embedded.site import SitePlan, running_api
from meshproof.toolchain import find


def kept_definitions(
    declared: Collection[tuple[str, str]], directory: Path, addresses: Addresses, programs: Mapping[str, Path]
) -> tuple[Path, list[str]]:
    """An etcd's data that holds every definition, made in `directory` where there is none yet; and the missing sets.

    `declared` are groups and kinds. Raises TargetError.
    """
    texts, missing = definitions.wanted_definitions(declared)
    versions = [find(name).version for name in ("etcd", "kube-apiserver")]
    kept = user_cache_path("meshproof") / "stores" / definitions.digest(texts, *versions)
    if not kept.exists():
        plan = _bare_plan(directory, addresses, programs)
        plan.directory.mkdir(mode=0o700)
        with running_api(plan) as server:
            api = Api(server.credentials)
            definitions.install(api, texts)
            api.close()
        definitions.keep(plan.directory / "etcd" / "data", kept)
    return kept, missing


def _bare_plan(directory: Path, addresses: Addresses, programs: Mapping[str, Path]) -> SitePlan:
    empty = MeshSettings(mesh={}, networks={}, environment={}, revision="", version="", trust_domain="", network="")
    return SitePlan(
        name="definitions",
        cluster="",
        directory=directory,
        addresses=(addresses.take(), addresses.take(), addresses.take()),
        objects=[],
        secrets=[],
        settings=empty,
        processes=[],
        annotations={},
        containers={},
        rows={},
        authority=Authority.new("none"),
        definitions=Path(os.devnull) / "none",
        programs=programs,
    )

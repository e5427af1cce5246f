"""Another control plane of a site beside its own: a further revision of it, or one that a check may disturb."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from meshproof.components.authority import Authority, private
from meshproof.components.istiod import Istiod, IstiodPorts, istiod
from meshproof.process import scratch
from meshproof.targets.embedded.addresses import Addresses, free_ports
from meshproof.targets.embedded.mesh import Mesh
from meshproof.targets.embedded.mesh_settings import mesh_settings
from meshproof.targets.embedded.world import EASTWEST, program_paths


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """A further control plane: where it is reached, and the directory in which its authority's files lie."""

    control: Istiod
    authority_files: Path

    def sign_with(self, authority: Authority, roots: str) -> None:
        """Change the secret `cacerts` under it, as the kubelet does: a new signer, and the roots that are trusted."""
        identity = authority.identity
        texts = {
            "root-cert.pem": roots,
            "ca-cert.pem": identity.pem,
            "cert-chain.pem": identity.chain_pem,
            "ca-key.pem": identity.key_pem,
        }
        for name, text in texts.items():
            private(self.authority_files / f"{name}.new", text).replace(self.authority_files / name)


@contextmanager
def revision(  # noqa: PLR0913  what a control plane is made of
    mesh: Mesh,
    site: str,
    *,
    name: str,
    addresses: Addresses,
    environment: Mapping[str, str] | None = None,
    files: Mapping[str, str] | None = None,
) -> Iterator[Revision]:
    """A ready control plane over the site's API server, configured as `mesh` is declared, until the end of the block.

    It signs with the site's own intermediate. `environment` are variables over the declared ones, `files` lie below its
    directory.
    Raises TargetError with its last words.
    """
    state = mesh.state.site(site)
    records = [one for one in mesh.declaration.records if one.family == "kubernetes" and one.site == site]
    gateways = [one for one in mesh.processes(kind="gateway") if one.labels.get("istio") == EASTWEST]
    settings, _ = mesh_settings(records, {one.site: one.address for one in gateways})
    http, https, grpc, xds, monitoring = free_ports(5)
    with scratch("revision") as directory:
        for path, text in (files or {}).items():
            (directory / path).parent.mkdir(parents=True, exist_ok=True)
            private(directory / path, text)
        with istiod(
            program_paths()["pilot-discovery"],
            site=site,
            address=addresses.take(),
            ports=IstiodPorts(http=http, https=https, grpc=grpc, xds=xds, monitoring=monitoring),
            directory=directory,
            kubeconfig=state.kubeconfig,
            mesh=settings.mesh,
            networks=settings.networks,
            environment={**settings.environment, **(environment or {})},
            revision=name,
            authority=signer(mesh, site),
        ) as control:
            yield Revision(control=control, authority_files=directory / "cacerts")


def signer(mesh: Mesh, site: str) -> Authority:
    """The intermediate that signs a site's workloads."""
    files = mesh.state.directory / site / "istiod" / "cacerts"
    chain, key, root = (
        (files / one).read_text(encoding="utf-8") for one in ("cert-chain.pem", "ca-key.pem", "root-cert.pem")
    )
    return Authority.parsed(chain=chain, key=key, root=root)

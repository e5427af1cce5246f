"""An image registry on the loopback: it speaks the registry protocol and wants an anonymous token."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from dataclasses import dataclass, field

from meshproof.toolchain.platform import this_platform
from tests.toolchain.release_server import ReleaseServer

REPOSITORY = "team/tool"
MEMBER = "usr/local/bin/tool"


@dataclass(slots=True, kw_only=True)
class Registry:
    """`digest` is that of the image that was pushed last; `layers` are the digests of its layers, the lowest first."""

    server: ReleaseServer
    digest: str = ""
    layers: list[str] = field(default_factory=list)

    def push(self, *layers: bytes) -> None:
        """An image of these layers, under the tag v1.2.3 among those of other platforms."""
        self.layers = [sha256(layer) for layer in layers]
        for digest, layer in zip(self.layers, layers, strict=True):
            self.serve(f"blobs/{digest}", layer)
        manifest = json.dumps({"layers": [{"digest": digest} for digest in self.layers]}).encode()
        self.digest = sha256(manifest)
        self.serve(f"manifests/{self.digest}", manifest)
        system, _, architecture = this_platform().partition("_")
        images = [
            {"digest": f"sha256:{'0' * 64}", "platform": {"os": "plan9", "architecture": "mips"}},
            {"digest": self.digest, "platform": {"os": system, "architecture": architecture}},
        ]
        self.serve("manifests/v1.2.3", json.dumps({"manifests": images}).encode())

    def serve(self, path: str, body: bytes, **manner: object) -> None:
        """Answer who brings the token."""
        realm = f'Bearer realm="{self.server.url}/token",service="here",scope="repository:{REPOSITORY}:pull"'
        self.server.gives(f"/v2/{REPOSITORY}/{path}", body, bearer="secret", challenge=realm, **manner)
        self.server.gives("/token", b'{"token": "secret"}')

    def source(self, digest: str | None = None, member: str = MEMBER) -> dict[str, object]:
        """The source of a lock file."""
        return {
            "kind": "image",
            "registry": self.server.url,
            "repository": REPOSITORY,
            "tag": "v{version}",
            "member": member,
            "sha256": {this_platform(): self.digest if digest is None else digest},
        }


def sha256(content: bytes) -> str:
    """As registries write it."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def layer(files: dict[str, bytes], links: dict[str, str] | None = None) -> bytes:
    """A layer's archive."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
        for name, target in (links or {}).items():
            info = tarfile.TarInfo(name)
            info.type, info.linkname = tarfile.SYMTYPE, target
            tar.addfile(info)
    return buffer.getvalue()

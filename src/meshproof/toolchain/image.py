"""One file out of an official image, over HTTPS and without Docker: manifest by digest, layers by theirs.

Source: https://distribution.github.io/distribution/spec/api/, https://distribution.github.io/distribution/spec/auth/token/
"""

from __future__ import annotations

import functools
import hashlib
import re
import shutil
import tarfile
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import httpx
from pydantic import AliasChoices, BaseModel, Field, ValidationError

from meshproof.errors import TargetError
from meshproof.toolchain.digest import file_digest
from meshproof.toolchain.lock import pin
from meshproof.toolchain.order import Order
from meshproof.toolchain.release import download_release
from meshproof.toolchain.sources import Image

_ANSWER_WITHIN_S = 30.0
_ACCEPT = ", ".join(
    f"application/vnd.{kind}+json"
    for kind in (
        "oci.image.manifest.v1",
        "oci.image.index.v1",
        "docker.distribution.manifest.v2",
        "docker.distribution.manifest.list.v2",
    )
)
_CHALLENGE = re.compile(r'(\w+)="([^"]*)"')


class _Platform(BaseModel):
    os: str = ""
    architecture: str = ""


class _Blob(BaseModel):
    digest: str = Field(pattern=r"^sha256:[0-9a-f]{64}$")
    platform: _Platform = _Platform()


class _Manifest(BaseModel):
    """An image's manifest has `layers`, the lowest first; an index has `manifests`, one for each platform."""

    layers: list[_Blob] = []
    manifests: list[_Blob] = []


class _Token(BaseModel):
    """A registry's answer to one who asks for a token without a login."""

    token: str = Field(min_length=1, validation_alias=AliasChoices("token", "access_token"))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Registry:
    """A repository of a registry, read with an anonymous token where the registry wants one."""

    source: Image
    order: Order

    @property
    def where(self) -> str:
        return f"image {self.source.registry.partition('://')[2]}/{self.source.repository}"

    def manifest(self, reference: str) -> tuple[bytes, dict[str, str]]:
        """The manifest of a digest or tag, unread, and the headers that the registry wants. Raises TargetError."""
        url, headers = self._url("manifests", reference), {"Accept": _ACCEPT}
        try:
            answer = httpx.get(url, headers=headers, follow_redirects=True, timeout=_ANSWER_WITHIN_S)
            if answer.status_code == httpx.codes.UNAUTHORIZED:
                headers |= self._token(answer.headers.get("WWW-Authenticate", ""))
                answer = httpx.get(url, headers=headers, follow_redirects=True, timeout=_ANSWER_WITHIN_S)
        except httpx.TransportError as error:
            message = f"{self.where}: the registry does not answer ({str(error) or type(error).__name__})"
            raise TargetError(message) from error
        if not answer.is_success:
            message = f"{self.where}: the registry answered {answer.status_code} for {reference}"
            raise TargetError(message)
        return answer.content, headers

    def layer(self, digest: str, headers: dict[str, str]) -> Path:
        """The layer's archive, checked. Raises TargetError."""
        archive = download_release(self._url("blobs", digest), self.order, headers=headers)
        if (got := f"sha256:{file_digest(archive)}") != digest:
            archive.unlink()
            message = f"{self.where}: its layer {digest[:19]} has {got[:19]}; do not use it"
            raise TargetError(message)
        return archive

    def read(self, content: bytes) -> _Manifest:
        """The manifest. Raises TargetError."""
        try:
            return _Manifest.model_validate_json(content)
        except ValidationError as error:
            message = f"{self.where}: the registry's answer is no image manifest: {error.errors()[0]['msg']}"
            raise TargetError(message) from error

    def _url(self, kind: str, reference: str) -> str:
        return f"{self.source.registry}/v2/{self.source.repository}/{kind}/{reference}"

    def _token(self, challenge: str) -> dict[str, str]:
        fields = dict(_CHALLENGE.findall(challenge))
        realm = fields.pop("realm", "")
        if not realm.startswith(("https://", "http://")):
            message = f"{self.where}: the registry wants a login that is not an anonymous token"
            raise TargetError(message)
        answer = httpx.get(realm, params=fields, follow_redirects=True, timeout=_ANSWER_WITHIN_S)
        try:
            told = _Token.model_validate_json(answer.content)
        except ValidationError as error:
            message = f"{self.where}: the registry gives no anonymous token ({answer.status_code})"
            raise TargetError(message) from error
        return {"Authorization": f"Bearer {told.token}"}


def fetch_image(source: Image, order: Order) -> str:
    """Take the member out of the uppermost layer that has it; returns repository and digest.

    Raises TargetError: no digest in the lock file, another digest, or no such file.
    """
    registry = _Registry(source=source, order=order)
    wanted = pin(source, order.platform, beside=order.beside)
    if not wanted:
        message = (
            f"{registry.where}: refused, because nobody has read its digest for {order.platform} yet; "
            f"run `meshproof lock {order.name}`"
        )
        raise TargetError(message)
    order.say(f"asking for {registry.where}")
    content, headers = registry.manifest(wanted)
    if (got := _digest(content)) != wanted:
        message = f"{registry.where}: the registry gave {got} for {wanted}; do not use it"
        raise TargetError(message)
    for layer in reversed(registry.read(content).layers):
        archive = registry.layer(layer.digest, headers)
        if _taken(archive, source.member, registry.where, order.executable):
            return f"{registry.where}@{wanted}"
    message = f"{registry.where}: none of its layers holds {source.member}; correct `member` in the lock file"
    raise TargetError(message)


def image_digest(source: Image, platform: str, order: Order) -> str:
    """The digest of the image that the tag names now for a platform. Raises TargetError."""
    registry = _Registry(source=source, order=order)
    content, _ = registry.manifest(source.tag.replace("{version}", order.entry.version))
    manifest = registry.read(content)
    if manifest.layers:
        return _digest(content)
    system, _, architecture = platform.partition("_")
    for image in manifest.manifests:
        if image.platform == _Platform(os=system, architecture=architecture):
            return image.digest
    message = f"{registry.where}: has no image for {platform}; take that platform out of the lock file"
    raise TargetError(message)


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _taken(archive: Path, member: str, where: str, to: Path) -> bool:
    """Whether the layer held the member, which is now at `to`.

    Raises TargetError: it is no plain file, or the layer removes what those below hold.
    """
    hidden = False
    try:
        with tarfile.open(archive) as tar:
            for info in tar:
                name = info.name.removeprefix("./").removeprefix("/")
                if name == member:
                    _write(tar, info, where, to)
                    return True
                hidden = hidden or name in _whiteouts(member)
    except (tarfile.TarError, zlib.error, EOFError) as error:
        message = f"{where}: a layer cannot be read: {error}"
        raise TargetError(message) from error
    finally:
        archive.unlink()
    if hidden:
        message = f"{where}: {member} was removed by a later layer; correct `member` in the lock file"
        raise TargetError(message)
    return False


@functools.cache
def _whiteouts(member: str) -> frozenset[str]:
    """The marks by which a layer removes the member, or a directory above it, of the layers below.

    Source: https://github.com/opencontainers/image-spec/blob/main/layer.md#whiteouts
    """
    path = PurePosixPath(member)
    above = path.parents[:-1]
    removed = {str(part.with_name(f".wh.{part.name}")) for part in (path, *above)}
    return frozenset(removed | {str(parent / ".wh..wh..opq") for parent in path.parents})


def _write(tar: tarfile.TarFile, info: tarfile.TarInfo, where: str, to: Path) -> None:
    content = tar.extractfile(info) if info.isreg() else None
    if content is None:
        message = f"{where}: {info.name} is no plain file but a link to {info.linkname}; name that in the lock file"
        raise TargetError(message)
    with to.open("wb") as out:
        shutil.copyfileobj(content, out)
    to.chmod(0o755)

"""The kinds of source that the lock file knows; each is fetched by one module.

An empty digest means that nobody has computed it yet; the source is then refused.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Sha256 = Annotated[str, Field(pattern=r"^([0-9a-f]{64})?$")]
#: A Go module's `h1:` sum, as in go.sum.
GoSum = Annotated[str, Field(pattern=r"^(h1:[A-Za-z0-9+/]{43}=)?$")]
DebianName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.+-]+=[0-9][\w.+~:-]*$")]
Url = Annotated[str, Field(pattern=r"^https?://")]
#: `group:artifact:version`.
Coordinates = Annotated[str, Field(pattern=r"^[\w.-]+:[\w.-]+:[\w.-]+$")]
Platform = Literal["linux_amd64", "linux_arm64", "darwin_amd64", "darwin_arm64"]


class _Source(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Release(_Source):
    """An official release: `url` and `member` may hold `{version}`, `{os}` and `{arch}`.

    `member` is the executable's path inside the archive (.zip, .tar.gz); empty where the URL is the executable.
    """

    kind: Literal["release"]
    url: Url
    member: str = ""
    sha256: Mapping[Platform, Sha256]


class Image(_Source):
    """An image of a registry: `member` is the executable's path in its file system, without the leading `/`.

    `sha256` maps a platform to the digest of its own manifest, not of the index over all platforms;
    `tag` is what `meshproof lock` reads them from.
    """

    kind: Literal["image"]
    registry: Annotated[str, Field(pattern=r"^https?://[^/]+$")]
    repository: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._/-]*$")]
    tag: str
    member: Annotated[str, Field(pattern=r"^[^/]")]
    sha256: Mapping[Platform, Annotated[str, Field(pattern=r"^(sha256:[0-9a-f]{64})?$")]]


class Package(_Source):
    """Packages from the Python registry: `requirements` is a file beside the lock file, pinned by hash.

    The program is `python -m module` of the environment that they are installed into.
    """

    kind: Literal["package"]
    requirements: Annotated[str, Field(pattern=r"^[\w.-]+$")]
    module: Annotated[str, Field(pattern=r"^[\w.]+$")]


class Wheel(_Source):
    """An executable inside a wheel of the Python registry: `member` is its path in there.

    `tags` maps a platform to the wheel's platform tag, `python` is the version in its Python tag, empty for `py3`.
    """

    kind: Literal["wheel"]
    project: Annotated[str, Field(pattern=r"^[A-Za-z0-9][\w.-]*$")]
    version: Annotated[str, Field(pattern=r"^\d[\w.+!]*$")]
    member: str
    python: Annotated[str, Field(pattern=r"^(\d+\.\d+)?$")] = ""
    tags: Mapping[Platform, Annotated[str, Field(pattern=r"^\w+$")]]
    sha256: Mapping[Platform, Sha256]


class NodePackage(_Source):
    """A tree inside a package of the Node registry: `member` is the executable's path in there.

    `names` maps a platform to the package that holds its files; `links` is the path of a JSON list of the symbolic
    links (`target` to `source`) that an archive of that registry cannot hold, empty where it needs none.
    """

    kind: Literal["npm"]
    names: Mapping[Platform, Annotated[str, Field(pattern=r"^(@[a-z0-9._-]+/)?[a-z0-9._-]+$")]]
    version: Annotated[str, Field(pattern=r"^\d[\w.+-]*$")]
    member: Annotated[str, Field(pattern=r"^[^/.][^/]*/.+")]
    links: str = ""
    sha256: Mapping[Platform, Sha256]


class GoModule(_Source):
    """A Go module: `package` is the command's import path, `sum` the module's `h1:` sum (as in go.sum).

    `replace` maps a module to `module version` where the module's own go.mod names a local directory; its other
    replacements are taken over by themselves. `tags` are build tags; `stamps` are set by `-X`, their values may hold
    `{version}`.
    """

    kind: Literal["go"]
    module: str
    version: str
    sum: GoSum
    package: str
    replace: Mapping[str, str] = {}
    tags: Sequence[str] = ()
    stamps: Mapping[str, str] = {}


class ModuleFiles(_Source):
    """Files out of a Go module as it is published: `files` are paths or patterns (`*`) below its root.

    Nothing is built and Go is not needed.
    """

    kind: Literal["files"]
    module: str
    version: str
    sum: GoSum
    files: Annotated[Sequence[str], Field(min_length=1)]


class Document(_Source):
    """One file at a URL, which may hold `{version}`."""

    kind: Literal["document"]
    url: Url
    sha256: Sha256


class Maven(_Source):
    """Jars of a Maven repository: `jars` maps `group:artifact:version` to the SHA-256 of the jar itself.

    They are all that a program needs, what it depends on included: nothing is resolved.
    """

    kind: Literal["maven"]
    jars: Annotated[Mapping[Coordinates, Sha256], Field(min_length=1)]


class Debian(_Source):
    """Packages of Debian, unpacked into one tree: `member` is the executable's path in there.

    `packages` maps a platform to `package=version` and the SHA-256 of its file: the program's own package first, then
    the libraries that a bare system lacks.
    """

    kind: Literal["debian"]
    packages: Mapping[Platform, Annotated[Mapping[DebianName, Sha256], Field(min_length=1)]]
    member: Annotated[str, Field(pattern=r"^[^/]")]

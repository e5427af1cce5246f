"""Which image runs for what: pinned here, and each can be replaced for a mirror or a machine without network."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from meshproof.errors import UsageError

#: Istio's own word for the image of a proxy that its injector chooses.
_ITS_OWN: Final = "auto"


class Images(BaseModel):
    """An image for each role: `node` is kind's, `localstack` the AWS account's, `ryuk` what removes that after SIGKILL.

    `istiod`, `proxy` and `cni` are Istio's own; `istiod_values` are laid over what is declared for istiod's chart.
    Without the first two and `echo` no mesh is installed. `caller` is Kubernetes' own agnhost, which calls from inside
    the clusters; `chaos` is Chaos Mesh's controller. The others stand for what a row of programs.toml runs; a role
    without an image is not run: its workloads are applied at 0 replicas.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    node: str = "kindest/node:v1.37.2"
    echo: str = ""
    ratelimit: str = ""
    redis: str = ""
    localstack: str = "localstack/localstack:4.14.0"
    ryuk: str = "testcontainers/ryuk:0.8.1"
    caller: str = ""
    chaos: str = ""
    istiod: str = ""
    proxy: str = ""
    cni: str = ""
    istiod_values: Mapping[str, Any] = {}

    @classmethod
    def read(cls, path: Path | None) -> Self:
        """Those of a file over those pinned here. Raises UsageError with the file."""
        if path is None:
            return cls()
        try:
            return cls.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            message = f"{path}: cannot be read: {error}; it gives an image for each role: {', '.join(cls.model_fields)}"
            raise UsageError(message) from error
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(str(part) for part in first["loc"])
            message = f"{path}: {place}: {first['msg'].lower()}; roles are {', '.join(cls.model_fields)}"
            raise UsageError(message) from error

    @property
    def workloads(self) -> Sequence[str]:
        """Those that a cluster's nodes must hold."""
        own = (self.istiod, self.proxy, self.cni) if self.has_mesh and not self.is_beside else ()
        return [one for one in (self.echo, self.ratelimit, self.redis, self.caller, self.chaos, *own) if one]

    @property
    def has_mesh(self) -> bool:
        """Whether one is installed: what stands for the shop in it makes its calls, by `nc`, from its own image."""
        return bool(self.istiod and self.proxy and self.echo)

    @property
    def is_beside(self) -> bool:
        """Whether the control plane was there before."""
        return self.proxy == _ITS_OWN

    def beside(self, istiod: str) -> Self:
        """These, where a control plane of that image runs already: it injects what it is set to."""
        return self.model_copy(update={"istiod": istiod, "proxy": _ITS_OWN, "cni": ""})

    def of(self, role: str) -> str:
        """The image of a role, "" where there is none. A gateway's is put there by the mesh's injector."""
        if role == "gateway":
            return _ITS_OWN if self.has_mesh else ""
        return str(getattr(self, role, ""))


def preloading(image: str, reason: str) -> str:
    """How to get an image that cannot be pulled into Docker."""
    return (
        f"the image {image} is not in Docker's store and cannot be pulled ({reason}): on a machine that can, "
        f"`docker pull {image}` and `docker save --output image.tar {image}`, then here "
        "`docker load --input image.tar`; or name another with --images"
    )

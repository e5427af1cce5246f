"""Which image runs for what: pinned here, and each can be replaced for a mirror or a machine without network."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from meshproof.declaration.model import Record
from meshproof.errors import UsageError
from meshproof.targets.embedded.translate import Object, Translation
from meshproof.targets.embedded.workloads import Program, workloads

_POD: Final = ("spec", "template", "spec")
_CONTAINERS: Final = ("containers", "initContainers")


class Images(BaseModel):
    """An image for each role: `node` is kind's, `localstack` the AWS account's, `ryuk` what removes that after SIGKILL.

    The others stand for what a row of programs.toml runs; a role without an image is not run: its workloads are applied
    at 0 replicas.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    node: str = "kindest/node:v1.37.2"
    echo: str = ""
    ratelimit: str = ""
    redis: str = ""
    localstack: str = "localstack/localstack:4.14.0"
    ryuk: str = "testcontainers/ryuk:0.8.1"

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

    def of(self, role: str) -> str:
        """The image of a role, "" where there is none."""
        return str(getattr(self, role, ""))


def preloading(image: str, reason: str) -> str:
    """How to get an image that cannot be pulled into Docker."""
    return (
        f"the image {image} is not in Docker's store and cannot be pulled ({reason}): on a machine that can, "
        f"`docker pull {image}` and `docker save --output image.tar {image}`, then here "
        "`docker load --input image.tar`; or name another with --images"
    )


def substituted(
    records: Sequence[Record], objects: Sequence[Object], programs: Sequence[Program], images: Images
) -> tuple[list[Object], list[Translation]]:
    """The objects with the images that stand for the declared ones; what has none is applied at 0 replicas."""
    stand = {
        (one.namespace, one.name): images.of(one.program.runs) if one.program else ""
        for one in workloads(records, programs)
    }
    said: list[Translation] = []
    return [_substituted(one, stand, said) for one in objects], said


def _substituted(thing: Object, stand: Mapping[tuple[str, str], str], said: list[Translation]) -> Object:
    metadata = thing["metadata"]
    key = (metadata.get("namespace", ""), metadata["name"])
    if key not in stand or not _pod(thing):
        return thing
    address = f"{thing['kind']}/{key[0]}/{key[1]}"
    image = stand[key]
    if not image:
        said.append(Translation(address=address, says=f"0 replicas: no image stands for {', '.join(_images(thing))}"))
        return {**thing, "spec": {**thing["spec"], "replicas": 0}}
    said.append(Translation(address=address, says=f"its image {next(_images(thing))} is {image}"))
    first, *rest = _pod(thing)["containers"]
    pod = {**_pod(thing), "containers": [{**first, "image": image}, *rest]}
    return {**thing, "spec": {**thing["spec"], "template": {**thing["spec"]["template"], "spec": pod}}}


def _pod(thing: Object) -> Mapping[str, list[Mapping[str, str]]]:
    found: object = thing
    for part in _POD:
        found = found.get(part, {}) if isinstance(found, Mapping) else {}
    return found if isinstance(found, Mapping) else {}


def _images(thing: Object) -> Iterator[str]:
    for part in _CONTAINERS:
        for container in _pod(thing).get(part, []):
            yield container.get("image", "")

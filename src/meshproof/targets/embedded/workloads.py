"""Which declared workloads become processes: what stands for their image, and how many run at each site."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from meshproof.declaration.model import UNKNOWN, Record
from meshproof.errors import UsageError
from meshproof.mutant import matches

#: Kinds whose pods may run.
KINDS = ("Deployment", "Rollout", "StatefulSet")


class Program(BaseModel):
    """One row of programs.toml.

    A row that runs a `program` gives its `command`, the container ports by name that it `serves`, and its further
    `environment`. In those, {python} is this interpreter, {here} the directory of the file, {site} and {name} are the
    process's own, {directory} is its working directory, and {port_NAME} is where it listens on 127.0.0.1 for a port.
    Where a workload has pods, at least `pods` of them run at each site that it runs at.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    image: str
    workload: str = "*"
    runs: Literal["echo", "gateway", "program", "ratelimit", "redis"]
    why: str
    command: tuple[str, ...] = ()
    serves: tuple[str, ...] = ("http",)
    environment: Mapping[str, str] = Field(default_factory=dict)
    here: Path = Path()
    primary: int = 0
    standby: int = 0
    pods: int = 0

    @model_validator(mode="after")
    def _says_what_it_runs(self) -> Self:
        if bool(self.command) != (self.runs == "program"):
            message = f"the row of {self.image} runs {self.runs}: a command belongs to a program, and to nothing else"
            raise ValueError(message)
        return self

    def count(self, site: str) -> int:
        """How many processes run at a site."""
        return self.primary if site == "primary" else self.standby


class OutsideHost(BaseModel):
    """A host outside the platform, for which a program of this machine answers."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: str
    runs: Literal["echo"]
    why: str


class Programs(BaseModel):
    """All of programs.toml: what stands for images, and what answers for hosts outside."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    program: list[Program] = []
    outside: list[OutsideHost] = []


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """A declared workload and what its pods look like; `ports` are container ports by name."""

    address: str
    site: str
    namespace: str
    name: str
    account: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    ports: Mapping[str, int]
    image: str
    program: Program | None


def read_programs(path: Path) -> Programs:
    """The rows of programs.toml. Raises UsageError with the file."""
    try:
        found = Programs.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        message = f"{path}: cannot be read: {error}; it says which program stands for an image"
        raise UsageError(message) from error
    except ValidationError as error:
        first = error.errors()[0]
        message = f"{path}: {'.'.join(str(part) for part in first['loc'])}: {first['msg'].lower()}; correct it"
        raise UsageError(message) from error
    here = path.resolve().parent
    return found.model_copy(update={"program": [one.model_copy(update={"here": here}) for one in found.program]})


def workloads(records: Sequence[Record], programs: Sequence[Program]) -> Iterator[Workload]:
    """Every declared workload, with the program that stands for its first container's image."""
    for record in records:
        if record.kind in KINDS:
            template = _mapping(record.values.get("spec")).get("template", {})
            yield _workload(record, template, programs)


def _workload(record: Record, template: Mapping[str, Any], programs: Sequence[Program]) -> Workload:
    pod, metadata = _mapping(template.get("spec")), _mapping(template.get("metadata"))
    containers = [one for one in pod.get("containers", []) if isinstance(one, Mapping)]
    image = str(containers[0].get("image", "")) if containers else ""
    path = f"{record.namespace}/{record.name}"
    ports = {
        str(port.get("name", port["containerPort"])): int(port["containerPort"])
        for one in containers
        for port in one.get("ports", [])
    }
    return Workload(
        address=record.address,
        site=record.site,
        namespace=record.namespace,
        name=record.name,
        account=str(pod.get("serviceAccountName") or "default"),
        labels={str(key): str(value) for key, value in _mapping(metadata.get("labels")).items()},
        annotations={
            str(key): value for key, value in _mapping(metadata.get("annotations")).items() if value is not UNKNOWN
        },
        ports=ports,
        image=image,
        program=next((one for one in programs if matches(image, one.image) and matches(path, one.workload)), None),
    )


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}

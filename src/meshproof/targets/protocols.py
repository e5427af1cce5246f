"""What a target is to a run: suites and fixtures know no more of it, so that any can stand where another stood."""

from __future__ import annotations

import ssl
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from meshproof.declaration.model import Declaration, Record
from meshproof.mutant import Mutant
from meshproof.observation import Observed
from meshproof.probes.http import Reply, Request
from meshproof.probes.kubernetes import Api, Credentials
from meshproof.probes.workload import Pod
from meshproof.settings import Settings
from meshproof.toolchain.needs import Readiness
from meshproof.verdict import Assurance

Object = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """A program that had a part in what was seen: `source` says where it came from, `sha256` is of its file."""

    name: str
    version: str
    source: str
    sha256: str = ""


class Target(Protocol):
    """A kind of incarnation: a row of `targets.BUILT`. `shows` is the strongest assurance that it can give."""

    @property
    def name(self) -> str: ...  # noqa: D102 - a protocol's attribute
    @property
    def shows(self) -> Assurance: ...  # noqa: D102

    def readiness(self) -> Readiness:
        """Whether it can be had here; nothing is fetched or started."""

    def programs(self, settings: Settings) -> Iterable[Ran]:
        """What a run of it used; what cannot be asked is left out."""

    def reserve(self, settings: Settings) -> Hold | None:
        """A place of the run that its workers share, before any starts; None where there is nothing to hold.

        Raises UsageError or TargetError where a run with these settings cannot be.
        """

    def attach(self, settings: Settings, programs: Path) -> AbstractContextManager[Incarnation]:
        """The run's incarnation, started by whoever comes first; `programs` says what stands for an image.

        Raises TargetError in its own words where it cannot be had.
        """


class Hold(Protocol):
    """What the run's controller holds of its target until the end."""

    def release(self) -> None:
        """Let go: the last holder's end is the target's, unless it is to be kept."""

    def kept(self) -> Sequence[str]:
        """How it is reached and stopped where it stays, for a person; empty where it does not."""


class Site(Protocol):
    """One site of it, with the way in to its API server."""

    @property
    def name(self) -> str: ...  # noqa: D102 - a protocol's attribute
    @property
    def credentials(self) -> Credentials: ...  # noqa: D102


class Incarnation(Protocol):
    """A target that is there. `changes` says whether a mutant may be made in it, or only in what it is held to."""

    @property
    def sites(self) -> Sequence[Site]: ...  # noqa: D102 - a protocol's attribute
    @property
    def changes(self) -> bool: ...  # noqa: D102

    def notes(self) -> Iterable[tuple[str, str]]:
        """Subject and words of what a reader must know: what was translated, what does not run, what was not had."""

    def api(self, site: str) -> Api:
        """A client of the site's API server; who asks for it closes it."""

    def evicting(self, site: str) -> Api:
        """A client that may evict the site's pods. Raises TargetError where nobody allowed that."""

    def expected(self, declaration: Declaration) -> Mapping[str, Object | str]:
        """By address of each declared Kubernetes object: as it is to be there, or why this target does not hold it."""

    def held(self, *, alone: bool) -> AbstractContextManager[None]:
        """Have it shared, or alone for what changes it. Raises TargetError where it may not be as declared."""

    def caller(self) -> str:
        """The image of Kubernetes' agnhost in its clusters. Raises TargetError where pods cannot be made to call."""

    def experimenter(self) -> str:
        """The image of Chaos Mesh's controller in its clusters. Raises TargetError where none can run there."""

    def freeze(self, pod: Pod) -> None:
        """Stop a pod's first container where it stands, until it is killed. Raises TargetError where that cannot be."""

    def losing(self, node: str) -> AbstractContextManager[None]:
        """A node stops where it stands until the end of the block. Raises TargetError where that cannot be."""

    def mesh(self, declaration: Declaration) -> Mesh:
        """Its mesh. Raises TargetError where there is no way into it."""

    def injecting(self, declaration: Declaration, site: str) -> AbstractContextManager[None]:
        """A pod that a site's API server is asked for in the block meets the injector of the declared mesh.

        Raises TargetError where there is none.
        """


class Process(Protocol):
    """One workload's incarnation: at `address` it is called from outside, at `outbound` it calls as itself.

    `ports` are those of its proxy by name, `local` maps the workload's own ports; `admin` is the proxy's admin URL.
    """

    @property
    def name(self) -> str: ...  # noqa: D102 - a protocol's attribute
    @property
    def kind(self) -> str: ...  # noqa: D102
    @property
    def workload(self) -> str: ...  # noqa: D102
    @property
    def site(self) -> str: ...  # noqa: D102
    @property
    def namespace(self) -> str: ...  # noqa: D102
    @property
    def account(self) -> str: ...  # noqa: D102
    @property
    def labels(self) -> Mapping[str, str]: ...  # noqa: D102
    @property
    def address(self) -> str: ...  # noqa: D102
    @property
    def outbound(self) -> str: ...  # noqa: D102
    @property
    def ports(self) -> Mapping[str, int]: ...  # noqa: D102
    @property
    def local(self) -> Mapping[int, int]: ...  # noqa: D102
    @property
    def admin(self) -> str: ...  # noqa: D102


class Mesh(Protocol):
    """The mesh of all sites in the hands of a check; `targets.embedded.mesh` says what each call promises."""

    @property
    def declaration(self) -> Declaration: ...  # noqa: D102 - a protocol's attribute
    @property
    def assurance(self) -> Assurance: ...  # noqa: D102
    @property
    def trust_domain(self) -> str: ...  # noqa: D102
    @property
    def sites(self) -> Sequence[str]: ...  # noqa: D102

    def close(self) -> None: ...  # noqa: D102
    def processes(self, *, site: str = "", app: str = "", kind: str = "") -> Sequence[Process]: ...  # noqa: D102
    def process(self, app: str, *, site: str = "primary") -> Process: ...  # noqa: D102
    def hanging(self, app: str, *, site: str = "primary") -> AbstractContextManager[None]: ...  # noqa: D102
    def api(self, site: str) -> Api: ...  # noqa: D102
    def observed(self, process: Any, value: Any, what: str = "") -> Observed[Any]: ...  # noqa: D102
    def declared(self, kind: str, *, site: str = "") -> list[Record]: ...  # noqa: D102
    def spiffe(self, namespace: str, account: str, *, trust_domain: str = "") -> str: ...  # noqa: D102
    def client(self, *names: str) -> ssl.SSLContext: ...  # noqa: D102
    def anonymous(self) -> ssl.SSLContext: ...  # noqa: D102
    def expired(self, *names: str) -> ssl.SSLContext: ...  # noqa: D102
    def stranger(self, *names: str) -> ssl.SSLContext: ...  # noqa: D102
    def token(  # noqa: D102
        self, claims: Mapping[str, object], *, expires: datetime | None = None, key: Path | None = None
    ) -> str: ...
    def direct(  # noqa: D102
        self, process: Any, request: Request, *, tls: ssl.SSLContext | None, port: int = 0, within_s: float = 5.0
    ) -> Reply: ...
    def through(self, process: Any, request: Request, *, port: int, within_s: float = 5.0) -> Reply: ...  # noqa: D102
    def gateway(self, process: Any, request: Request, *, port: int, within_s: float = 5.0) -> Reply: ...  # noqa: D102
    def changed(self, mutant: Mutant) -> AbstractContextManager[Mesh]: ...  # noqa: D102
    def apply(self, site: str, *things: Object) -> None: ...  # noqa: D102
    def remove(self, site: str, *things: Object) -> None: ...  # noqa: D102
    def settle(self, sites: Sequence[str]) -> Mapping[str, float]: ...  # noqa: D102

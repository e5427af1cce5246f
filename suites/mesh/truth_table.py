"""The truth table of authorization: who asks what of whom with which token, what is declared, what came back."""

from __future__ import annotations

import ssl
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import cycle, groupby, product
from typing import Final

from fixtures.calls import somewhere
from meshproof.declaration.model import Declaration
from meshproof.observation import Observed
from meshproof.probes.http import Line, Reply, Request
from meshproof.targets.protocols import Mesh, Process
from suites.mesh import promised
from suites.mesh.paths import normal
from suites.mesh.policy_evaluator import Asked, Policies

#: Envoy's answers for a request that it does not let through: no valid token, no policy.
REFUSALS: Final = (401, 403)
#: Envoy says this header of every answer that it fetched; an answer of its own has none.
FETCHED: Final = "x-envoy-upstream-service-time"
#: What a request over HTTP may be: read, changed, and what no policy of the shop names.
METHODS: Final = ("GET", "HEAD", "POST", "DELETE")
_AT_ONCE: Final = 8
_SUBJECT: Final = "customer-1"
#: The port of a gateway where the site's limits are counted: no customer may ask more than a few times a second there.
EDGE_PORT: Final = "https"
_CUSTOMERS: Final = 64
#: A namespace that holds no workload: a service account of the same name there is somebody else.
_NOWHERE: Final = "nowhere"


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """An identity in the hands of a check; `principal` is what a policy calls it."""

    principal: str
    tls: ssl.SSLContext | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One request to one workload, and whether the declaration lets it through."""

    process: Process
    caller: Caller
    request: Request
    token: str
    allowed: bool

    @property
    def what(self) -> str:
        """For a report."""
        who = self.caller.principal or "anybody"
        return f"{self.request.method} {self.request.path} by {who} with {self.token}"


def asked(mesh: Mesh, rows: Iterable[Row], *, port: str = "http") -> Iterator[Observed[tuple[Row, Reply]]]:
    """Ask every row, over one connection for each caller and workload; answers come in the rows' order."""
    groups = [list(group) for _, group in groupby(rows, key=lambda one: (one.process.address, one.caller.principal))]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for group, replies in zip(groups, pool.map(lambda one: _over_one_line(one, port), groups), strict=True):
            for row, reply in zip(group, replies, strict=True):
                yield mesh.observed(row.process, (row, reply))


def _over_one_line(rows: Sequence[Row], port: str) -> list[Reply]:
    process, tls = rows[0].process, rows[0].caller.tls
    sni = "outbound_.mesh" if port == "http" else ""
    with Line(process.address, process.ports[port], tls=tls, sni=sni) as line:
        return [line.ask(row.request) for row in rows]


def policies(as_built: Declaration, site: str) -> Policies:
    """What is declared for a site."""
    root = promised.mesh_config(as_built, site)["rootNamespace"]
    return Policies.declared(as_built, site, root=root)


def callers(mesh: Mesh, as_built: Declaration) -> list[Caller]:
    """Every identity that a policy names or a process has, and one of the same name in another namespace."""
    named = {
        str(principal)
        for record in as_built.by_kind.get("AuthorizationPolicy", ())
        for rule in (record.values.get("spec") or {}).get("rules") or ()  # type: ignore[attr-defined]  # a mapping
        for one in rule.get("from") or ()
        for principal in one["source"].get("principals", ())
        if "*" not in principal
    }
    running = {_principal(mesh, one.namespace, one.account) for one in mesh.processes()}
    namesakes = {_principal(mesh, _NOWHERE, one.account) for one in mesh.processes(app="orders")}
    return [Caller(principal=one, tls=mesh.client(f"spiffe://{one}")) for one in sorted(named | running | namesakes)]


def _principal(mesh: Mesh, namespace: str, account: str) -> str:
    return mesh.spiffe(namespace, account).removeprefix("spiffe://")


def claims(as_built: Declaration, site: str) -> Mapping[str, object]:
    """What a good token of a customer says: who signed it, for whom it is, whose it is."""
    shop = promised.shop_host(as_built, site)
    return {"iss": promised.issuer(as_built, site), "aud": f"https://{shop}", "sub": f"{_SUBJECT}-{uuid.uuid4().hex}"}


def bearer(token: str) -> Mapping[str, str]:
    """The header that carries a token."""
    return {"authorization": f"Bearer {token}"}


class Judge:
    """Makes rows about one workload, with what the declaration says of each."""

    def __init__(self, mesh: Mesh, as_built: Declaration, process: Process, *, port: str = "http") -> None:
        """Reads the policies of the workload's site; `port` is the one that will be asked."""
        self.process = process
        self._port = process.ports[port]
        self._policies = policies(as_built, process.site)
        said = claims(as_built, process.site)
        self._subject = f"{said['iss']}/{said['sub']}"
        customers = _CUSTOMERS if port == EDGE_PORT else 1
        self._tokens = cycle([bearer(mesh.token({**said, "sub": f"{said['sub']}-{one}"})) for one in range(customers)])

    def row(self, caller: Caller, path: str, *, method: str = "GET", token: bool = True, host: str = "") -> Row:
        """One request, with a good token or none, by the workload's own name or another."""
        process = self.process
        headers = {**(next(self._tokens) if token else {}), **somewhere()}
        asks = Asked(
            principal=caller.principal,
            subject=self._subject if token else "",
            method=method,
            path=normal(path),
            host=host or process.name,
            port=self._port,
            address=process.address,
        )
        return Row(
            process=process,
            caller=caller,
            request=Request(host=host or process.name, path=path, method=method, headers=headers),
            token="a good token" if token else "no token",
            allowed=self._policies.allow(process.namespace, process.labels, asks),
        )


def paths(as_built: Declaration, process: Process) -> list[str]:
    """The paths that the workload's own policies name, their near misses, the root, and one of another workload."""
    found = {"/": None}
    for spec in policies(as_built, process.site).of(process.namespace, process.labels):
        for rule in spec.get("rules") or ():
            for one in rule.get("to") or ():
                for path in one["operation"].get("paths", ()):
                    found |= dict.fromkeys((path.replace("*", "1"), path.rstrip("/*") + "x"))
    return [*found, "/admin?as=/healthz/ready"]


def table(mesh: Mesh, as_built: Declaration) -> Iterator[Row]:
    """Identities x endpoints x methods x paths x token states, as every workload would be asked directly."""
    who = callers(mesh, as_built)
    for process in mesh.processes(kind="echo"):
        judge = Judge(mesh, as_built, process)
        for caller, path, method, token in product(who, paths(as_built, process), METHODS, (True, False)):
            yield judge.row(caller, path, method=method, token=token)


def wrongly_allowed(seen: Observed[tuple[Row, Reply]]) -> str | None:
    """What control 1 says: an answer that nobody allowed."""
    row, reply = seen.value
    return None if reply.seen(row.what).status in REFUSALS else f"allows {row.what}: {reply}"


def wrongly_denied(seen: Observed[tuple[Row, Reply]]) -> str | None:
    """What control 2 says: no answer where one was promised."""
    row, reply = seen.value
    return None if reply.status == 200 else f"denies {row.what}: {reply}"  # noqa: PLR2004  # HTTP's OK

"""The running mesh in the hands of a check: its processes, callers of every kind, and changes that are undone."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

from meshproof.components.authority import Authority, Identity
from meshproof.declaration.model import Declaration, Record
from meshproof.errors import NotApplicable
from meshproof.faults.stopped import stopped
from meshproof.mutant import Mutant
from meshproof.observation import Observed
from meshproof.probes.http import Reply, Request, ask
from meshproof.probes.kubernetes import Api
from meshproof.process import scratch
from meshproof.targets.embedded import issuer
from meshproof.targets.embedded.changes import Changes
from meshproof.targets.embedded.state import ProcessState, TargetState
from meshproof.targets.embedded.translate import Object
from meshproof.targets.skew import seen_by
from meshproof.verdict import Assurance


class Mesh:
    """Both sites of a running target, as declared or as a mutant has them."""

    def __init__(self, state: TargetState, declaration: Declaration) -> None:
        """Nothing is asked before a check asks."""
        self.state = state
        self.declaration = declaration
        self._apis: dict[str, Api] = {}
        self._lock = threading.Lock()

    def close(self) -> None:
        """Let go of every connection."""
        for api in self._apis.values():
            api.close()

    # --- what runs

    def processes(self, *, site: str = "", app: str = "", kind: str = "") -> list[ProcessState]:
        """The running processes, by site, by their label `app`, by kind (echo or gateway).

        Raises NotApplicable where none is there.
        """
        found = [
            one
            for each in self.state.sites
            for one in each.processes
            if site in ("", each.name) and app in ("", one.labels.get("app")) and kind in ("", one.kind)
        ]
        if not found:
            message = f"no process runs for {' '.join(filter(None, (site, kind, app))) or 'this target'}"
            raise NotApplicable(message)
        return found

    def process(self, app: str, *, site: str = "primary") -> ProcessState:
        """The first process of an application."""
        return self.processes(site=site, app=app)[0]

    @contextmanager
    def hanging(self, app: str, *, site: str = "primary") -> Iterator[None]:
        """Until the end of the block no process of an application answers; its proxies go on."""
        with ExitStack() as stack:
            for one in self.processes(site=site, app=app):
                stack.enter_context(stopped(one.app_pid))
            yield

    def api(self, site: str) -> Api:
        """The site's API server, as its administrator; may be asked for by several threads."""
        with self._lock:
            if site not in self._apis:
                self._apis[site] = Api(self.state.site(site).credentials)
            return self._apis[site]

    def observed(self, process: ProcessState, value: Any, what: str = "") -> Observed[Any]:
        """Something seen of a process, at the address and place of the workload that it runs."""
        record = self.declaration.by_address[process.workload]
        address = f"{process.workload}{what}"
        return Observed(address=address, place=record.place, value=value, assurance=self.assurance)

    @property
    def trust_domain(self) -> str:
        """What every identity of it begins with."""
        return self.state.trust_domain

    @property
    def sites(self) -> Sequence[str]:
        """Their names."""
        return [one.name for one in self.state.sites]

    @property
    def assurance(self) -> Assurance:
        """How strongly something seen of this mesh is known: another release than the declared one is not it."""
        return seen_by(self.state.istio_declared, self.state.istio_runs)

    def declared(self, kind: str, *, site: str = "") -> list[Record]:
        """The declared objects of a kind."""
        return [one for one in self.declaration.by_kind.get(kind, ()) if site in ("", one.site)]

    # --- who calls

    @cached_property
    def authority(self) -> Authority:
        """It can sign any identity."""
        files = (self.state.signer_certificate, self.state.signer_key, self.state.root_certificate)
        chain, key, root = (one.read_text(encoding="utf-8") for one in files)
        return Authority.parsed(chain=chain, key=key, root=root)

    def spiffe(self, namespace: str, account: str, *, trust_domain: str = "") -> str:
        """A workload's identity as a URI."""
        return f"spiffe://{trust_domain or self.state.trust_domain}/ns/{namespace}/sa/{account}"

    def client(self, *names: str, ends: datetime | None = None, authority: Authority | None = None) -> ssl.SSLContext:
        """A client with a certificate for these names, signed by the mesh's root or another authority.

        It trusts the mesh's root and checks no name. `ends` puts the end of the certificate's validity elsewhere.
        """
        identity = (authority or self.authority).issue("caller", names=names, lifetime=timedelta(hours=2), ends=ends)
        return _client(self.authority.root_pem, identity)

    def anonymous(self) -> ssl.SSLContext:
        """A TLS client without a certificate."""
        return _client(self.authority.root_pem, None)

    def expired(self, *names: str) -> ssl.SSLContext:
        """A client whose certificate ended an hour ago."""
        return self.client(*names, ends=datetime.now(UTC) - timedelta(hours=1))

    def stranger(self, *names: str) -> ssl.SSLContext:
        """A client of an authority that the mesh does not know."""
        return self.client(*names, authority=Authority.new("another root"))

    def token(self, claims: Mapping[str, object], *, expires: datetime | None = None, key: Path | None = None) -> str:
        """A customer's token from the run's issuer, or signed with another key."""
        return issuer.token(key or self.state.issuer_key, claims, expires=expires)

    def direct(
        self,
        process: ProcessState,
        request: Request,
        *,
        tls: ssl.SSLContext | None,
        port: int = 0,
        within_s: float = 5.0,
    ) -> Reply:
        """Call a process at its own address, as a caller that brings its own certificate, or none."""
        number = port or next(iter(process.local), 0)
        return ask(process.address, number, request, tls=tls, sni="outbound_.mesh", within_s=within_s)

    def through(self, process: ProcessState, request: Request, *, port: int, within_s: float = 5.0) -> Reply:
        """Call from inside the mesh: through the sidecar of `process`, under its identity."""
        return ask(process.outbound, port, request, within_s=within_s)

    def gateway(self, process: ProcessState, request: Request, *, port: int, within_s: float = 5.0) -> Reply:
        """Call a gateway from outside, as a browser does: by the name that is asked for."""
        return ask(process.address, port, request, tls=_client(self.authority.root_pem, None), within_s=within_s)

    # --- what is changed

    @contextmanager
    def changed(self, mutant: Mutant) -> Iterator[Mesh]:
        """The mesh with a mutant of its declaration applied, until the end of the block; then as declared again.

        Raises UsageError for a mutant that changes nothing of what runs.
        """
        with self._changes.changed(mutant) as declaration, closing(self._as(declaration)) as broken:
            yield broken

    def _as(self, declaration: Declaration) -> Mesh:
        """The same, as another declaration has it."""
        return Mesh(self.state, declaration)

    def apply(self, site: str, *things: Object) -> None:
        """Add objects of the check's own at a site and wait until every proxy has them. Raises UsageError."""
        self._changes.add(site, things)

    def remove(self, site: str, *things: Object) -> None:
        """Take objects of the check's own away again, and wait until no proxy has them."""
        self._changes.take_away(site, things)

    def settle(self, sites: Sequence[str]) -> Mapping[str, float]:
        """Wait until every proxy of the sites has all that was applied before; seconds by site and process."""
        return self._changes.settle(sites)

    @cached_property
    def _changes(self) -> Changes:
        return Changes(self.state, self.declaration, self.api)


def _client(root: str, identity: Identity | None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(cadata=root)
    if identity is not None:
        with scratch("caller") as directory:
            context.load_cert_chain(*identity.write(directory, "caller"))
    return context

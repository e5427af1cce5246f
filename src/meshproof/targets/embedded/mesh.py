"""The running mesh in the hands of a check: its processes, callers of every kind, and changes that are undone."""

from __future__ import annotations

import itertools
import json
import re
import ssl
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import httpx
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from meshproof.components.authority import Authority, Identity
from meshproof.declaration.model import Declaration, Record
from meshproof.errors import NotApplicable, ProbeError, UsageError
from meshproof.mutant import Mutant
from meshproof.mutation.apply import apply
from meshproof.observation import Observed
from meshproof.probes.envoy import Envoy
from meshproof.probes.http import Reply, Request, ask
from meshproof.probes.kubernetes import Api
from meshproof.targets.embedded import issuer
from meshproof.targets.embedded.mesh_settings import mesh_settings
from meshproof.targets.embedded.site import is_applied
from meshproof.targets.embedded.state import ProcessState, TargetState
from meshproof.targets.embedded.translate import Object, World, translated
from meshproof.waiting import until

_SETTLED_WITHIN_S: Final = 20.0
_EVERY_S: Final = 0.02
_GENERATION: Final = "meshproof-generation"
_KINDS_SENT: Final = ("cluster", "listener", "route", "endpoint")
_BINDING: Final = re.compile(r"ValidatingAdmissionPolicy '[^']+' with binding '([^']+)' denied request")
_BINDING_KIND: Final = {
    "apiVersion": "admissionregistration.k8s.io/v1",
    "kind": "ValidatingAdmissionPolicyBinding",
}
_generations = itertools.count(1)


class Mesh:
    """Both sites of a running target, as declared or as a mutant has them."""

    def __init__(self, state: TargetState, declaration: Declaration) -> None:
        """Nothing is asked before a check asks."""
        self.state = state
        self.declaration = declaration
        self._apis: dict[str, Api] = {}
        self._unbound: dict[tuple[str, str], None] = {}

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

    def api(self, site: str) -> Api:
        """The site's API server, as its administrator."""
        if site not in self._apis:
            self._apis[site] = Api(self.state.site(site).credentials)
        return self._apis[site]

    def observed(self, process: ProcessState, value: Any, what: str = "") -> Observed[Any]:
        """Something seen of a process, at the address and place of the workload that it runs."""
        record = self.declaration.by_address[process.workload]
        return Observed(address=f"{process.workload}{what}", place=record.place, value=value)

    def declared(self, kind: str, *, site: str = "") -> list[Record]:
        """The declared objects of a kind."""
        return [one for one in self.declaration.by_kind.get(kind, ()) if site in ("", one.site)]

    # --- who calls

    @cached_property
    def authority(self) -> Authority:
        """The mesh's root: it can sign any identity."""
        certificate = x509.load_pem_x509_certificate(self.state.root_certificate.read_bytes())
        key = serialization.load_pem_private_key(self.state.root_key.read_bytes(), password=None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)  # noqa: S101 - the target wrote it
        root = Identity(certificate=certificate, key=key)
        return Authority(root, root)

    def spiffe(self, namespace: str, account: str, *, trust_domain: str = "") -> str:
        """A workload's identity as a URI."""
        return f"spiffe://{trust_domain or self.state.trust_domain}/ns/{namespace}/sa/{account}"

    def client(self, *names: str, ends: datetime | None = None, authority: Authority | None = None) -> ssl.SSLContext:
        """A client with a certificate for these names, signed by the mesh's root or another authority.

        It trusts the mesh's root and checks no name. `ends` puts the end of the certificate's validity elsewhere.
        """
        identity = (authority or self.authority).issue("caller", names=names, lifetime=timedelta(hours=2), ends=ends)
        return _client(self.authority.root.pem, identity)

    def anonymous(self) -> ssl.SSLContext:
        """A TLS client without a certificate."""
        return _client(self.authority.root.pem, None)

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
        return ask(process.address, port, request, tls=_client(self.authority.root.pem, None), within_s=within_s)

    # --- what is changed

    @contextmanager
    def changed(self, mutant: Mutant) -> Iterator[Mesh]:
        """The mesh with a mutant of its declaration applied, until the end of the block; then as declared again.

        Raises UsageError for a mutant that changes nothing of what runs.
        """
        replaced = apply(mutant, self.declaration)
        records = [replaced.get(one.address, one) for one in self.declaration.records]
        broken = Mesh(
            self.state, Declaration(**{**_parts(self.declaration), "records": tuple(one for one in records if one)})
        )
        changed = [site for site in self._sites() if self._move(site, self.declaration, broken.declaration)]
        if not changed:
            message = f"mutant {mutant.name}: changes nothing of what runs on this target"
            raise UsageError(message)
        try:
            self.settle(changed)
            yield broken
        finally:
            broken.close()
            for site in changed:
                self._move(site, broken.declaration, self.declaration)
            self._bind_again()
            self.settle(changed)

    def apply(self, site: str, *things: Object) -> None:
        """Add objects of the check's own at a site and wait until every proxy has them. Raises UsageError."""
        for thing in things:
            answer = self.api(site).apply(thing)
            if not answer.accepted:
                message = f"{answer.kind} {answer.name} is refused by the API server of {site}: {answer.says}"
                raise UsageError(message)
        self.settle([site])

    def remove(self, site: str, *things: Object) -> None:
        """Take objects of the check's own away again."""
        for thing in things:
            self.api(site).delete(thing)
        self.settle([site])

    def settle(self, sites: Sequence[str]) -> Mapping[str, float]:
        """Wait until every proxy of the sites has all that was applied before; seconds by process.

        Each change carries a mark of its own as a cluster that every proxy gets in the same push.
        """
        mark = f"{_GENERATION}-{next(_generations)}-{datetime.now(UTC):%H%M%S%f}"
        for site in sites:
            self.api(site).apply(_mark(mark))
        return {
            f"{site}/{process.name}": self._await(process, mark)
            for site in sites
            for process in self.state.site(site).processes
        }

    def _await(self, process: ProcessState, mark: str) -> float:
        proxy = Envoy(process.admin)

        def has_all() -> bool:
            return proxy.has_cluster(mark) and not proxy.is_warming() and self._is_acknowledged(process)

        return until(
            has_all, bool, within_s=_SETTLED_WITHIN_S, every_s=_EVERY_S, what=f"the change at {process.name}"
        ).seconds

    def _is_acknowledged(self, process: ProcessState) -> bool:
        """Whether the control plane has the proxy's word for everything that it sent."""
        url = f"{self.state.site(process.site).debug}/syncz"
        try:
            rows = httpx.get(url, timeout=3, trust_env=False).raise_for_status().json()
        except (httpx.HTTPError, ValueError) as error:
            message = f"{url}: the control plane does not answer: {error}"
            raise ProbeError(message) from error
        return all(_acknowledged(row) for row in rows if str(row.get("proxy", "")).startswith(f"{process.name}."))

    def _sites(self) -> list[str]:
        return [one.name for one in self.state.sites]

    def _move(self, site: str, before: Declaration, after: Declaration) -> bool:
        """Apply what differs between two declarations; whether anything does."""
        old, new = (self._objects(site, one) for one in (before, after))
        api = self.api(site)
        for key in old.keys() - new.keys():
            api.delete(old[key])
        for key, thing in new.items():
            if old.get(key) != thing:
                self._force(site, thing)
        return old != new or self._move_settings(site, before, after)

    def _force(self, site: str, thing: Object) -> None:
        """Apply an object of a mutant; an admission policy that forbids it is unbound until the mutant is gone."""
        api = self.api(site)
        answer = api.apply(thing)
        while (found := _BINDING.search(answer.says)) is not None and (site, found[1]) not in self._unbound:
            self._unbound[site, found[1]] = None
            api.delete({**_BINDING_KIND, "metadata": {"name": found[1]}})
            name = found[1]
            answer = until(
                lambda: api.apply(thing),
                lambda one: name not in one.says,  # noqa: B023 - called before the loop goes on
                within_s=_SETTLED_WITHIN_S,
                what=f"the binding {name} gone",
            ).value
        if not answer.accepted:
            message = f"{answer.kind} {answer.name} of the mutant is refused by the API server: {answer.says}"
            raise UsageError(message)

    def _bind_again(self) -> None:
        declared = {one.name: one for one in self.declared("ValidatingAdmissionPolicyBinding")}
        for site, name in self._unbound:
            self.api(site).apply(declared[name].values)
        self._unbound.clear()

    def _move_settings(self, site: str, before: Declaration, after: Declaration) -> bool:
        """Write the control plane's configuration anew where it differs: istiod reads it again by itself."""
        old, new = (dict(mesh_settings(_records(one, site), {})[0].mesh) for one in (before, after))
        if old == new:
            return False
        path = self.state.directory / site / "istiod" / "mesh.yaml"
        path.write_text(json.dumps(new, indent=1), encoding="utf-8")
        return True

    def _objects(self, site: str, declaration: Declaration) -> Mapping[tuple[str, ...], Object]:
        world = World(
            site=site,
            processes=self.state.site(site).processes,  # type: ignore[arg-type]  # has every field of a Process
            jwks=issuer.keys(self.state.issuer_key),
        )
        objects, _ = translated(_records(declaration, site), world)
        return {_key(one): one for one in objects if is_applied(one)}


def _records(declaration: Declaration, site: str) -> list[Record]:
    return [one for one in declaration.records if one.family == "kubernetes" and one.site == site]


def _parts(declaration: Declaration) -> dict[str, Any]:
    return {"environment": declaration.environment, "version": declaration.version, "notes": declaration.notes}


def _key(thing: Object) -> tuple[str, ...]:
    metadata = thing["metadata"]
    return thing["apiVersion"], thing["kind"], metadata.get("namespace", ""), metadata["name"]


def _acknowledged(row: Mapping[str, Any]) -> bool:
    return all(row.get(f"{name}_sent", "") == row.get(f"{name}_acked", "") for name in _KINDS_SENT)


def _mark(name: str) -> Object:
    cluster = {"name": name, "type": "STATIC", "connect_timeout": "1s"}
    patch = {"applyTo": "CLUSTER", "match": {"context": "ANY"}, "patch": {"operation": "ADD", "value": cluster}}
    return {
        "apiVersion": "networking.istio.io/v1alpha3",
        "kind": "EnvoyFilter",
        "metadata": {"name": _GENERATION, "namespace": "istio-system"},
        "spec": {"configPatches": [patch]},
    }


def _client(root: str, identity: Identity | None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(cadata=root)
    if identity is not None:
        with tempfile.TemporaryDirectory(prefix="meshproof-caller-") as directory:
            context.load_cert_chain(*identity.write(Path(directory), "caller"))
    return context

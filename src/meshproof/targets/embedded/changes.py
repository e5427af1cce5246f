"""Changes of a running mesh that every proxy has taken up before anybody looks, and that are undone."""

from __future__ import annotations

import itertools
import json
import os
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import Any, Final

import httpx

from meshproof.declaration.model import Declaration, Record
from meshproof.errors import MeshproofError, ProbeError, UsageError
from meshproof.mutant import Mutant
from meshproof.mutation.apply import mutated
from meshproof.probes.envoy import Envoy
from meshproof.probes.kubernetes import Api
from meshproof.probes.plain import look
from meshproof.targets.embedded import issuer
from meshproof.targets.embedded.addresses import lowest_port
from meshproof.targets.embedded.admission_mark import await_admission
from meshproof.targets.embedded.applications import APPLICATIONS, mount_again
from meshproof.targets.embedded.containers import container_of
from meshproof.targets.embedded.heard import Told
from meshproof.targets.embedded.lease import leave_changed
from meshproof.targets.embedded.mesh_settings import mesh_settings
from meshproof.targets.embedded.outside import placed
from meshproof.targets.embedded.site import is_applied
from meshproof.targets.embedded.state import ProcessState, TargetState
from meshproof.targets.embedded.translate import Object, World, translated
from meshproof.waiting import until

_SETTLED_WITHIN_S: Final = 20.0
_EVERY_S: Final = 0.02
_GENERATION: Final = "meshproof-generation"
_CALLERS: Final = ("SIDECAR_OUTBOUND", "GATEWAY")
_KINDS_SENT: Final = ("cluster", "listener", "route", "endpoint")
#: The length of a UUID, with which Istio's control plane ends every nonce.
_OWN: Final = 36
_BINDING: Final = re.compile(r"ValidatingAdmissionPolicy '[^']+' with binding '([^']+)' denied request")
_BINDING_KIND: Final = {
    "apiVersion": "admissionregistration.k8s.io/v1",
    "kind": "ValidatingAdmissionPolicyBinding",
}
_ADMISSION: Final = "ValidatingAdmissionPolicy"
#: What a site's API server is given of a declaration, by what tells an object from every other.
Applied = Callable[[str, Declaration], Mapping[tuple[str, ...], Object]]
_generations = itertools.count(1)


class Changes:
    """Changes one target; `api` gives a site's API server."""

    def __init__(
        self,
        state: TargetState,
        declaration: Declaration,
        api: Callable[[str], Api],
        applied: Applied | None = None,
    ) -> None:
        """`declaration` is what runs before any change, `applied` what a site is given of one."""
        self._state = state
        self._applied = applied or partial(applied_objects, state)
        self._declaration = declaration
        self._api = api
        self._unbound: dict[tuple[str, str], None] = {}
        self._told = {one.name: Told(one.debug) for one in state.sites}

    @contextmanager
    def changed(self, mutant: Mutant) -> Iterator[Declaration]:
        """The mesh with a mutant applied, until the end of the block; yields the mutated declaration.

        Raises UsageError for a mutant that changes nothing of what runs.
        """
        broken = mutated(mutant, self._declaration)
        sites = [one.name for one in self._state.sites]
        policies = mutant.kind.startswith(_ADMISSION)
        try:
            changed = [site for site in sites if self._move(site, self._declaration, broken)]
            if not changed and not self._starts_otherwise(broken):
                message = f"mutant {mutant.name}: changes nothing of what runs on this target"
                raise UsageError(message)
            self._settle_all(changed, policies=policies)
            yield broken
        finally:
            self._undo(mutant, broken, policies=policies)

    def _undo(self, mutant: Mutant, broken: Declaration, *, policies: bool) -> None:
        """Everything as declared at every site, however far the mutant came. A target that stays changed is marked."""
        try:
            changed = [one.name for one in self._state.sites if self._move(one.name, broken, self._declaration)]
            bound = self._bind_again()
            self._settle_all(changed, policies=policies or bound)
        except MeshproofError as error:
            leave_changed(self._state.directory, f"mutant {mutant.name} could not be undone: {error}")
            raise

    def _settle_all(self, sites: Sequence[str], *, policies: bool) -> None:
        """Proxies have what the mesh takes; API servers look for new admission policies by the second."""
        self.settle(sites)
        for site in sites if policies else ():
            await_admission(self._api(site))

    def add(self, site: str, things: Sequence[Object]) -> None:
        """Apply objects at a site and wait. Raises UsageError for one that is refused."""
        for thing in things:
            answer = self._api(site).apply(thing)
            if not answer.accepted:
                message = f"{answer.kind} {answer.name} is refused by the API server of {site}: {answer.says}"
                raise UsageError(message)
            self._told[site].applied(thing, answer.version)
        self.settle([site])

    def take_away(self, site: str, things: Sequence[Object]) -> None:
        """Delete objects at a site and wait."""
        for thing in things:
            self._delete(site, thing)
        self.settle([site])

    def settle(self, sites: Sequence[str]) -> Mapping[str, float]:
        """Wait until every proxy of the sites has all that was applied before; seconds by site and process.

        Each change carries a mark of its own as a cluster that every proxy gets in the same push: it is set once the
        control plane has heard of all the rest.
        """
        mark = f"{_GENERATION}-{os.getpid()}-{next(_generations)}"
        for site in sites:
            self._told[site].await_heard()
            self._api(site).apply(_mark(mark))
        processes = [one for site in sites for one in self._state.site(site).processes]
        with ThreadPoolExecutor(max(len(processes), 1)) as pool:
            seconds = list(pool.map(lambda one: self._await(one, mark), processes))
        return {f"{one.site}/{one.name}": took for one, took in zip(processes, seconds, strict=True)}

    def _await(self, process: ProcessState, mark: str) -> float:
        proxy = Envoy(process.admin)

        def lacking() -> str:
            if not proxy.has_cluster(mark):
                return "the clusters of the change"
            return "what it warms" if proxy.is_warming() else self._unacknowledged(process, proxy)

        what = f"the change at {process.name}"
        return until(lacking, lambda one: not one, within_s=_SETTLED_WITHIN_S, every_s=_EVERY_S, what=what).seconds

    def _unacknowledged(self, process: ProcessState, proxy: Envoy) -> str:
        """What the control plane has sent, or is to send, and has not the proxy's word for; empty where it has all."""
        url = f"{self._state.site(process.site).debug}/syncz"
        try:
            rows = look(url, within_s=3).raise_for_status().json()
        except (httpx.HTTPError, ValueError) as error:
            message = f"{url}: the control plane does not answer: {error}"
            raise ProbeError(message) from error
        own = [row for row in rows if str(row.get("proxy", "")).startswith(f"{process.name}.")]
        in_each = ("listener", "route") if proxy.has_routes() else ("listener",)
        return ", ".join(one for row in own for one in unacknowledged(row, in_each)) if own else "its connection"

    def _move(self, site: str, before: Declaration, after: Declaration) -> bool:
        """Apply what differs between two declarations; whether anything does."""
        old, new = (self._applied(site, one) for one in (before, after))
        for key in old.keys() - new.keys():
            self._delete(site, old[key])
        for key, thing in new.items():
            if old.get(key) != thing:
                self._force(site, thing)
        self._move_files(site, before, after)
        moved = self._move_settings(site, before, after)
        return moved or old != new or self._pods(site, before) != self._pods(site, after)

    def _pods(self, site: str, declaration: Declaration) -> list[Record]:
        """What a pod of the workloads that run would be made of if it were started now: guests are."""
        return [declaration.by_address[one.workload] for one in self._state.site(site).processes]

    def _move_files(self, site: str, before: Declaration, after: Declaration) -> None:
        """Mount what differs anew: an application reads it by itself."""
        for process in self._state.site(site).processes:
            if process.kind in APPLICATIONS:
                old, new = (
                    container_of(one.by_address[process.workload], records_of(one, site)) for one in (before, after)
                )
                if old.files != new.files:
                    mount_again(process, self._state.directory / site / process.name / "app", new)

    def _force(self, site: str, thing: Object) -> None:
        """Apply an object of a mutant; an admission policy that forbids it is unbound until the mutant is gone."""
        api = self._api(site)
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
        self._told[site].applied(thing, answer.version)

    def _delete(self, site: str, thing: Object) -> None:
        self._api(site).delete(thing)
        self._told[site].deleted(thing)

    def _bind_again(self) -> bool:
        declared = {one.name: one for one in self._declaration.by_kind["ValidatingAdmissionPolicyBinding"]}
        for site, name in self._unbound:
            self._api(site).apply(declared[name].values)
        bound = bool(self._unbound)
        self._unbound.clear()
        return bound

    def _move_settings(self, site: str, before: Declaration, after: Declaration) -> bool:
        """Write the control plane's configuration anew where it differs: istiod reads it again by itself."""
        old, new = (dict(mesh_settings(records_of(one, site), {})[0].mesh) for one in (before, after))
        if old == new:
            return False
        path = self._state.directory / site / "istiod" / "mesh.yaml"
        path.write_text(json.dumps(new, indent=1), encoding="utf-8")
        return True

    def _starts_otherwise(self, broken: Declaration) -> bool:
        """Whether a control plane that a check starts for itself would be another one."""
        sites = [one.name for one in self._state.sites]
        return any(
            mesh_settings(records_of(broken, site), {})[0] != mesh_settings(records_of(self._declaration, site), {})[0]
            for site in sites
        )


def applied_objects(state: TargetState, site: str, declaration: Declaration) -> Mapping[tuple[str, ...], Object]:
    """What a site's API server was given of a declaration, by apiVersion, kind, namespace and name."""
    world = World(
        site=site,
        processes=state.site(site).processes,  # type: ignore[arg-type]  # has every field of a Process
        jwks=issuer.keys(state.issuer_key),
        lowest_port=lowest_port(),
    )
    objects, _ = placed(translated(records_of(declaration, site), world)[0], state.outside)
    return {key_of(one): one for one in objects if is_applied(one)}


def key_of(thing: Mapping[str, Any]) -> tuple[str, ...]:
    """What tells one object from every other of its site."""
    metadata = thing["metadata"]
    return thing["apiVersion"], thing["kind"], metadata.get("namespace") or "", metadata["name"]


def records_of(declaration: Declaration, site: str) -> list[Record]:
    """The Kubernetes objects of a site."""
    return [one for one in declaration.records if one.family == "kubernetes" and one.site == site]


def unacknowledged(row: Mapping[str, Any], in_each: Collection[str]) -> Iterator[str]:
    """What a proxy has not taken of the push that its clusters are of: they are sent first, and the rest later.

    `in_each` are the kinds that each push sends to this proxy: what it once subscribed to keeps its last push in the
    control plane's list. A nonce is the push, numbered after the last slash, and 36 characters of its own.
    """
    sent = {name: str(row[f"{name}_sent"]) for name in _KINDS_SENT if row.get(f"{name}_sent")}
    pushes = {name: int(nonce[:-_OWN].rpartition("/")[2] or 0) for name, nonce in sent.items()}
    for name, nonce in sent.items():
        if nonce != row.get(f"{name}_acked"):
            yield f"its word for {name}s"
        elif name in in_each and pushes[name] < pushes.get("cluster", 0):
            yield f"{name}s of push {pushes['cluster']}, after those of {pushes[name]}"


def _mark(name: str) -> Object:
    """A cluster of that name for every proxy, and the name on every cluster that it calls through.

    A cluster that differs is a new one to Envoy, with connections of its own: those from before are answered by the
    listener that was, for as long as it drains.
    """
    own = {"name": name, "type": "STATIC", "connect_timeout": "1s"}
    named = {"metadata": {"filter_metadata": {_GENERATION: {"name": name}}}}
    patches = [
        {"applyTo": "CLUSTER", "match": {"context": context}, "patch": {"operation": "MERGE", "value": named}}
        for context in _CALLERS
    ]
    patches.append({"applyTo": "CLUSTER", "match": {"context": "ANY"}, "patch": {"operation": "ADD", "value": own}})
    return {
        "apiVersion": "networking.istio.io/v1alpha3",
        "kind": "EnvoyFilter",
        "metadata": {"name": _GENERATION, "namespace": "istio-system"},
        "spec": {"configPatches": patches},
    }

"""A Kubernetes API server, asked over HTTPS: what it takes, what it holds, what it allows."""

from __future__ import annotations

import builtins
import json
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import httpx

from meshproof.errors import ProbeError

Object = Mapping[str, Any]

_WITHIN_S: Final = 20.0
_PAGE: Final = 500
_NOT_FOUND: Final = 404
_REFUSED: Final = 400
#: No such version; or the server that it is passed on to is not there.
_NOBODY_ANSWERS: Final = (404, 503)
_NAME: Final = re.compile(r"""^  name: ["']?([^\s"']+)""", re.MULTILINE)
#: Whose fields server-side apply keeps apart.
MANAGER: Final = "meshproof"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the API server said to one object: `status` is HTTP's, `says` its own words where it refused.

    `version` is the object's resourceVersion where it was taken.
    """

    kind: str
    name: str
    status: int
    says: str = ""
    version: str = ""
    warnings: tuple[str, ...] = ()

    @property
    def accepted(self) -> bool:
        """Whether it was taken."""
        return self.status < _REFUSED


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """How one user reaches one API server: its URL, the authority's file, and a client's certificate or token."""

    url: str
    authority: Path
    certificate: Path | None = None
    key: Path | None = None
    token: str = ""

    @property
    def headers(self) -> Mapping[str, str]:
        """What says who asks, beside the certificate."""
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}

    def tls(self) -> ssl.SSLContext:
        """A client's context: it trusts the server's authority only, and shows the user's certificate."""
        context = ssl.create_default_context(cafile=str(self.authority))
        if self.certificate is not None and self.key is not None:
            context.load_cert_chain(self.certificate, self.key)
        return context


class Api:
    """A client; safe to use from several threads. Raises ProbeError where the server does not answer."""

    def __init__(self, credentials: Credentials, *, within_s: float = _WITHIN_S) -> None:
        """Nothing is sent before the first question; `within_s` bounds each part of an answer."""
        self.url = credentials.url
        self._client = httpx.Client(
            base_url=credentials.url,
            verify=credentials.tls(),
            timeout=within_s,
            headers=credentials.headers,
            trust_env=False,
        )

    def close(self) -> None:
        """Let go of its connections."""
        self._client.close()

    def is_ready(self) -> bool:
        """Whether the server says so. Raises ProbeError while nothing listens."""
        return self._ask("GET", "/readyz").status_code == httpx.codes.OK

    @cached_property
    def resources(self) -> Mapping[tuple[str, str], tuple[str, bool]]:
        """For each apiVersion and kind: the plural under which it is served, and whether it is namespaced."""
        found: dict[tuple[str, str], tuple[str, bool]] = {}
        groups = self.get("/apis").get("groups", [])
        versions = ["v1", *(one["groupVersion"] for group in groups for one in group["versions"])]
        for version in versions:
            for row in self._rows_of(version):
                if "/" not in row["name"]:
                    found[version, row["kind"]] = row["name"], row["namespaced"]
        return found

    def serves(self, version: str) -> bool:
        """Whether a version of an API is there and answers: the server may pass it on to another that does not."""
        return bool(self._rows_of(version))

    def _rows_of(self, version: str) -> builtins.list[dict[str, Any]]:
        """The resources of a version; none where nobody answers for it."""
        got = self._ask("GET", _root(version))
        if "/" in version and got.status_code in _NOBODY_ANSWERS:
            return []
        if got.status_code >= _REFUSED:
            message = f"{self.url}{_root(version)}: {_message(got)}"
            raise ProbeError(message)
        found: builtins.list[dict[str, Any]] = got.json().get("resources", [])
        return found

    def forget_resources(self) -> None:
        """Look again for what is served, after definitions were added."""
        self.__dict__.pop("resources", None)

    def apply(self, thing: Object, *, dry_run: bool = False, force: bool = True) -> Answer:
        """Server-side apply with strict validation of fields; `dry_run` asks without keeping anything."""
        return self._apply(thing, dry_run=dry_run, force=force)[0]

    def admitted(self, thing: Object) -> tuple[Answer, dict[str, Any]]:
        """What would be kept of an object after everything that has a say in it; nothing is. Empty where refused."""
        return self._apply(thing, dry_run=True, force=True)

    def _apply(self, thing: Object, *, dry_run: bool, force: bool) -> tuple[Answer, dict[str, Any]]:
        path = self.path_of(thing)
        kind, name = str(thing.get("kind", "")), _name(thing)
        if path is None:
            says = f"no resource {thing.get('apiVersion')} {kind} is served: its definition is missing"
            return Answer(kind=kind, name=name, status=_NOT_FOUND, says=says), {}
        query = {"fieldManager": MANAGER, "force": str(force).lower(), "fieldValidation": "Strict"}
        query |= {"dryRun": "All"} if dry_run else {}
        body = json.dumps(thing).encode()
        got = self._ask("PATCH", path, params=query, content=body, kind="application/apply-patch+yaml")
        is_refused = got.status_code >= _REFUSED
        warnings = tuple(one.split('"')[1] for one in got.headers.get_list("warning") if '"' in one)
        says = _message(got) if is_refused else ""
        kept: dict[str, Any] = {} if is_refused else got.json()
        version = str(kept.get("metadata", {}).get("resourceVersion", ""))
        answer = Answer(kind=kind, name=name, status=got.status_code, says=says, version=version, warnings=warnings)
        return answer, kept

    def define(self, text: str) -> Answer:
        """Server-side apply of one CustomResourceDefinition as its file holds it: parsing it here would be slower."""
        found = _NAME.search(text)
        name = found[1] if found else ""
        path = f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{quote(name)}"
        query = {"fieldManager": MANAGER, "force": "true"}
        got = self._ask("PATCH", path, params=query, content=text.encode(), kind="application/apply-patch+yaml")
        says = "" if got.status_code < _REFUSED else _message(got)
        return Answer(kind="CustomResourceDefinition", name=name, status=got.status_code, says=says)

    def delete(self, thing: Object) -> bool:
        """Take it away; False where it was not there."""
        path = self.path_of(thing)
        return path is not None and self._ask("DELETE", path).status_code < _REFUSED

    def get(self, path: str, **query: str) -> dict[str, Any]:
        """The object at a path, empty where there is none."""
        got = self._ask("GET", path, params=query)
        if got.status_code == _NOT_FOUND:
            return {}
        if got.status_code >= _REFUSED:
            message = f"{self.url}{path}: {_message(got)}"
            raise ProbeError(message)
        answer: dict[str, Any] = got.json()
        return answer

    def list(self, version: str, plural: str) -> builtins.list[dict[str, Any]]:
        """Every object of a resource in every namespace, page by page."""
        found: builtins.list[dict[str, Any]] = []
        query = {"limit": str(_PAGE)}
        while True:
            page = self.get(f"{_root(version)}/{plural}", **query)
            found += page.get("items", [])
            if not (after := page.get("metadata", {}).get("continue")):
                return found
            query["continue"] = after

    def create(self, path: str, body: Object) -> dict[str, Any]:
        """Post an object (a review, a token request) and return what came back."""
        got = self._ask("POST", path, content=json.dumps(body).encode(), kind="application/json")
        if got.status_code >= _REFUSED:
            message = f"{self.url}{path}: {_message(got)}"
            raise ProbeError(message)
        answer: dict[str, Any] = got.json()
        return answer

    def evict(self, namespace: str, pod: str, *, dry_run: bool = False) -> Answer:
        """Ask for a pod to go, as whoever drains a node does, or whether it could; its budget may refuse (429)."""
        metadata = {"namespace": namespace, "name": pod}
        body = json.dumps({"apiVersion": "policy/v1", "kind": "Eviction", "metadata": metadata}).encode()
        query = {"dryRun": "All"} if dry_run else {}
        path = f"{_pod(namespace, pod)}/eviction"
        got = self._ask("POST", path, params=query, content=body, kind="application/json")
        says = "" if got.status_code < _REFUSED else _message(got)
        return Answer(kind="Pod", name=pod, status=got.status_code, says=says)

    def scale(self, thing: Object, replicas: int) -> None:
        """Have so many replicas of something, and leave the rest of it alone. Raises ProbeError."""
        self._merge(f"{self.path_of(thing)}/scale", {"spec": {"replicas": replicas}})

    def set_status(self, thing: Object, status: Object) -> None:
        """Say how something stands, as the controller does that answers for it. Raises ProbeError."""
        self._merge(f"{self.path_of(thing)}/status", {"status": status})

    def _merge(self, path: str, body: Object) -> None:
        got = self._ask("PATCH", path, content=json.dumps(body).encode(), kind="application/merge-patch+json")
        if got.status_code >= _REFUSED:
            message = f"{self.url}{path}: {_message(got)}"
            raise ProbeError(message)

    def end(self, namespace: str, pod: str, *, within_s: int | None = None) -> None:
        """Delete a pod, which has its own grace period to end, or `within_s`. Raises ProbeError."""
        query = {} if within_s is None else {"gracePeriodSeconds": str(within_s)}
        got = self._ask("DELETE", _pod(namespace, pod), params=query)
        if got.status_code >= _REFUSED:
            message = f"{self.url}: {namespace}/{pod} cannot be deleted: {_message(got)}"
            raise ProbeError(message)

    def ask_pod(self, namespace: str, pod: str, port: int, path: str) -> tuple[int, str]:
        """What a pod answers to a GET that the API server passes on: status and body, 502 to 504 where none came."""
        try:
            got = self._ask("GET", f"{_pod(namespace, pod)}:{port}/proxy/{path.lstrip('/')}")
        except ProbeError as error:
            if self.is_ready():  # so it is the pod that it waits for
                return httpx.codes.GATEWAY_TIMEOUT, str(error)
            raise
        return got.status_code, got.text

    def token(self, namespace: str, account: str, *, audience: str, lifetime_s: int = 86_400) -> str:
        """A token of a service account for one audience."""
        path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{account}/token"
        body = {"spec": {"audiences": [audience], "expirationSeconds": lifetime_s}}
        return str(self.create(path, body)["status"]["token"])

    def may(  # noqa: PLR0913  the attributes of a request
        self, user: str, verb: str, resource: str, *, group: str = "", namespace: str = "", name: str = ""
    ) -> bool:
        """Whether RBAC lets a user do it: a SubjectAccessReview. `user` may be `namespace/serviceaccount`."""
        account, _, found = user.partition("/")
        who = f"system:serviceaccount:{account}:{found}" if found else user
        attributes = {"verb": verb, "group": group, "resource": resource, "namespace": namespace, "name": name}
        groups = ["system:serviceaccounts", f"system:serviceaccounts:{account}", "system:authenticated"]
        spec = {"user": who, "groups": groups if found else [], "resourceAttributes": attributes}
        review = {"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "spec": spec}
        answer = self.create("/apis/authorization.k8s.io/v1/subjectaccessreviews", review)
        return bool(answer["status"]["allowed"])

    def path_of(self, thing: Object) -> str | None:
        """Where an object is served, None where its kind is not."""
        version = str(thing.get("apiVersion", ""))
        served = self.resources.get((version, str(thing.get("kind", ""))))
        if served is None:
            return None
        plural, namespaced = served
        namespace = thing.get("metadata", {}).get("namespace") or "default"
        inside = f"/namespaces/{quote(str(namespace))}" if namespaced else ""
        return f"{_root(version)}{inside}/{plural}/{quote(_name(thing))}"

    def _ask(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        content: bytes | None = None,
        kind: str = "",
    ) -> httpx.Response:
        headers = {"Content-Type": kind} if kind else {}
        try:
            return self._client.request(method, path, params=params, content=content, headers=headers)
        except httpx.HTTPError as error:
            message = f"{self.url}{path}: the API server does not answer: {error}"
            raise ProbeError(message) from error


def _root(version: str) -> str:
    return f"/apis/{version}" if "/" in version else f"/api/{version}"


def _pod(namespace: str, name: str) -> str:
    return f"/api/v1/namespaces/{quote(namespace)}/pods/{quote(name)}"


def _name(thing: Object) -> str:
    return str(thing.get("metadata", {}).get("name", ""))


def _message(got: httpx.Response) -> str:
    try:
        return str(got.json().get("message", got.text))
    except ValueError:
        return f"HTTP {got.status_code}: {got.text[:200]}"

"""What declared AuthorizationPolicies say of a request, worked out from Istio's reference and from nothing that runs.

https://istio.io/latest/docs/reference/config/security/authorization-policy/ states the rules that stand here. A
field that is not known here ends the judgement: it could decide the answer.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Any, Final

from meshproof.declaration.model import Declaration, Record
from meshproof.errors import ProbeError

_PRINCIPAL: Final = re.compile(r"[^/]+/ns/([^/]+)/sa/([^/]+)")
_SPEC: Final = frozenset({"selector", "action", "rules"})
_RULE: Final = frozenset({"from", "to"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request as a policy sees it.

    `principal` is the caller's identity without `spiffe://`, empty for one that showed none; `subject` is
    issuer/subject of a token that was found valid; `path` has no query and is in its normal form.
    """

    principal: str = ""
    subject: str = ""
    method: str = "GET"
    path: str = "/"
    host: str = ""
    port: int = 0
    address: str = ""

    @property
    def namespace(self) -> str:
        """Where the caller lives."""
        found = _PRINCIPAL.fullmatch(self.principal)
        return found[1] if found else ""

    @property
    def account(self) -> str:
        """The caller's namespace and service account."""
        found = _PRINCIPAL.fullmatch(self.principal)
        return f"{found[1]}/{found[2]}" if found else ""


@dataclass(frozen=True, slots=True)
class Policies:
    """The policies of one site; those of the `root` namespace without a selector hold everywhere."""

    records: Sequence[Record]
    root: str

    @classmethod
    def declared(cls, declaration: Declaration, site: str, *, root: str) -> Policies:
        """All that are declared for a site."""
        return cls([one for one in declaration.by_kind.get("AuthorizationPolicy", ()) if one.site == site], root)

    def of(self, namespace: str, labels: Mapping[str, str]) -> list[Mapping[str, Any]]:
        """The specs that hold for a workload."""
        found = []
        for record in self.records:
            spec = _spec(record)
            wanted = (spec.get("selector") or {}).get("matchLabels") or {}
            if record.namespace in (namespace, self.root) and wanted.items() <= labels.items():
                found.append(spec)
        return found

    def allow(self, namespace: str, labels: Mapping[str, str], asked: Asked) -> bool:
        """Whether a workload may answer: no DENY matches, and an ALLOW does if there is any."""
        specs = self.of(namespace, labels)
        if any(_matches(one, asked) for one in specs if _action(one) == "DENY"):
            return False
        allowing = [one for one in specs if _action(one) == "ALLOW"]
        return not allowing or any(_matches(one, asked) for one in allowing)


def _spec(record: Record) -> Mapping[str, Any]:
    spec = record.values.get("spec") or {}
    assert isinstance(spec, Mapping)  # the API server's schema says so
    _only_known(spec, _SPEC, record.address)
    return spec


def _action(spec: Mapping[str, Any]) -> str:
    action = str(spec.get("action", "ALLOW"))
    if action == "CUSTOM":
        message = "a policy asks an external authorizer: what that one says is not declared"
        raise ProbeError(message)
    return action


def _matches(spec: Mapping[str, Any], asked: Asked) -> bool:
    """Whether any rule matches; a policy without rules matches nothing, an empty rule everything."""
    return any(_rule(one, asked) for one in spec.get("rules") or ())


def _rule(rule: Mapping[str, Any], asked: Asked) -> bool:
    _only_known(rule, _RULE, "a rule")
    sources = [one.get("source") or {} for one in rule.get("from") or ()]
    operations = [one.get("operation") or {} for one in rule.get("to") or ()]
    return (not sources or any(_all_hold(one, asked) for one in sources)) and (
        not operations or any(_all_hold(one, asked) for one in operations)
    )


def _all_hold(fields: Mapping[str, Sequence[str]], asked: Asked) -> bool:
    _only_known(fields, _FIELDS.keys() | _negated.keys(), "a rule")
    for name, values in fields.items():
        held = _FIELDS[_negated.get(name, name)](asked, values)
        if held == (name in _negated):
            return False
    return True


def _text(read: Callable[[Asked], str]) -> Callable[[Asked, Iterable[str]], bool]:
    return lambda asked, values: any(_like(read(asked), str(one)) for one in values)


def _like(text: str, pattern: str) -> bool:
    """Exact, `*suffix`, `prefix*`, or `*` for anything that is there; a second asterisk is only itself."""
    if "{" in pattern:
        message = f"{pattern}: path templates are not known to this evaluator"
        raise ProbeError(message)
    if pattern == "*":
        return bool(text)
    if pattern.startswith("*"):
        return text.endswith(pattern[1:])
    if pattern.endswith("*"):
        return text.startswith(pattern[:-1])
    return text == pattern


def _hosts(asked: Asked, values: Iterable[str]) -> bool:
    """Names of hosts are compared without regard to case."""
    return any(_like(asked.host.lower(), str(one).lower()) for one in values)


def _addresses(asked: Asked, values: Iterable[str]) -> bool:
    return bool(asked.address) and any(ip_address(asked.address) in ip_network(str(one)) for one in values)


def _accounts(asked: Asked, values: Iterable[str]) -> bool:
    return any(asked.account == str(one) for one in values)


_FIELDS: Final[Mapping[str, Callable[[Asked, Iterable[str]], bool]]] = {
    "principals": _text(lambda asked: asked.principal),
    "requestPrincipals": _text(lambda asked: asked.subject),
    "namespaces": _text(lambda asked: asked.namespace),
    "serviceAccounts": _accounts,
    "ipBlocks": _addresses,
    "hosts": _hosts,
    "methods": _text(lambda asked: asked.method),
    "paths": _text(lambda asked: asked.path),
    "ports": _text(lambda asked: str(asked.port)),
}
_negated: Final = {f"not{name[0].upper()}{name[1:]}": name for name in _FIELDS}


def _only_known(found: Mapping[str, object], known: Iterable[str], where: str) -> None:
    unknown = sorted(name for name, value in found.items() if name not in known and value is not None)
    if unknown:
        message = f"{where}: {', '.join(unknown)} is not known to this evaluator"
        raise ProbeError(message)

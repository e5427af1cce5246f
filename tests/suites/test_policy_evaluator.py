"""The evaluator of AuthorizationPolicies: each rule of Istio's reference, one by one."""

from __future__ import annotations

from typing import Any

import pytest

from meshproof.declaration.model import Record
from meshproof.errors import ProbeError
from meshproof.judgement import Place
from meshproof.verdict import Assurance
from suites.mesh.policy_evaluator import Asked, Policies

ORDERS = "shop.meshproof/ns/shop/sa/orders"
LABELS = {"app": "payments"}


def _policy(spec: dict[str, Any], namespace: str = "shop") -> Record:
    return Record(
        family="kubernetes",
        kind="AuthorizationPolicy",
        address="primary/AuthorizationPolicy/x",
        name="x",
        namespace=namespace,
        site="primary",
        values={"spec": spec},
        place=Place(file="x.yaml"),
        assurance=Assurance.DECLARED,
    )


def _allows(asked: Asked, *specs: dict[str, Any], namespace: str = "shop") -> bool:
    return Policies([_policy(one, namespace) for one in specs], "istio-system").allow("shop", LABELS, asked)


def _rule(source: dict[str, Any] | None = None, operation: dict[str, Any] | None = None) -> dict[str, Any]:
    rule: dict[str, Any] = {}
    if source is not None:
        rule["from"] = [{"source": source}]
    if operation is not None:
        rule["to"] = [{"operation": operation}]
    return {"rules": [rule]}


def test_without_any_policy_everything_is_allowed() -> None:
    """Without any policy everything is allowed."""
    assert _allows(Asked())


def test_an_empty_spec_allows_nothing() -> None:
    """An empty spec allows nothing."""
    assert not _allows(Asked(), {})


def test_an_empty_rule_allows_everything() -> None:
    """An empty rule allows everything."""
    assert _allows(Asked(), {"rules": [{}]})


def test_one_allow_is_enough() -> None:
    """One allow is enough."""
    assert _allows(Asked(principal=ORDERS), {}, _rule({"principals": [ORDERS]}))


def test_a_deny_that_matches_is_the_last_word() -> None:
    """A deny that matches is the last word."""
    assert not _allows(Asked(), {"rules": [{}]}, {"action": "DENY", **_rule(None, {"methods": ["GET"]})})


def test_a_deny_that_does_not_match_changes_nothing() -> None:
    """A deny that does not match changes nothing."""
    assert _allows(Asked(), {"action": "DENY", **_rule(None, {"methods": ["POST"]})})


def test_an_audit_decides_nothing() -> None:
    """An audit decides nothing."""
    assert _allows(Asked(), {"action": "AUDIT", "rules": [{}]})


def test_a_policy_of_another_namespace_does_not_hold() -> None:
    """A policy of another namespace does not hold."""
    assert _allows(Asked(), {}, namespace="data")


def test_a_policy_of_the_root_namespace_holds_everywhere() -> None:
    """A policy of the root namespace holds everywhere."""
    assert not _allows(Asked(), {}, namespace="istio-system")


@pytest.mark.parametrize(("app", "held"), [("payments", True), ("orders", False)])
def test_a_selector_takes_some_workloads(app: str, *, held: bool) -> None:
    """A selector takes some workloads."""
    assert _allows(Asked(), {"selector": {"matchLabels": {"app": app}}}) is not held


@pytest.mark.parametrize(
    ("source", "held"),
    [
        ({"principals": [ORDERS]}, True),
        ({"principals": ["*"]}, True),
        ({"principals": ["*/sa/orders"]}, True),
        ({"principals": ["shop.meshproof/ns/shop/*"]}, True),
        ({"principals": ["*/sa/or*"]}, False),
        ({"principals": ["shop.meshproof/ns/data/*"]}, False),
        ({"principals": ["nobody", ORDERS]}, True),
        ({"notPrincipals": [ORDERS]}, False),
        ({"namespaces": ["shop"]}, True),
        ({"notNamespaces": ["sho*"]}, False),
        ({"serviceAccounts": ["shop/orders"]}, True),
        ({"requestPrincipals": ["*"]}, False),
        ({"principals": [ORDERS], "requestPrincipals": ["https://login/*"]}, False),
        ({"ipBlocks": ["10.0.0.0/8"]}, True),
        ({"ipBlocks": ["192.168.0.0/16"]}, False),
        ({"notIpBlocks": ["10.1.0.0/16"]}, False),
    ],
)
def test_sources(source: dict[str, Any], *, held: bool) -> None:
    """Sources."""
    assert _allows(Asked(principal=ORDERS, address="10.1.2.3"), _rule(source)) is held


@pytest.mark.parametrize(
    ("operation", "held"),
    [
        ({"methods": ["GET", "POST"]}, True),
        ({"notMethods": ["GET"]}, False),
        ({"paths": ["/payments"]}, False),
        ({"paths": ["/payments/*"]}, True),
        ({"paths": ["*/1"]}, True),
        ({"notPaths": ["/payments/*"]}, False),
        ({"ports": ["8080"]}, True),
        ({"ports": ["80"]}, False),
        ({"hosts": ["Shop.Example"]}, True),
        ({"hosts": ["shop.example:*"]}, False),
        ({"hosts": ["shop.example"], "methods": ["POST"]}, False),
    ],
)
def test_operations(operation: dict[str, Any], *, held: bool) -> None:
    """Operations."""
    asked = Asked(method="GET", path="/payments/1", host="shop.example", port=8080)

    assert _allows(asked, _rule(None, operation)) is held


def test_any_value_still_has_to_be_there() -> None:
    """Any value still has to be there."""
    assert not _allows(Asked(), _rule({"principals": ["*"]}))


@pytest.mark.parametrize(
    "spec",
    [
        {"rules": [{"when": [{"key": "request.headers[x]", "values": ["y"]}]}]},
        {"targetRefs": [{"kind": "Gateway", "name": "x"}]},
        {"action": "CUSTOM", "rules": [{}]},
        _rule({"remoteIpBlocks": ["10.0.0.0/8"]}),
        _rule(None, {"paths": ["/a/{*}"]}),
    ],
)
def test_what_it_does_not_know_ends_the_judgement(spec: dict[str, Any]) -> None:
    """What it does not know ends the judgement."""
    with pytest.raises(ProbeError):
        _allows(Asked(), spec)

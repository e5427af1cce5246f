"""What a plain process cannot have is translated, each time in words; everything else stays as it is declared."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from meshproof.declaration.model import UNKNOWN, Record
from meshproof.judgement import Place
from meshproof.targets.embedded.translate import PLACEHOLDER, Object, Process, Translation, World, translated
from meshproof.verdict import Assurance

ORDERS = Process(
    name="orders-0",
    kind="echo",
    workload="primary/Rollout/shop/orders",
    site="primary",
    namespace="shop",
    account="orders",
    labels={"app": "orders"},
    address="127.70.0.2",
    outbound="127.70.0.3",
    locality="eu-west-1/eu-west-1-a",
    ports={"http": 8080, "metrics": 9090},
    local={8080: 20_001},
)
WORLD = World(site="primary", processes=[ORDERS], jwks='{"keys": []}', lowest_port=1)


def record(kind: str, spec: dict[str, Any], *, name: str = "orders", group: str = "networking.istio.io/v1") -> Record:
    """A declared object of the namespace `shop`."""
    values = {"apiVersion": group, "kind": kind, "metadata": {"name": name, "namespace": "shop"}, "spec": spec}
    place = Place(file="infra/kubernetes/x.yaml", line=1)
    address = f"primary/{kind}/shop/{name}"
    return Record(
        family="kubernetes",
        kind=kind,
        address=address,
        name=name,
        values=values,
        place=place,
        assurance=Assurance.RESOLVED,
        namespace="shop",
        site="primary",
    )


SERVICE = record("Service", {"selector": {"app": "orders"}, "ports": [{"port": 80, "name": "http"}]}, group="v1")
NAMED = record(
    "Service",
    {"selector": {"app": "orders"}, "ports": [{"port": 80, "name": "http", "targetPort": "http"}]},
    group="v1",
)
SIDECAR = record("Sidecar", {"workloadSelector": {"labels": {"app": "orders"}}, "egress": [{"hosts": ["shop/*"]}]})
OUTSIDE = record(
    "ServiceEntry", {"hosts": ["api.psp.example"], "ports": [{"number": 443, "protocol": "TLS"}]}, name="outside"
)


def made(kind: str, *records: Record, world: World = WORLD) -> tuple[list[Object], list[Translation]]:
    """The objects of a kind after translation, and what was said."""
    objects, said = translated(records, world)
    return [one for one in objects if one["kind"] == kind], said


def test_what_a_process_can_have_is_applied_as_it_is_declared() -> None:
    """Not a word is said, not a field changed."""
    policy = record("AuthorizationPolicy", {"action": "DENY"}, group="security.istio.io/v1")

    assert translated([policy, SERVICE], replace(WORLD, processes=[])) == ([policy.values, SERVICE.values], [])


def test_a_value_that_the_cloud_decides_is_marked_and_named() -> None:
    """A port becomes a number, since only a number is one."""
    unknown = record("ServiceEntry", {"hosts": [UNKNOWN], "ports": [{"number": UNKNOWN}]})
    ((found,), (said,)) = made("ServiceEntry", unknown, world=replace(WORLD, processes=[]))

    assert found["spec"] == {"hosts": [PLACEHOLDER], "ports": [{"number": 65_535}]}
    fields = "spec.hosts.0, spec.ports.0.number"
    assert (said.address, said.says) == (unknown.address, f"{fields}: what the cloud decides is {PLACEHOLDER}")


def test_a_process_is_a_workload_under_its_declared_identity() -> None:
    """The Service's port by name leads to the container's."""
    ((entry,), said) = made("WorkloadEntry", NAMED)

    assert entry["spec"]["address"] == "127.70.0.2"
    assert entry["spec"]["serviceAccount"] == "orders"
    assert entry["spec"]["labels"].items() >= {"app": "orders", "security.istio.io/tlsMode": "istio"}.items()
    assert entry["spec"]["ports"] == {"http": 8080}
    assert ORDERS.workload in {one.address for one in said}


def test_a_declared_sidecar_keeps_what_it_imports_and_binds_it_to_addresses() -> None:
    """The declared one is replaced by that of the process: two that select one pod would shadow each other."""
    ((found,), said) = made("Sidecar", SERVICE, SIDECAR)
    (ingress,), (egress,) = found["spec"]["ingress"], found["spec"]["egress"]

    assert (ingress["bind"], ingress["captureMode"]) == ("127.70.0.2", "NONE")
    assert ingress["defaultEndpoint"] == "127.0.0.1:20001"
    assert (egress["bind"], egress["port"]["number"], egress["hosts"]) == ("127.70.0.3", 80, ["shop/*"])
    assert any("a Sidecar of its own" in one.says for one in said)


def test_ports_that_only_root_has_are_left_out_and_named() -> None:
    """With one listener that it may not open, Envoy would refuse all of them."""
    ((found,), said) = made("Sidecar", SERVICE, SIDECAR, OUTSIDE, world=replace(WORLD, lowest_port=1_024))
    ((root,), rights) = made("Sidecar", SERVICE, SIDECAR, OUTSIDE)

    assert found["spec"]["egress"] == [{"hosts": ["~/*"]}]
    assert [one.says for one in said if "root" in one.says] == [
        "orders-0 calls nothing on port 80, 443: only root may listen there for it"
    ]
    assert {one["port"]["number"] for one in root["spec"]["egress"]} == {80, 443}
    assert not [one for one in rights if "root" in one.says]


def test_keys_of_customers_are_those_of_the_run() -> None:
    """The issuer that is declared cannot be reached; a rule with keys of its own keeps them."""
    rules = [{"issuer": "a", "jwksUri": "https://login.example/keys"}, {"issuer": "b", "jwks": "own"}]
    ((found,), (said, *_)) = made(
        "RequestAuthentication", record("RequestAuthentication", {"jwtRules": rules}, group="security.istio.io/v1")
    )

    assert found["spec"]["jwtRules"] == [{"issuer": "a", "jwks": WORLD.jwks}, {"issuer": "b", "jwks": "own"}]
    assert said.says.startswith("spec.jwtRules.0.jwksUri: keys of https://login.example/keys ")


@pytest.mark.parametrize(("labels", "bound"), [({"app": "orders"}, "127.70.0.2"), ({"app": "other"}, None)])
def test_a_gateway_listens_at_the_address_of_its_process(labels: dict[str, str], bound: str | None) -> None:
    """One that nobody runs stays as it is declared."""
    gateway = record("Gateway", {"selector": labels, "servers": [{"port": {"number": 8443}}]})
    ((found,), _) = made("Gateway", gateway)

    assert found["spec"]["servers"][0].get("bind") == bound

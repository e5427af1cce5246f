"""Hosts outside are reached on this machine, and only what has to be different for that is."""

from __future__ import annotations

from pathlib import Path

from meshproof.targets.embedded.outside import placed
from meshproof.targets.embedded.state import OutsideState
from meshproof.targets.embedded.translate import Object

HERE = {"api.psp.example": OutsideState(address="127.0.0.1", ports={"HTTP": 1, "HTTPS": 2}, root=Path("/run/root.pem"))}


def thing(kind: str, spec: Object) -> Object:
    """An object of the namespace `egress`."""
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": "x", "namespace": "egress"}, "spec": spec}


def test_an_entry_gets_the_address_that_answers_for_its_host() -> None:
    """Each declared port leads to the server's port of the same protocol."""
    ports = [{"number": 80, "name": "plain", "protocol": "HTTP"}, {"number": 443, "name": "s", "protocol": "HTTPS"}]
    entry = thing("ServiceEntry", {"hosts": ["api.psp.example"], "resolution": "DNS", "ports": ports})

    (found,), (said,) = placed([entry], HERE)

    assert found["spec"] == {**entry["spec"], "endpoints": [{"address": "127.0.0.1", "ports": {"plain": 1, "s": 2}}]}
    assert said.address == "ServiceEntry/egress/x"


def test_tls_that_checks_the_host_trusts_the_root_of_the_run() -> None:
    """Only where the host's certificate alone is checked, at whatever port."""
    simple, mutual = {"mode": "SIMPLE", "sni": "a"}, {"mode": "ISTIO_MUTUAL"}
    policy = {"tls": mutual, "portLevelSettings": [{"port": {"number": 443}, "tls": simple}]}
    rule = thing("DestinationRule", {"host": "api.psp.example", "trafficPolicy": policy})

    (found,), _ = placed([rule], HERE)

    trusting = {**simple, "caCertificates": "/run/root.pem"}
    assert found["spec"]["trafficPolicy"] == {
        "tls": mutual,
        "portLevelSettings": [{"port": {"number": 443}, "tls": trusting}],
    }


def test_other_hosts_stay_as_they_are_declared() -> None:
    """Not a word is said."""
    others = [thing("ServiceEntry", {"hosts": ["b.example"]}), thing("DestinationRule", {"host": "b.example"})]

    assert placed(others, HERE) == (others, [])

"""What stands beside what is declared: a server's defaults are no difference, a switch that is gone is one."""

from __future__ import annotations

from typing import Any

import pytest

from meshproof.declaration.model import UNKNOWN
from meshproof.probes.standing import differences_of


@pytest.mark.parametrize(
    ("declared", "there", "says"),
    [
        pytest.param(
            {"automountServiceAccountToken": False},
            {},
            "automountServiceAccountToken: is nothing, declared is False",
            id="token",
        ),
        pytest.param(
            {"containers": [{"securityContext": {"allowPrivilegeEscalation": False}}]},
            {"containers": [{"securityContext": {}}]},
            "containers.0.securityContext.allowPrivilegeEscalation: is nothing, declared is False",
            id="escalation",
        ),
        pytest.param(
            {"http": [{"retries": {"attempts": 0}}]},
            {"http": [{}]},
            "http.0.retries: is nothing, declared is {'attempts': 0}",
            id="retries",
        ),
        pytest.param({"maxUnavailable": 0}, {}, "maxUnavailable: is nothing, declared is 0", id="number"),
        pytest.param(
            {"metadata": {"labels": {"version": "1.10"}}},
            {"metadata": {"labels": {"version": "1.1"}}},
            "metadata.labels.version: is '1.1', declared is '1.10'",
            id="version",
        ),
        pytest.param(
            {"data": {"LIMIT": "1000m"}},
            {"data": {"LIMIT": "1"}},
            "data.LIMIT: is '1', declared is '1000m'",
            id="setting",
        ),
        pytest.param({"paused": False}, {"paused": True}, "paused: is True, declared is False", id="paused"),
    ],
)
def test_a_difference_is_named(declared: dict[str, Any], there: dict[str, Any], says: str) -> None:
    """By its field and both values."""
    assert list(differences_of(declared, there)) == [says]


@pytest.mark.parametrize(
    ("declared", "there"),
    [
        pytest.param({"hostNetwork": False, "globalDefault": False}, {}, id="left out"),
        pytest.param(
            {"limits": {"cpu": "1000m", "memory": "1024Mi"}}, {"limits": {"cpu": "1", "memory": "1Gi"}}, id="quantity"
        ),
        pytest.param({"port": 80}, {"port": 80, "protocol": "TCP"}, id="default"),
        pytest.param({"endpoint": UNKNOWN}, {"endpoint": "anything"}, id="unknown"),
        pytest.param({"rules": [], "note": None}, {}, id="nothing"),
    ],
)
def test_what_a_server_makes_of_it_is_no_difference(declared: dict[str, Any], there: dict[str, Any]) -> None:
    """Defaults, another way to write a quantity, what is left out when it is stored, what nobody knows yet."""
    assert list(differences_of(declared, there)) == []

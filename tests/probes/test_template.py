"""What a template decides is in its pods; what an injector adds to them and turns to itself is no difference."""

from __future__ import annotations

from typing import Any

import pytest

from meshproof.probes.template import template_differences

APP = {"name": "app", "image": "orders:1", "readinessProbe": {"httpGet": {"path": "/ready", "port": 8080}}}
TURNED = {**APP, "readinessProbe": {"httpGet": {"path": "/app-health/app/readyz", "port": 15020}}}
PROXY = {"name": "istio-proxy", "image": "proxy:1"}
TEMPLATE = {"containers": [APP], "serviceAccountName": "orders"}


@pytest.mark.parametrize(
    ("pod", "says"),
    [
        pytest.param({"containers": [APP]}, [], id="as declared"),
        pytest.param({"containers": [TURNED, PROXY]}, [], id="injected behind"),
        pytest.param({"containers": [PROXY, TURNED]}, [], id="injected before"),
        pytest.param({"containers": [TURNED], "initContainers": [PROXY]}, [], id="injected to start first"),
        pytest.param(
            {"containers": [{**TURNED, "image": "orders:2"}, PROXY]},
            ["containers.0.image: is 'orders:2', declared is 'orders:1'"],
            id="another image",
        ),
        pytest.param(
            {"containers": [TURNED]},
            [
                "containers.0.readinessProbe.httpGet.path: is '/app-health/app/readyz', declared is '/ready'",
                "containers.0.readinessProbe.httpGet.port: is 15020, declared is 8080",
            ],
            id="turned, though nothing was injected",
        ),
        pytest.param(
            {"containers": [PROXY]}, ["containers: has 0 entries, declared are 1"], id="only what was injected"
        ),
    ],
)
def test_what_a_template_decides_is_compared(pod: dict[str, Any], says: list[str]) -> None:
    """By the name of each container."""
    assert list(template_differences(TEMPLATE, {"serviceAccountName": "orders", **pod})) == says


def test_another_account_is_said() -> None:
    """Beside the containers, too."""
    pod = {"containers": [APP], "serviceAccountName": "default"}

    assert list(template_differences(TEMPLATE, pod)) == ["serviceAccountName: is 'default', declared is 'orders'"]

"""What the injector would make of a pod's ProxyConfig, and what the agent is given of it."""

from __future__ import annotations

from pathlib import Path

from meshproof.components.proxy import Programs, ProxySpec, variables_of
from meshproof.targets.embedded.mesh_settings import MeshSettings, proxy_config

MESH = {
    "defaultConfig": {
        "drainDuration": "30s",
        "proxyMetadata": {"SECRET_GRACE_PERIOD_RATIO": "0.5", "ISTIO_META_DNS_CAPTURE": "true"},
    }
}
SETTINGS = MeshSettings(
    mesh=MESH, networks={}, environment={}, revision="", version="", trust_domain="shop", network="primary"
)


def test_a_pod_overrides_the_mesh_key_by_key() -> None:
    """The annotation wins, also within proxyMetadata; what no plain process can have is left out."""
    own = {"drainDuration": "5s", "proxyMetadata": {"A": 1}}

    assert proxy_config(SETTINGS, own) == {
        "drainDuration": "5s",
        "proxyMetadata": {"SECRET_GRACE_PERIOD_RATIO": "0.5", "A": 1},
    }
    assert proxy_config(SETTINGS, {})["drainDuration"] == "30s"


def test_declared_metadata_wins_over_what_a_check_asks_for() -> None:
    """A declared lifetime of a proxy's own is not hidden by the check that would shorten it."""
    config = proxy_config(SETTINGS, {"proxyMetadata": {"SECRET_TTL": "1h"}})
    spec = ProxySpec(
        name="orders-0",
        kind="sidecar",
        namespace="shop",
        account="orders",
        address="127.0.0.2",
        labels={"app": "orders"},
        xds="127.0.0.3:1",
        site="primary",
        network="primary",
        trust_domain="shop",
        ports=(1, 2, 3, 4),
        token="token",  # noqa: S106 - none is asked with it
        root="root",
        config=config,
        metadata={"SECRET_TTL": "16s", "MORE": "1"},
    )

    found = variables_of(Programs(agent=Path("a"), envoy=Path("e"), bootstrap=Path("b")), spec, Path("root.pem"))

    assert found.items() >= {"SECRET_TTL": "1h", "SECRET_GRACE_PERIOD_RATIO": "0.5", "MORE": "1"}.items()

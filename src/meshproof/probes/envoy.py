"""An Envoy proxy's own account of itself, from its admin interface."""

from __future__ import annotations

from typing import Any

import httpx

from meshproof.errors import ProbeError
from meshproof.probes.plain import look

_WITHIN_S = 3.0


class Envoy:
    """The admin interface of one proxy. Raises ProbeError where it does not answer."""

    def __init__(self, url: str) -> None:
        """Nothing is asked yet."""
        self.url = url

    def has_cluster(self, name: str) -> bool:
        """Whether a cluster of exactly this name is active."""
        query = {"resource": "dynamic_active_clusters", "name_regex": f"^{name}$"}
        return name in self._get("/config_dump", **query).text

    def listens(self, address: str, port: int) -> bool:
        """Whether a listener is bound there."""
        rows = self._get("/listeners", format="json").json().get("listener_statuses", [])
        sockets = (row["local_address"].get("socket_address", {}) for row in rows)
        return any((one.get("address"), one.get("port_value")) == (address, port) for one in sockets)

    def is_warming(self) -> bool:
        """Whether a listener or a cluster waits to take over."""
        listeners = self._get("/config_dump", resource="dynamic_listeners", mask="warming_state").text
        clusters = self._get("/config_dump", resource="dynamic_warming_clusters", mask="version_info").text
        return "warming_state" in listeners or "version_info" in clusters

    def has_routes(self) -> bool:
        """Whether a control plane gives it routes."""
        query = {"resource": "dynamic_route_configs", "mask": "version_info"}
        return "version_info" in self._get("/config_dump", **query).text

    def config(self, **query: str) -> Any:
        """A part of the configuration dump."""
        return self._get("/config_dump", **query).json()

    def stat(self, name: str) -> int:
        """The sum of all counters whose name matches the pattern whole."""
        rows = self._get("/stats", format="json", filter=f"^{name}$").json().get("stats", [])
        return sum(int(row.get("value", 0)) for row in rows if "name" in row)

    def clusters(self) -> Any:
        """Endpoints by cluster, with their health."""
        return self._get("/clusters", format="json").json().get("cluster_statuses", [])

    def certificates(self, name: str) -> list[dict[str, Any]]:
        """The certificates that it holds for one of its own names (a URI), each of them once."""
        rows = [row for one in self._get("/certs").json()["certificates"] for row in one.get("cert_chain", [])]
        own = [row for row in rows if {"uri": name} in row["subject_alt_names"]]
        return list({row["serial_number"]: row for row in own}.values())

    def _get(self, path: str, **query: str) -> httpx.Response:
        try:
            return look(f"{self.url}{path}", within_s=_WITHIN_S, **query).raise_for_status()
        except httpx.HTTPError as error:
            message = f"{self.url}{path}: the proxy does not answer: {error}"
            raise ProbeError(message) from error

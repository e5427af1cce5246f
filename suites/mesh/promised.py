"""What the declaration as built says of the mesh, whatever a mutant has made of the one that runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from meshproof.declaration.model import Declaration, Record
from meshproof.errors import NotApplicable
from meshproof.targets.protocols import Process


def release(declaration: Declaration, site: str) -> Mapping[str, Any]:
    """The values of a site's control plane. Raises NotApplicable where none is declared."""
    values: Mapping[str, Any] = _only(declaration, "HelmRelease", site, "istiod").values["spec"]["values"]  # type: ignore[index]  # a release has values
    return values


def mesh_config(declaration: Declaration, site: str) -> Mapping[str, Any]:
    """The configuration of a site's mesh."""
    found: Mapping[str, Any] = release(declaration, site)["meshConfig"]
    return found


def gateway(declaration: Declaration, site: str, name: str) -> Record:
    """A declared gateway."""
    return _only(declaration, "Gateway", site, name)


def servers(gateway: Record) -> list[Mapping[str, Any]]:
    """The servers of a gateway."""
    found: list[Mapping[str, Any]] = gateway.values["spec"]["servers"]  # type: ignore[index]  # a gateway has servers
    return found


def lets_in(declaration: Declaration, process: Process, app: str) -> bool:
    """Whether a network policy that selects a process names an application among those that may call it."""
    for one in declaration.by_kind.get("NetworkPolicy", ()):
        spec: Any = one.values["spec"]
        if (one.site, one.namespace) != (process.site, process.namespace):
            continue
        selected = spec.get("podSelector", {}).get("matchLabels", {})
        if selected and selected.items() <= process.labels.items():
            peers = [peer for rule in spec.get("ingress", []) for peer in rule.get("from", [])]
            if any(peer.get("podSelector", {}).get("matchLabels", {}).get("app") == app for peer in peers):
                return True
    return False


def shop_host(declaration: Declaration, site: str) -> str:
    """The name under which the world knows the shop: the one that its gateway's first server names."""
    hosts = servers(gateway(declaration, site, "shop"))[0]["hosts"]
    return str(hosts[0]).rpartition("/")[2]


def issuer(declaration: Declaration, site: str) -> str:
    """Who signs customers' tokens: the one service outside whose keys proxies may fetch."""
    entry = _only(declaration, "ServiceEntry", site, "login").values
    return f"https://{entry['spec']['hosts'][0]}"  # type: ignore[index]  # an entry has hosts


def _only(declaration: Declaration, kind: str, site: str, name: str) -> Record:
    for one in declaration.by_kind.get(kind, ()):
        if (one.site, one.name) == (site, name):
            return one
    message = f"no {kind} {name} is declared at {site}"
    raise NotApplicable(message)

"""Envoy as a client has it beside itself: before a name that it resolves in one of its ways, or as a plain relay.

Source: https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/service_discovery
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import httpx

from meshproof.components.authority import private
from meshproof.components.readiness import await_ready
from meshproof.probes.plain import look
from meshproof.process import Running

_READY_WITHIN_S: Final = 20.0
_LOCAL: Final = "127.0.0.1"
_TYPES: Final = "type.googleapis.com/envoy.extensions"
_HTTP_OPTIONS: Final = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A cluster behind a name: where it is resolved, how often, and for how long a connection is kept.

    `kind` is Envoy's word: STRICT_DNS lets go of connections to addresses that are gone, LOGICAL_DNS never does, so
    that only `connections_last_s` moves it. The server must show a certificate of `host` that `root` (PEM) signed.
    """

    kind: Literal["STRICT_DNS", "LOGICAL_DNS"]
    host: str
    port: int
    resolver: tuple[str, int]
    refresh_s: float
    connections_last_s: float
    answer_within_s: float
    root: str


@contextmanager
def in_front_of(program: Path, named: Named, *, port: int, admin: int, directory: Path) -> Iterator[Running]:
    """Listen for plain HTTP on 127.0.0.1 until the end of the block and pass it on. Raises TargetError."""
    directory.mkdir(mode=0o700, exist_ok=True)
    root = private(directory / "root.pem", named.root)
    listener = _listener(_LOCAL, port, _manager(named.answer_within_s))
    with _running(program, listener, _cluster(named, root), admin, directory, f"Envoy of {named.kind}") as process:
        yield process


@contextmanager
def relay(  # noqa: PLR0913  where from, where to, and where it says that it is ready
    program: Path, address: str, *, to: tuple[str, int], admin: int, directory: Path, within_s: float
) -> Iterator[Running]:
    """Pass connections to `address` on to another one, on the same port, until the end of the block.

    Frozen, it is a way into nothing: who connects is neither answered nor refused. Raises TargetError.
    """
    directory.mkdir(mode=0o700, exist_ok=True)
    proxy = {
        "name": "envoy.filters.network.tcp_proxy",
        "typed_config": {
            "@type": f"{_TYPES}.filters.network.tcp_proxy.v3.TcpProxy",
            "stat_prefix": "relay",
            "cluster": "there",
        },
    }
    cluster = {"name": "there", "type": "STATIC", "connect_timeout": f"{within_s}s", **_assigned(*to)}
    with _running(program, _listener(address, to[1], proxy), cluster, admin, directory, f"relay {address}") as process:
        yield process


@contextmanager
def _running(  # noqa: PLR0913, PLR0917  what one Envoy is made of
    program: Path, listener: Mapping[str, Any], cluster: Mapping[str, Any], admin: int, directory: Path, name: str
) -> Iterator[Running]:
    bootstrap = {
        "admin": {"address": _address(_LOCAL, admin)},
        "static_resources": {"listeners": [listener], "clusters": [cluster]},
    }
    file = private(directory / "envoy.json", json.dumps(bootstrap, indent=1))
    argv: list[str | Path] = [program, "-c", file, "--concurrency", "1", "--disable-hot-restart", "-l", "warning"]
    with Running(argv, cwd=directory, log=directory / "envoy.log", name=name, stop_within_s=1.0) as process:

        def is_ready() -> bool:
            return look(f"http://{_LOCAL}:{admin}/ready", within_s=1).status_code == httpx.codes.OK

        await_ready(process, is_ready, within_s=_READY_WITHIN_S, what=name)
        yield process


def _cluster(named: Named, root: Path) -> Mapping[str, Any]:
    resolver = {
        "@type": f"{_TYPES}.network.dns_resolver.cares.v3.CaresDnsResolverConfig",
        "resolvers": [_address(*named.resolver)],
        "dns_resolver_options": {"no_default_search_domain": True},
    }
    context = {
        "@type": f"{_TYPES}.transport_sockets.tls.v3.UpstreamTlsContext",
        "sni": named.host,
        "common_tls_context": {
            "validation_context": {
                "trusted_ca": {"filename": str(root)},
                "match_typed_subject_alt_names": [{"san_type": "DNS", "matcher": {"exact": named.host}}],
            }
        },
    }
    options = {
        "@type": f"{_TYPES}.upstreams.http.v3.HttpProtocolOptions",
        "common_http_protocol_options": {"max_connection_duration": f"{named.connections_last_s}s"},
        "explicit_http_config": {"http_protocol_options": {}},
    }
    return {
        "name": "there",
        "type": named.kind,
        "connect_timeout": f"{named.answer_within_s}s",
        "dns_lookup_family": "V4_ONLY",
        "dns_refresh_rate": f"{named.refresh_s}s",
        "dns_failure_refresh_rate": {"base_interval": f"{named.refresh_s}s", "max_interval": f"{named.refresh_s}s"},
        "typed_dns_resolver_config": {"name": "envoy.network.dns_resolver.cares", "typed_config": resolver},
        "transport_socket": {"name": "envoy.transport_sockets.tls", "typed_config": context},
        "typed_extension_protocol_options": {_HTTP_OPTIONS: options},
        **_assigned(named.host, named.port),
    }


def _manager(within_s: float) -> Mapping[str, Any]:
    route = {"match": {"prefix": "/"}, "route": {"cluster": "there", "timeout": f"{within_s}s"}}
    router = {"@type": f"{_TYPES}.filters.http.router.v3.Router"}
    return {
        "name": "envoy.filters.network.http_connection_manager",
        "typed_config": {
            "@type": f"{_TYPES}.filters.network.http_connection_manager.v3.HttpConnectionManager",
            "stat_prefix": "client",
            "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [route]}]},
            "http_filters": [{"name": "envoy.filters.http.router", "typed_config": router}],
        },
    }


def _listener(address: str, port: int, filtered: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"name": "here", "address": _address(address, port), "filter_chains": [{"filters": [filtered]}]}


def _assigned(host: str, port: int) -> Mapping[str, Any]:
    endpoint = {"endpoint": {"address": _address(host, port)}}
    return {"load_assignment": {"cluster_name": "there", "endpoints": [{"lb_endpoints": [endpoint]}]}}


def _address(host: str, port: int) -> Mapping[str, Any]:
    return {"socket_address": {"address": host, "port_value": port}}

"""Hosts outside the platform: no request leaves the machine, so that a program of it answers in their place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

from meshproof.components.authority import Authority
from meshproof.components.echo import EchoPorts, echo
from meshproof.targets.embedded.addresses import free_ports
from meshproof.targets.embedded.state import OutsideState
from meshproof.targets.embedded.translate import Object, Translation
from meshproof.targets.embedded.workloads import OutsideHost

_ADDRESS: Final = "127.0.0.1"
_HTTPS: Final = "HTTPS"
#: Only a connection that shows no certificate of ours is checked by that of the host alone.
_ONE_SIDED: Final = "SIMPLE"


@contextmanager
def answering(
    hosts: Sequence[OutsideHost], program: Path, root: Authority, directory: Path
) -> Iterator[Mapping[str, OutsideState]]:
    """Run a server for each host until the end of the block, under a certificate of its name. Raises TargetError."""
    found = {}
    with ExitStack() as stack:
        for one in hosts:
            own = directory / one.host
            own.mkdir(mode=0o700)
            http, grpc, tcp, https = free_ports(4)
            stack.enter_context(
                echo(
                    program,
                    name=one.host,
                    version=one.host,
                    site="outside",
                    ports=EchoPorts(http=http, grpc=grpc, tcp=tcp, https=https),
                    directory=own,
                    certificate=root.issue(one.host, names=[one.host]).write(own, "host"),
                )
            )
            trusted = own / "root.pem"
            trusted.write_text(root.root_pem, encoding="utf-8")
            found[one.host] = OutsideState(address=_ADDRESS, ports={"HTTP": http, _HTTPS: https}, root=trusted)
        yield found


def placed(objects: Sequence[Object], outside: Mapping[str, OutsideState]) -> tuple[list[Object], list[Translation]]:
    """The objects with those hosts where they are reached here, and what was changed for that."""
    said: list[Translation] = []
    return [_placed(one, outside, said) for one in objects], said


def _placed(thing: Object, outside: Mapping[str, OutsideState], said: list[Translation]) -> Object:
    spec = thing.get("spec", {})
    match thing["kind"]:
        case "ServiceEntry" if (host := next(iter(spec.get("hosts", [])), "")) in outside:
            said.append(_said(thing, f"{host} is a program of this machine"))
            return {**thing, "spec": {**spec, "endpoints": [_endpoint(spec, outside[host])]}}
        case "DestinationRule" if (host := spec.get("host", "")) in outside:
            said.append(_said(thing, f"the certificate of {host} is signed by the run's own root"))
            return {**thing, "spec": {**spec, "trafficPolicy": _trusting(spec.get("trafficPolicy", {}), outside[host])}}
        case _:
            return thing


def _endpoint(spec: Mapping[str, Any], there: OutsideState) -> Object:
    ports = {
        one["name"]: there.ports[one["protocol"]] for one in spec.get("ports", []) if one["protocol"] in there.ports
    }
    return {"address": there.address, "ports": ports}


def _trusting(policy: Mapping[str, Any], there: OutsideState) -> Object:
    """The same policy, with the root for each TLS that checks the host's certificate."""
    levels = [_trusting(one, there) for one in policy.get("portLevelSettings", [])]
    found = {**policy, **({"portLevelSettings": levels} if levels else {})}
    tls = policy.get("tls")
    if isinstance(tls, Mapping) and tls.get("mode") == _ONE_SIDED:
        found["tls"] = {**tls, "caCertificates": str(there.root)}
    return found


def _said(thing: Object, says: str) -> Translation:
    metadata = thing["metadata"]
    return Translation(address=f"{thing['kind']}/{metadata.get('namespace', '')}/{metadata['name']}", says=says)

"""Asks one DNS server, past every cache of this machine."""

from __future__ import annotations

from dataclasses import dataclass

import dnslib

from meshproof.errors import ProbeError

_PORT = 53


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An address, and how long it may be kept (seconds)."""

    address: str
    ttl_s: float


def resolve(name: str, server: str, *, port: int = _PORT, within_s: float = 1.0) -> Answer:
    """The first address of a name. Raises ProbeError where the server does not answer or knows none."""
    try:
        raw = dnslib.DNSRecord.question(name, "A").send(server, port, timeout=within_s)
        reply = dnslib.DNSRecord.parse(raw)
    except (OSError, dnslib.DNSError) as error:
        message = f"{name}: the DNS server {server}:{port} does not answer: {error or type(error).__name__}"
        raise ProbeError(message) from error
    found = [one for one in reply.rr if one.rtype == dnslib.QTYPE.A]
    if not found:
        message = f"{name}: the DNS server {server}:{port} knows no address ({dnslib.RCODE.get(reply.header.rcode)})"
        raise ProbeError(message)
    return Answer(address=str(found[0].rdata), ttl_s=float(found[0].ttl))

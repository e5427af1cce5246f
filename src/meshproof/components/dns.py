"""A DNS server that answers from a function: whoever has the name now gets the traffic."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import dnslib
import dnslib.server

from meshproof.errors import TargetError
from meshproof.probes.dns import Answer

#: What answers for a name at this moment.
Names = Mapping[str, Callable[[], Answer]]


class _Authority:
    """Answers address questions of the names it knows; everything else does not exist."""

    def __init__(self, names: Names) -> None:
        self._names = {name.rstrip(".").lower(): answer for name, answer in names.items()}

    def resolve(self, request: dnslib.DNSRecord, _handler: object) -> dnslib.DNSRecord:
        reply = request.reply()
        name = str(request.q.qname).rstrip(".").lower()
        answer = self._names.get(name)
        if answer is None:
            reply.header.rcode = dnslib.RCODE.NXDOMAIN
        elif request.q.qtype in (dnslib.QTYPE.A, dnslib.QTYPE.ANY):
            now = answer()
            row = dnslib.RR(request.q.qname, dnslib.QTYPE.A, ttl=round(now.ttl_s), rdata=dnslib.A(now.address))
            reply.add_answer(row)
        return reply


@contextmanager
def serving(names: Names, *, address: str, port: int) -> Iterator[None]:
    """Answer on UDP until the end of the block. Raises TargetError where the port cannot be had."""
    quiet = dnslib.server.DNSLogger(log="-request,-reply,-truncated,-error,-recv,-send,-data")
    try:
        server = dnslib.server.DNSServer(_Authority(names), address=address, port=port, logger=quiet)
    except OSError as error:
        message = f"the DNS server cannot listen on {address}:{port}: {error.strerror}; stop what listens there"
        raise TargetError(message) from error
    server.start_thread()
    try:
        yield
    finally:
        server.stop()
        server.server.server_close()

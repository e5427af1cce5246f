"""TLS as a caller opens it, before anything is asked: who answers to a server name and a protocol."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography import x509

_WITHIN_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Handshake:
    """What came of it: the names in the server's certificate (DNS names and URIs), or `says` why nobody answered."""

    peer: tuple[str, ...] = ()
    version: str = ""
    says: str = ""

    @property
    def done(self) -> bool:
        """Whether the server showed itself and the caller took it for good."""
        return bool(self.version)

    def __str__(self) -> str:
        """One line for a report."""
        return f"{self.version} of {', '.join(self.peer) or 'nobody'}" if self.done else f"no TLS ({self.says})"


def handshake(  # noqa: PLR0913  what a connection is opened with
    address: str,
    port: int,
    context: ssl.SSLContext,
    *,
    sni: str = "",
    alpn: Sequence[str] = (),
    within_s: float = _WITHIN_S,
) -> Handshake:
    """Open TLS and let go of it; without `sni` no server name is sent."""
    context.set_alpn_protocols(list(alpn))
    try:
        with (
            socket.create_connection((address, port), timeout=within_s) as line,
            context.wrap_socket(line, server_hostname=sni or None) as secured,
        ):
            der = secured.getpeercert(binary_form=True) or b""
            return Handshake(peer=names_of(der), version=str(secured.version()))
    except (OSError, ValueError) as error:
        return Handshake(says=f"{type(error).__name__}: {error}")


def names_of(der: bytes) -> tuple[str, ...]:
    """The DNS names and URIs of a certificate in DER. Raises ValueError for what is none."""
    certificate = x509.load_der_x509_certificate(der)
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    return (*names.get_values_for_type(x509.DNSName), *names.get_values_for_type(x509.UniformResourceIdentifier))

"""A certificate authority of the target's own: a root, intermediates, and leaves with names or SPIFFE identities."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

#: A run is shorter than this; a clock may be a little behind.
_LIFETIME = timedelta(days=2)
_LEEWAY = timedelta(minutes=5)

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """A certificate with its key; `chain` holds the issuers from the nearest up to, and without, the root."""

    certificate: x509.Certificate
    key: Key
    chain: tuple[x509.Certificate, ...] = ()

    @property
    def pem(self) -> str:
        """The certificate."""
        return _pem(self.certificate)

    @property
    def chain_pem(self) -> str:
        """The certificate, then its issuers without the root."""
        return "".join(_pem(one) for one in (self.certificate, *self.chain))

    @property
    def key_pem(self) -> str:
        """The key, unencrypted: it goes to a file that only the user reads."""
        kind = serialization.PrivateFormat.TraditionalOpenSSL
        return self.key.private_bytes(serialization.Encoding.PEM, kind, serialization.NoEncryption()).decode()

    def write(self, directory: Path, name: str) -> tuple[Path, Path]:
        """Files of the chain and the key, for the user alone."""
        paths = directory / f"{name}.crt", directory / f"{name}.key"
        for path, text in zip(paths, (self.chain_pem, self.key_pem), strict=True):
            private(path, text)
        return paths


def private(path: Path, text: str) -> Path:
    """Write a file that only the user reads."""
    path.touch(mode=0o600)
    path.write_text(text, encoding="utf-8")
    return path


class Authority:
    """Signs certificates; `root` of an intermediate is the certificate that everything trusts."""

    def __init__(self, identity: Identity, root: x509.Certificate) -> None:
        """Use `new`, `parsed` or `intermediate`."""
        self.identity = identity
        self.root = root

    @classmethod
    def new(cls, name: str) -> Self:
        """A root of its own."""
        key = ec.generate_private_key(ec.SECP256R1())
        made = _builder(name, key, _named(name)).add_extension(x509.BasicConstraints(ca=True, path_length=None), True)  # noqa: FBT003
        made = made.add_extension(_usage(signs=True), True)  # noqa: FBT003
        identity = Identity(certificate=made.sign(key, hashes.SHA256()), key=key)
        return cls(identity, identity.certificate)

    @classmethod
    def parsed(cls, *, chain: str, key: str, root: str) -> Self:
        """One whose files are there: `chain` begins with its own certificate, and may end with the root.

        Raises ValueError for what is no certificate, or a key of another kind than EC and RSA.
        """
        trusted = x509.load_pem_x509_certificate(root.encode())
        own, *issuers = x509.load_pem_x509_certificates(chain.encode())
        secret = serialization.load_pem_private_key(key.encode(), password=None)
        if not isinstance(secret, Key):
            message = f"its key is {type(secret).__name__}"
            raise ValueError(message)  # noqa: TRY004  as for any other text that is no authority's
        between = tuple(one for one in issuers if one != trusted)
        return cls(Identity(certificate=own, key=secret, chain=between), trusted)

    def intermediate(self, name: str) -> Authority:
        """An authority below this one."""
        key = ec.generate_private_key(ec.SECP256R1())
        made = _builder(name, key, self.identity.certificate.subject)
        made = made.add_extension(x509.BasicConstraints(ca=True, path_length=0), True)  # noqa: FBT003
        made = made.add_extension(_usage(signs=True), True)  # noqa: FBT003
        certificate = made.sign(self.identity.key, hashes.SHA256())
        return Authority(Identity(certificate=certificate, key=key, chain=self._chain()), self.root)

    def issue(
        self,
        name: str,
        *,
        names: Sequence[str] = (),
        groups: Sequence[str] = (),
        lifetime: timedelta = _LIFETIME,
        ends: datetime | None = None,
    ) -> Identity:
        """A leaf for a server and a client; `names` are DNS names, addresses or URIs, `groups` Kubernetes groups.

        `ends` puts the end of its validity somewhere else, for example into the past.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        made = _builder(name, key, self.identity.certificate.subject, groups=groups, lifetime=lifetime, ends=ends)
        if names:
            made = made.add_extension(x509.SubjectAlternativeName([_general(one) for one in names]), False)  # noqa: FBT003
        uses = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
        made = made.add_extension(x509.ExtendedKeyUsage(uses), False)  # noqa: FBT003
        made = made.add_extension(_usage(signs=False), True)  # noqa: FBT003
        return Identity(certificate=made.sign(self.identity.key, hashes.SHA256()), key=key, chain=self._chain())

    @property
    def root_pem(self) -> str:
        """The root's certificate."""
        return _pem(self.root)

    def _chain(self) -> tuple[x509.Certificate, ...]:
        own = self.identity.certificate
        return () if own == self.root else (own, *self.identity.chain)


def _builder(  # noqa: PLR0913  what a certificate says
    name: str,
    key: ec.EllipticCurvePrivateKey,
    issuer: x509.Name,
    *,
    groups: Sequence[str] = (),
    lifetime: timedelta = _LIFETIME,
    ends: datetime | None = None,
) -> x509.CertificateBuilder:
    end = ends or datetime.now(UTC) + lifetime
    return (
        x509.CertificateBuilder()
        .subject_name(_named(name, groups))
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(min(datetime.now(UTC) - _LEEWAY, end - _LEEWAY))
        .not_valid_after(end)
    )


def _named(name: str, groups: Sequence[str] = ()) -> x509.Name:
    organisations = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, one) for one in groups]
    return x509.Name([*organisations, x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _general(name: str) -> x509.GeneralName:
    if "://" in name:
        return x509.UniformResourceIdentifier(name)
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=signs,
        crl_sign=signs,
        content_commitment=False,
        key_encipherment=not signs,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()

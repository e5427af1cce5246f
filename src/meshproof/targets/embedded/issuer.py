"""The issuer of customers' tokens that stands for the declared one: its keys, and tokens signed with them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from meshproof.components.authority import private

KEY_ID = "meshproof"
_ALGORITHM = "ES256"
_LIFETIME = timedelta(hours=12)


def new_key(path: Path) -> Path:
    """Write a signing key for the user alone."""
    kind = serialization.PrivateFormat.PKCS8
    key = ec.generate_private_key(ec.SECP256R1())
    return private(path, key.private_bytes(serialization.Encoding.PEM, kind, serialization.NoEncryption()).decode())


def keys(path: Path) -> str:
    """The public half as a JSON Web Key Set."""
    row = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(_load(path).public_key()))
    return json.dumps({"keys": [{**row, "kid": KEY_ID, "alg": _ALGORITHM, "use": "sig"}]})


def token(path: Path, claims: Mapping[str, object], *, expires: datetime | None = None) -> str:
    """A token with these claims; `expires` may lie in the past."""
    now = datetime.now(UTC)
    times = {"iat": now - timedelta(minutes=1), "exp": expires or now + _LIFETIME}
    return jwt.encode({**times, **claims}, _load(path), algorithm=_ALGORITHM, headers={"kid": KEY_ID})


def _load(path: Path) -> ec.EllipticCurvePrivateKey:
    key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)  # noqa: S101 - `new_key` wrote it
    return key

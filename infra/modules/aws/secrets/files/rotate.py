"""Rotate the database secret of a service, two log-in roles taking turns.

Secrets Manager calls `handler` once for each of four steps, may call any of
them again, and may call two at once. Every step can be repeated: what it finds
done it leaves alone. The credential in use (AWSCURRENT) is never changed.
"""

import json
import logging
import os
import secrets
import string
from collections.abc import Callable
from typing import LiteralString

import boto3
import psycopg
from psycopg import sql

CURRENT, PENDING = "AWSCURRENT", "AWSPENDING"
ALPHABET = string.ascii_letters + string.digits
PASSWORD_LENGTH = 40
CONNECT_TIMEOUT_S = 5

log = logging.getLogger(__name__)
log.setLevel(logging.INFO)

Credential = dict[str, str]


class RotationRefusedError(Exception):
    """The request does not fit the state of the secret."""


class Secret:
    """One secret and the version that this rotation is about."""

    def __init__(self, arn: str, token: str) -> None:
        self._client = boto3.client("secretsmanager")
        self.arn = arn
        self.token = token
        described = self._client.describe_secret(SecretId=arn)
        self.name: str = described["Name"]
        self.rotates: bool = described.get("RotationEnabled", False)
        self.stages: dict[str, list[str]] = described.get("VersionIdsToStages", {})

    def current(self) -> Credential:
        """Return the value in use; before the first rotation it has no password."""
        value = self._client.get_secret_value(SecretId=self.arn, VersionStage=CURRENT)
        credential: Credential = json.loads(value["SecretString"])
        return credential

    def pending(self) -> Credential | None:
        """Return the value that this rotation has created, if it has."""
        try:
            value = self._client.get_secret_value(SecretId=self.arn, VersionStage=PENDING, VersionId=self.token)
        except self._client.exceptions.ResourceNotFoundException:
            return None
        credential: Credential = json.loads(value["SecretString"])
        return credential

    def write_pending(self, value: Credential) -> None:
        """Keep a new value; a concurrent rotation's stays if it came first."""
        try:
            self._client.put_secret_value(
                SecretId=self.arn,
                ClientRequestToken=self.token,
                SecretString=json.dumps(value),
                VersionStages=[PENDING],
            )
        except self._client.exceptions.ResourceExistsException:
            log.info("%s: the pending value is there already", self.name)

    def promote_pending(self) -> None:
        """Make the pending version the current one."""
        current = next(v for v, stages in self.stages.items() if CURRENT in stages)
        self._client.update_secret_version_stage(
            SecretId=self.arn,
            VersionStage=CURRENT,
            RemoveFromVersionId=current,
            MoveToVersionId=self.token,
        )


def connect(credential: Credential) -> psycopg.Connection:
    """Log in. Host and port are the platform's, never the secret's own."""
    return psycopg.connect(
        host=os.environ["DATABASE_HOST"],
        port=os.environ["DATABASE_PORT"],
        sslmode=os.environ["DATABASE_SSLMODE"],
        sslrootcert=os.environ.get("DATABASE_CA_FILE"),
        connect_timeout=CONNECT_TIMEOUT_S,
        user=credential["username"],
        password=credential["password"],
        dbname=credential["dbname"],
    )


def master_credential() -> Credential:
    """Return the master role's log-in."""
    value = boto3.client("secretsmanager").get_secret_value(SecretId=os.environ["MASTER_SECRET_ARN"])
    credential: Credential = json.loads(value["SecretString"])
    return {**credential, "dbname": "postgres"}


def client_of(secret: Secret) -> Credential:
    """Return the role and the database that the secret stands for."""
    clients: dict[str, Credential] = json.loads(os.environ["CLIENTS"])
    if secret.name not in clients:
        raise RotationRefusedError(f"{secret.name}: no database belongs to it")
    return clients[secret.name]


def created(secret: Secret) -> Credential:
    """Return the pending value, which the first step must have made."""
    pending = secret.pending()
    if pending is None:
        raise RotationRefusedError(f"{secret.name}: createSecret has not run")
    return pending


def create_secret(secret: Secret) -> None:
    """Invent a password for the role that is not in use."""
    if secret.pending() is not None:
        return
    client = client_of(secret)
    first, second = f"{client['role']}_a", f"{client['role']}_b"
    in_use = secret.current()["username"]
    secret.write_pending(
        {
            "engine": "postgres",
            "host": os.environ["DATABASE_HOST"],
            "port": os.environ["DATABASE_PORT"],
            "dbname": client["dbname"],
            "username": second if in_use == first else first,
            "password": "".join(secrets.choice(ALPHABET) for _ in range(PASSWORD_LENGTH)),
        }
    )


def set_secret(secret: Secret) -> None:
    """Give the role that is not in use the pending password.

    Both log-in roles act as the owning role, so what one creates the other
    may use.
    """
    pending = created(secret)
    if secret.current()["username"] == pending["username"]:
        raise RotationRefusedError(f"{secret.name}: the pending role is in use")
    client = client_of(secret)
    owner, login = client["role"], pending["username"]
    with connect(master_credential()) as session:
        # CREATE DATABASE runs outside a transaction, so the lock, which lets
        # one rotation in at a time, is the session's.
        session.autocommit = True
        session.execute("SELECT pg_advisory_lock(hashtext(%s))", [owner])
        ensure_role(session, owner, "NOLOGIN")
        ensure_role(session, login, "LOGIN")
        # Hashed here: a statement may be logged, a password must not be.
        verifier = session.pgconn.encrypt_password(
            pending["password"].encode(), login.encode(), b"scram-sha-256"
        ).decode()
        run(session, "ALTER ROLE {} PASSWORD {}", login, sql.Literal(verifier))
        run(session, "GRANT {} TO {}", owner, login)
        run(session, "ALTER ROLE {} SET role TO {}", login, owner)
        ensure_database(session, client["dbname"], owner)


def run(session: psycopg.Connection, statement: LiteralString, *parts: str | sql.Composable) -> None:
    """Execute a statement; a plain string is the name of something."""
    named = [sql.Identifier(part) if isinstance(part, str) else part for part in parts]
    session.execute(sql.SQL(statement).format(*named))


def ensure_role(session: psycopg.Connection, role: str, kind: LiteralString) -> None:
    """Create a role where there is none."""
    found = session.execute("SELECT FROM pg_roles WHERE rolname = %s", [role])
    if found.fetchone() is None:
        run(session, "CREATE ROLE {} " + kind, role)


def ensure_database(session: psycopg.Connection, database: str, owner: str) -> None:
    """Create the service's database where there is none."""
    found = session.execute("SELECT FROM pg_database WHERE datname = %s", [database])
    if found.fetchone() is None:
        # Only a member may hand a database to a role.
        run(session, "GRANT {} TO CURRENT_USER", owner)
        run(session, "CREATE DATABASE {} OWNER {}", database, owner)
        run(session, "REVOKE CONNECT ON DATABASE {} FROM PUBLIC", database)
        run(session, "GRANT CONNECT ON DATABASE {} TO {}", database, owner)


def test_secret(secret: Secret) -> None:
    """Log in with the pending credential and act as the owning role."""
    with connect(created(secret)) as session:
        row = session.execute("SELECT current_user").fetchone()
    if row != (client_of(secret)["role"],):
        raise RotationRefusedError(f"{secret.name}: the log-in acts as {row}")


def finish_secret(secret: Secret) -> None:
    """Make the pending credential the current one."""
    secret.promote_pending()


STEPS: dict[str, Callable[[Secret], None]] = {
    "createSecret": create_secret,
    "setSecret": set_secret,
    "testSecret": test_secret,
    "finishSecret": finish_secret,
}


def handler(event: dict[str, str], _context: object) -> None:
    """Run one step, if the secret and its version are there to be rotated."""
    step, token = event["Step"], event["ClientRequestToken"]
    if step not in STEPS:
        raise RotationRefusedError(f"unknown step {step}")
    secret = Secret(event["SecretId"], token)
    if not secret.rotates:
        raise RotationRefusedError(f"{secret.name}: rotation is switched off")
    if token not in secret.stages:
        raise RotationRefusedError(f"{secret.name}: no version {token}")
    if CURRENT in secret.stages[token]:
        log.info("%s: version %s is current already", secret.name, token)
        return
    if PENDING not in secret.stages[token]:
        raise RotationRefusedError(f"{secret.name}: version {token} is not pending")
    STEPS[step](secret)
    log.info("%s: %s done for version %s", secret.name, step, token)

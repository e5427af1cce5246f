"""The AWS account behind a live run: that it is the declared one, and that its EKS knows the cluster that is read."""

from __future__ import annotations

import os
from functools import cached_property
from typing import Any, Final
from urllib.parse import urlsplit

import boto3

from meshproof.declaration.model import Declaration
from meshproof.errors import ProbeError, UsageError
from meshproof.probes.aws import Clients, looking
from meshproof.targets.naming import EKS, require_account

#: How AWS calls an operation that changes nothing.
READS: Final = ("Get", "List", "Describe", "Head", "BatchGet")


class ReadingClients(Clients):
    """boto3's clients with the user's own credentials, wherever boto3 finds them, for nothing but reads."""

    def __init__(self) -> None:
        """`AWS_ENDPOINT_URL` leads elsewhere, as for every AWS program."""
        super().__init__(os.environ)

    @cached_property
    def _session(self) -> boto3.Session:
        return boto3.Session()

    @property
    def has_credentials(self) -> bool:
        """Whether there are any."""
        return self._session.get_credentials() is not None

    def of(self, service: str, region: str) -> Any:
        """The client of a service in a region. Its other calls raise ProbeError, and are not sent."""
        client = super().of(service, region)
        client.meta.events.register_first("before-call", _refuse_writes, unique_id="meshproof-reads")
        return client


def require_owned(declaration: Declaration, *, cluster: str, server: str, option: str) -> str:
    """Make sure that a cluster is the one that the declared account knows; returns what could not be asked, in words.

    `cluster` is the name of the kubeconfig's entry, `server` the URL that it leads to. Raises UsageError for another
    account or another server.
    """
    found, clients = EKS.fullmatch(cluster), ReadingClients()
    if found is None or not clients.has_credentials:
        why = "there are no AWS credentials" if found is not None else "its kubeconfig entry is not named by an ARN"
        return f"{option} {cluster}: EKS was not asked whether this is the server of the declared cluster: {why}"
    try:
        with looking(f"the account of {cluster}"):
            account = str(clients.of("sts", found["region"]).get_caller_identity()["Account"])
            require_account(declaration, account)
            eks = clients.of("eks", found["region"])
            endpoint = str(eks.describe_cluster(name=found["name"])["cluster"]["endpoint"])
    except ProbeError as error:
        return f"{option} {cluster}: EKS did not say whether this is the server of the declared cluster: {error}"
    if _place(endpoint) != _place(server):
        message = f"{option}: {cluster} is at {endpoint}, as EKS says, but the context leads to {server}; correct it"
        raise UsageError(message)
    return ""


def _place(url: str) -> tuple[str | None, int]:
    parts = urlsplit(url)
    return parts.hostname, parts.port or 443


def _refuse_writes(model: Any, **_: Any) -> None:
    if not str(model.name).startswith(READS):
        message = f"a live target only reads: {model.service_model.service_name} {model.name} was not sent"
        raise ProbeError(message)

"""The AWS account behind a live run: that it is the declared one, and that its EKS knows the cluster that is read."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from meshproof.declaration.model import Declaration
from meshproof.errors import ProbeError, TargetError, UsageError
from meshproof.probes.aws import looking
from meshproof.targets.live.clients import ReadingClients
from meshproof.targets.naming import EKS, require_account
from meshproof.verdict import Fidelity

#: What AWS itself answers at.
_OF_AWS: Final = (".amazonaws.com", ".amazonaws.com.cn", ".api.aws", ".on.aws")
_SOMEWHERE: Final = "us-east-1"


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveAccount:
    """An account that may be read: `partition` is the part of AWS that it is in, as ARNs name it."""

    clients: ReadingClients
    number: str
    partition: str

    @property
    def fidelity(self) -> Fidelity:
        """Whatever `AWS_ENDPOINT_URL` leads to outside AWS is taken for an emulator."""
        led = (value for name, value in os.environ.items() if name.startswith("AWS_ENDPOINT_URL") and value)
        is_aws = all((urlsplit(one).hostname or "").endswith(_OF_AWS) for one in led)
        return Fidelity.REAL if is_aws else Fidelity.EMULATED


def live_account(declaration: Declaration) -> LiveAccount:
    """The account that the user's credentials lead to.

    Raises UsageError for one that the declaration does not name, TargetError where there are no credentials and
    ProbeError where the account does not say whose they are.
    """
    clients = ReadingClients()
    if not clients.has_credentials:
        message = "no AWS credentials were found, so the account is not read: set AWS_PROFILE, or log in"
        raise TargetError(message)
    with looking("whose the AWS credentials are"):
        told = clients.of("sts", clients.region or _home(declaration)).get_caller_identity()
    require_account(declaration, str(told["Account"]))
    return LiveAccount(clients=clients, number=str(told["Account"]), partition=str(told["Arn"]).split(":")[1])


def require_owned(declaration: Declaration, *, cluster: str, server: str, option: str) -> str:
    """Make sure that a cluster is the one that the declared account knows; returns what could not be asked, in words.

    `cluster` is the name of the kubeconfig's entry, `server` the URL that it leads to. Raises UsageError for another
    account or another server.
    """
    unasked = f"{option} {cluster}: EKS was not asked whether this is the server of the declared cluster"
    if (found := EKS.fullmatch(cluster)) is None:
        return f"{unasked}: its kubeconfig entry is not named by an ARN"
    try:
        account = live_account(declaration)
        with looking(f"the account of {cluster}"):
            eks = account.clients.of("eks", found["region"])
            endpoint = str(eks.describe_cluster(name=found["name"])["cluster"]["endpoint"])
    except TargetError as error:
        return f"{unasked}: {error}"
    except ProbeError as error:
        return f"{option} {cluster}: EKS did not say whether this is the server of the declared cluster: {error}"
    if _place(endpoint) != _place(server):
        message = f"{option}: {cluster} is at {endpoint}, as EKS says, but the context leads to {server}; correct it"
        raise UsageError(message)
    return ""


def _home(declaration: Declaration) -> str:
    """Some region of the account, for what every region answers."""
    return min((one.region for one in declaration.records if one.region), default=_SOMEWHERE)


def _place(url: str) -> tuple[str | None, int]:
    parts = urlsplit(url)
    return parts.hostname, parts.port or 443

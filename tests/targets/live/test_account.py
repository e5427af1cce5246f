"""The account of a live run: the declared one, whose EKS knows the cluster, and that nobody writes to."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from meshproof.commands.rights import iam_policy
from meshproof.components.moto import Account, emulated_account
from meshproof.errors import ProbeError, UsageError
from meshproof.targets.embedded.addresses import free_ports
from meshproof.targets.live.account import ReadingClients, require_owned
from tests.targets.live.conftest import ACCOUNT, NAME, declaration
from tests.targets.live.proxy import recording

REGION = "eu-north-1"
ARN = f"arn:aws:eks:{REGION}:{ACCOUNT}:cluster/{NAME}"


@pytest.fixture
def account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    """An account with the declared cluster, and the user's credentials for it."""
    (port,) = free_ports(1)
    with emulated_account(ACCOUNT, port=port, directory=tmp_path) as found:
        for name, value in found.environment.items():
            monkeypatch.setenv(name, value)
        network = {"subnetIds": ["subnet-1", "subnet-2"]}
        role = f"arn:aws:iam::{ACCOUNT}:role/cluster"
        boto3.client("eks", REGION).create_cluster(name=NAME, roleArn=role, resourcesVpcConfig=network)
        yield found


@pytest.mark.usefixtures("account")
def test_the_declared_clusters_server_is_taken_and_another_refused() -> None:
    """As EKS names it; and a write is not sent."""
    clients = ReadingClients()
    endpoint = clients.of("eks", REGION).describe_cluster(name=NAME)["cluster"]["endpoint"]

    assert require_owned(declaration(), cluster=ARN, server=endpoint, option="--primary-context") == ""
    with pytest.raises(UsageError, match="but the context leads to https://elsewhere"):
        require_owned(declaration(), cluster=ARN, server="https://elsewhere.example", option="--primary-context")
    with pytest.raises(ProbeError, match="only reads: eks DeleteCluster was not sent"):
        clients.of("eks", REGION).delete_cluster(name=NAME)
    assert clients.of("eks", REGION).list_clusters()["clusters"] == [NAME]


def test_nothing_but_reads_passes_on_the_way_to_the_account(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a proxy before the account writes it down, that the client knows nothing of."""
    with recording(account.endpoint) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.url)
        require_owned(declaration(), cluster=ARN.replace(NAME, "gone"), server="https://a.example", option="--p")
        with pytest.raises(ProbeError, match="was not sent"):
            ReadingClients().of("eks", REGION).delete_cluster(name=NAME)

    assert proxy.requests == ["POST / GetCallerIdentity", "GET /clusters/gone"]


@pytest.mark.usefixtures("account")
def test_what_eks_does_not_say_is_said_to_be_unknown() -> None:
    """A cluster that is not there, and an entry without a region to ask in."""
    gone = ARN.replace(NAME, "gone")

    assert "EKS did not say" in require_owned(declaration(), cluster=gone, server="https://a.example", option="--p")
    assert "not named by an ARN" in require_owned(declaration(), cluster=NAME, server="https://a.example", option="--p")


def test_another_account_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the credentials' own word."""
    (port,) = free_ports(1)
    with emulated_account("999999999999", port=port, directory=tmp_path) as found:
        for name, value in found.environment.items():
            monkeypatch.setenv(name, value)
        with pytest.raises(UsageError, match="belong to the account 999999999999, but test names 111122223333"):
            require_owned(declaration(), cluster=ARN, server="https://a.example", option="--primary-context")


def test_the_shipped_policy_names_what_is_called() -> None:
    """Nothing else: who one is, everybody may ask."""
    (statement,) = json.loads(iam_policy())["Statement"]

    assert statement["Action"] == "eks:DescribeCluster"

"""The account of a live run: the declared one, whose EKS knows the cluster, and that nobody writes to."""

from __future__ import annotations

import io
import json
import socket
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from botocore.config import Config
from rich.console import Console
from ruamel.yaml import YAML

from meshproof.commands.rights import Account as Whose
from meshproof.commands.rights import iam_policy, rights
from meshproof.components.moto import Account, emulated_account
from meshproof.errors import MeshproofError, ProbeError, TargetError, UsageError
from meshproof.settings import Settings
from meshproof.targets.embedded.addresses import free_ports
from meshproof.targets.live.account import live_account, require_owned
from meshproof.targets.live.actions import ACTIONS
from meshproof.targets.live.clients import ReadingClients
from meshproof.targets.live.target import TARGET
from meshproof.verdict import Fidelity
from tests.targets.live.conftest import ACCOUNT, NAME, declaration
from tests.targets.live.proxy import recording

REGION = "eu-north-1"
ARN = f"arn:aws:eks:{REGION}:{ACCOUNT}:cluster/{NAME}"
#: How AWS calls an operation that changes nothing.
READS = ("Get", "List", "Describe", "Head")


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
    with pytest.raises(ProbeError, match="only reads what its policy names: eks DeleteCluster was not sent"):
        clients.of("eks", REGION).delete_cluster(name=NAME)
    assert boto3.client("eks", REGION).list_clusters()["clusters"] == [NAME]


@pytest.mark.parametrize(
    ("service", "operation", "asked"),
    [
        ("secretsmanager", "get_secret_value", {"SecretId": "a"}),
        ("s3", "get_object", {"Bucket": "a", "Key": "terraform.tfstate"}),
        ("ssm", "get_parameter", {"Name": "a"}),
    ],
)
def test_a_read_that_the_policy_does_not_name_is_not_sent(
    account: Account, monkeypatch: pytest.MonkeyPatch, service: str, operation: str, asked: dict[str, str]
) -> None:
    """Least of all one that would give a secret away."""
    with recording(account.endpoint) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.url)
        with pytest.raises(ProbeError, match="was not sent"):
            getattr(ReadingClients().of(service, REGION), operation)(**asked)

    assert proxy.requests == []


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


def test_eks_without_the_right_names_it(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    """The run goes on, and its report says what was not asked."""
    with recording(account.endpoint, refuses=lambda line: "/clusters/" in line) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.url)
        says = require_owned(declaration(), cluster=ARN, server="https://a.example", option="--primary-context")

    assert "a right is missing in the AWS account: eks:DescribeCluster; `meshproof rights` prints them all" in says


@pytest.fixture
def another_account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """One that nobody has declared, and the user's credentials for it."""
    (port,) = free_ports(1)
    with emulated_account("999999999999", port=port, directory=tmp_path) as found:
        for name, value in found.environment.items():
            monkeypatch.setenv(name, value)
        yield


@pytest.mark.usefixtures("another_account")
def test_another_account_is_refused() -> None:
    """By the credentials' own word."""
    with pytest.raises(UsageError, match="belong to the account 999999999999, but test names 111122223333"):
        require_owned(declaration(), cluster=ARN, server="https://a.example", option="--primary-context")


@pytest.mark.usefixtures("another_account")
def test_a_run_on_another_account_ends_before_it_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where no cluster is named."""
    monkeypatch.setattr("meshproof.targets.live.target.declaration_of", lambda _: declaration())
    with pytest.raises(UsageError, match=r"belong to the account 999999999999, .*; use credentials of that account"):
        TARGET.reserve(Settings(target="live"))


@pytest.mark.usefixtures("account")
def test_a_run_may_name_an_account_and_no_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    """And an endpoint that is not AWS's is taken for an emulator, which never counts as AWS."""
    monkeypatch.setattr("meshproof.targets.live.target.declaration_of", lambda _: declaration())
    found = live_account(declaration())

    assert TARGET.reserve(Settings(target="live")) is None
    assert (found.number, found.partition, found.fidelity) == (ACCOUNT, "aws", Fidelity.EMULATED)
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"https://sts.{REGION}.amazonaws.com")
    assert found.fidelity is Fidelity.REAL


@pytest.mark.parametrize("code", ["ExpiredToken", "InvalidClientTokenId"])
def test_credentials_that_ended_are_said_to_be_so(account: Account, monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    """With what to do."""
    with recording(account.endpoint, refuses=lambda _: True, code=code) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.url)
        with pytest.raises(ProbeError) as raised:
            live_account(declaration())

    says = f"whose the AWS credentials are: the AWS credentials are not valid, or not any more ({code}): log in again"
    assert str(raised.value) == says


def test_no_credentials_are_said_to_be_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """And how to get them."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")

    with pytest.raises(TargetError, match=r"no AWS credentials were found, .*: set AWS_PROFILE, or log in"):
        live_account(declaration())


def test_an_api_that_never_answers_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    """After the time that a request is given, with where to look."""
    monkeypatch.setattr("meshproof.probes.aws._CONFIG", Config(retries={"total_max_attempts": 1}, read_timeout=0.5))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "any")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "any")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{silent.getsockname()[1]}")
        with pytest.raises(MeshproofError, match=r"AWS does not answer \(Read timeout .*where AWS_ENDPOINT_URL leads$"):
            live_account(declaration())


def test_the_shipped_policy_names_what_is_called() -> None:
    """All of it and nothing else, and each of it is a read: who one is, everybody may ask."""
    named: list[str] = []
    for statement in json.loads(iam_policy())["Statement"]:
        found = statement["Action"]
        named += [found] if isinstance(found, str) else found

    assert sorted(named) == sorted(set(ACTIONS.values()))
    assert [one for one in ACTIONS if not one.split()[1].startswith(READS)] == []


def printed(whose: Whose | None) -> str:
    """What `meshproof rights` prints where lines are short."""
    out = io.StringIO()
    rights(whose, out=Console(file=out, width=40, soft_wrap=True, highlight=False))
    return out.getvalue()


def test_each_accounts_rights_can_be_handed_on_alone() -> None:
    """To kubectl, and to IAM."""
    assert YAML(typ="safe").load(printed(Whose.CLUSTER))["kind"] == "ClusterRole"
    assert json.loads(printed(Whose.AWS)) == json.loads(iam_policy())
    assert printed(None) == printed(Whose.CLUSTER) + printed(Whose.AWS)


def test_the_right_to_disturb_is_printed_only_when_it_is_named() -> None:
    """It is one, and none of those that read."""
    assert YAML(typ="safe").load(printed(Whose.DISRUPTION))["rules"] == [
        {"apiGroups": [""], "resources": ["pods/eviction"], "verbs": ["create"]}
    ]
    assert "eviction" not in printed(None)

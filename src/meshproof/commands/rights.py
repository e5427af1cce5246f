"""`meshproof rights`: what the account of a live run must be given, ready to be applied."""

from __future__ import annotations

from enum import StrEnum
from importlib.resources import files
from typing import Final

from rich.console import Console

_SHIPPED: Final = "meshproof.targets.live"


class Account(StrEnum):
    """Whose rights: those to read a cluster or an AWS account, or what disturbing a cluster takes beside."""

    CLUSTER = "cluster"
    AWS = "aws"
    DISRUPTION = "disruption"


def rights(account: Account | None, *, out: Console) -> None:
    """Print what was asked for; without a word, the ClusterRole and the policy of IAM that reading takes."""
    texts = {Account.CLUSTER: cluster_role, Account.AWS: iam_policy, Account.DISRUPTION: disruption_role}
    for one in [account] if account else (Account.CLUSTER, Account.AWS):
        out.print(texts[one]().rstrip("\n"), markup=False)


def cluster_role() -> str:
    """The manifest as it is shipped."""
    return (files(_SHIPPED) / "rights" / "cluster-role.yaml").read_text(encoding="utf-8")


def disruption_role() -> str:
    """The manifest of what `--allow-disruption` takes at its site, and nothing else."""
    return (files(_SHIPPED) / "rights" / "disruption.yaml").read_text(encoding="utf-8")


def iam_policy() -> str:
    """The policy of IAM as it is shipped; without it a run says that EKS was not asked."""
    return (files(_SHIPPED) / "rights" / "iam-policy.json").read_text(encoding="utf-8")

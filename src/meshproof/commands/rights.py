"""`meshproof rights`: what the account of a live run must be given, ready to be applied."""

from __future__ import annotations

from enum import StrEnum
from importlib.resources import files
from typing import Final

from rich.console import Console

_SHIPPED: Final = "meshproof.targets.live"


class Account(StrEnum):
    """Whose rights: those of a cluster's account, to be applied, or of an AWS account's, for IAM."""

    CLUSTER = "cluster"
    AWS = "aws"


def rights(account: Account | None, *, out: Console) -> None:
    """Print the ClusterRole of each cluster's account, the policy of the AWS account's, or both."""
    texts = {Account.CLUSTER: cluster_role(), Account.AWS: iam_policy()}
    for one in [account] if account else texts:
        out.print(texts[one].rstrip("\n"), markup=False)


def cluster_role() -> str:
    """The manifest as it is shipped."""
    return (files(_SHIPPED) / "rights" / "cluster-role.yaml").read_text(encoding="utf-8")


def iam_policy() -> str:
    """The policy of IAM as it is shipped; without it a run says that EKS was not asked."""
    return (files(_SHIPPED) / "rights" / "iam-policy.json").read_text(encoding="utf-8")

"""`meshproof rights`: what the account of a live run must be given, ready to be applied."""

from __future__ import annotations

from importlib.resources import files

from rich.console import Console

from meshproof.targets import live


def rights(*, out: Console) -> None:
    """Print the ClusterRole of each cluster's account, and the policy of the AWS account's."""
    out.print(cluster_role(), markup=False, end="---\n")
    out.print(iam_policy(), markup=False, end="")


def cluster_role() -> str:
    """The manifest as it is shipped."""
    return (files(live) / "rights" / "cluster-role.yaml").read_text(encoding="utf-8")


def iam_policy() -> str:
    """The policy of IAM as it is shipped; without it a run says that EKS was not asked."""
    return (files(live) / "rights" / "iam-policy.json").read_text(encoding="utf-8")

"""Which clusters and accounts the declaration names: no others are looked at."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from meshproof.declaration.model import Declaration, Record
from meshproof.errors import UsageError

_KINDS: Final = ("aws_eks_cluster", "google_container_cluster")
#: What `aws eks update-kubeconfig` and `gcloud container clusters get-credentials` call a cluster.
EKS: Final = re.compile(r"arn:aws[\w-]*:eks:(?P<region>[\w-]+):(?P<account>\d{12}):cluster/(?P<name>[\w-]+)")


def declared_clusters(declaration: Declaration) -> Mapping[str, Record]:
    """The cluster of each site."""
    return {one.site: one for kind in _KINDS for one in declaration.by_kind.get(kind, ())}


def declared_accounts(declaration: Declaration) -> frozenset[str]:
    """The AWS accounts of the environment: what its units are told as `account_id`."""
    return frozenset(_accounts(declaration))


def require_cluster(declaration: Declaration, site: str, context: str, cluster: str) -> None:
    """Raise UsageError where a context's cluster is not the one that is declared for the site.

    `cluster` is the name of the kubeconfig's entry: the declared name, or what the cloud's own tool makes of it.
    """
    declared = declared_clusters(declaration).get(site)
    if declared is None:
        message = f"--{site}-context {context}: {declaration.environment} declares no cluster at {site}; leave it out"
        raise UsageError(message)
    if not _is(cluster, declared, declared_accounts(declaration)):
        message = (
            f"--{site}-context {context}: leads to the cluster {cluster}, but {declared.place} declares "
            f"{_name(declared)} for {site} of {declaration.environment}; name the context of that cluster"
        )
        raise UsageError(message)


def require_account(declaration: Declaration, account: str) -> None:
    """Raise UsageError where the credentials belong to an account that the environment does not name."""
    named = declared_accounts(declaration)
    if account not in named:
        message = (
            f"the AWS credentials belong to the account {account}, but {declaration.environment} names "
            f"{', '.join(sorted(named)) or 'none'}; use credentials of that account"
        )
        raise UsageError(message)


def _is(cluster: str, declared: Record, accounts: frozenset[str]) -> bool:
    name, values = _name(declared), declared.values
    if (found := EKS.fullmatch(cluster)) is not None:
        return found["name"] == name and found["account"] in accounts
    return cluster in (name, f"gke_{values.get('project')}_{values.get('location')}_{name}")


def _name(declared: Record) -> str:
    return str(declared.values["name"])


def _accounts(declaration: Declaration) -> Iterator[str]:
    for one in declaration.records:
        inputs = one.values.get("inputs") if one.family == "terragrunt" else None
        if isinstance(inputs, Mapping) and isinstance(found := inputs.get("account_id"), str):
            yield found

"""A cluster that somebody else runs: a real API server with a few objects, and accounts with and without rights."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from meshproof.commands.rights import cluster_role
from meshproof.components.kube_apiserver import ApiServer
from meshproof.declaration.model import UNKNOWN, Declaration, Place, Record
from meshproof.probes.kubernetes import Api
from meshproof.verdict import Assurance

#: As `infra/` has it for the site that the cluster stands for.
NAME = "shop-test-primary"
ACCOUNT = "111122223333"

OBJECTS: tuple[dict[str, Any], ...] = (
    {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}},
    {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "orders", "namespace": "shop"}},
    {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "settings", "namespace": "shop"},
        "data": {"LIMIT": "20"},
    },
    {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "orders", "namespace": "shop"},
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": {"app": "orders"}},
            "template": {
                "metadata": {"labels": {"app": "orders"}},
                "spec": {
                    "hostNetwork": False,
                    "containers": [
                        {"name": "app", "image": "orders:1", "resources": {"limits": {"cpu": "1000m", "memory": "1Gi"}}}
                    ],
                },
            },
        },
    },
    {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "nobody", "namespace": "shop"},
        "spec": {"podSelector": {}, "policyTypes": ["Ingress"]},
    },
)


def record(thing: Mapping[str, Any], *, site: str = "primary") -> Record:
    """An object as it is declared."""
    metadata = thing["metadata"]
    namespace = metadata.get("namespace", "")
    group, _, _ = thing["apiVersion"].rpartition("/")
    return Record(
        family="kubernetes",
        kind=thing["kind"],
        address=f"{site}/{thing['kind']}/{namespace}/{metadata['name']}",
        name=metadata["name"],
        namespace=namespace,
        group=group,
        site=site,
        values=thing,
        place=Place(file="infra/kubernetes/shop.yaml", line=7),
        assurance=Assurance.RESOLVED,
    )


def declaration(*things: Mapping[str, Any]) -> Declaration:
    """What the cluster is held to."""
    cluster = Record(
        family="terraform",
        kind="aws_eks_cluster",
        address="module.primary_cluster.aws_eks_cluster.main",
        name="main",
        site="primary",
        values={"name": NAME, "endpoint": UNKNOWN},
        place=Place(file="infra/modules/aws/cluster/main.tf", line=7),
        assurance=Assurance.RESOLVED,
    )
    unit = Record(
        family="terragrunt",
        kind="unit",
        address="unit:global/state",
        name="state",
        values={"inputs": {"account_id": ACCOUNT}},
        place=Place(file="infra/live/test/env.hcl", line=7),
        assurance=Assurance.RESOLVED,
    )
    return Declaration(environment="test", version="1.0", records=(cluster, unit, *map(record, things or OBJECTS)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreign:
    """The running server, its administrator's client, and a kubeconfig with a context for an account."""

    server: ApiServer
    api: Api
    directory: Path

    def context(self, name: str, *, cluster: str = NAME, **user: str) -> None:
        """Add a context to the kubeconfig."""
        path = self.kubeconfig
        empty: dict[str, Any] = {"apiVersion": "v1", "kind": "Config", "clusters": [], "users": [], "contexts": []}
        empty["current-context"] = name
        found = json.loads(path.read_text(encoding="utf-8")) if path.exists() else empty
        server = {
            "server": self.server.credentials.url,
            "certificate-authority": str(self.server.credentials.authority),
        }
        found["clusters"].append({"name": cluster, "cluster": server})
        found["users"].append({"name": name, "user": user})
        found["contexts"].append({"name": name, "context": {"cluster": cluster, "user": name}})
        path.write_text(json.dumps(found), encoding="utf-8")

    @property
    def kubeconfig(self) -> Path:
        """Where it is."""
        return self.directory / "config"

    def account(self, name: str, rules: Sequence[Mapping[str, Any]]) -> None:
        """An account with these rights, and a context of its name."""
        role = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": name}}
        bound = {"kind": "ClusterRole", "name": name, "apiGroup": "rbac.authorization.k8s.io"}
        subject = {"kind": "ServiceAccount", "name": name, "namespace": "default"}
        things: list[dict[str, Any]] = [
            {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name, "namespace": "default"}},
            {**role, "rules": list(rules)},
            {**role, "kind": "ClusterRoleBinding", "roleRef": bound, "subjects": [subject]},
        ]
        for one in things:
            answer = self.api.apply(one)
            assert answer.accepted, answer.says
        self.context(name, token=self.api.token("default", name, audience="https://kubernetes.default.svc"))

    def audited(self, account: str) -> list[Mapping[str, Any]]:
        """What the server itself wrote down of an account's requests, once it had answered them."""
        lines = self.server.audit_log.read_text(encoding="utf-8").splitlines()
        rows = [json.loads(one) for one in lines]
        name = f"system:serviceaccount:default:{account}"
        return [one for one in rows if one["user"].get("username") == name and one["stage"] == "ResponseComplete"]


@pytest.fixture(scope="session")
def foreign(api_server: ApiServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Foreign]:
    """Started here, but as far from a run as any other cluster."""
    with closing(Api(api_server.credentials)) as api:
        for one in OBJECTS:
            answer = api.apply(one)
            assert answer.accepted, answer.says
        yield Foreign(server=api_server, api=api, directory=tmp_path_factory.mktemp("foreign"))


@pytest.fixture
def kubeconfig(foreign: Foreign, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's own, for the length of a test."""
    foreign.kubeconfig.unlink(missing_ok=True)
    foreign.context("stranger", cluster="somebody-elses", token="nobody")  # noqa: S106 - opens nothing
    monkeypatch.setattr("kubernetes.config.kube_config.KUBE_CONFIG_DEFAULT_LOCATION", str(foreign.kubeconfig))
    return foreign.kubeconfig


@pytest.fixture
def reader_rules() -> list[dict[str, Any]]:
    """The rights that are shipped."""
    found: dict[str, Any] = YAML(typ="safe").load(cluster_role())
    return [dict(one) for one in found["rules"]]

"""kube-apiserver with TLS, RBAC and an audit log; no controller runs beside it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from meshproof.components.authority import Authority, private
from meshproof.components.readiness import await_ready
from meshproof.probes.kubernetes import Api, Credentials
from meshproof.process import Running

_READY_WITHIN_S = 60.0
#: It starts on much garbage: at Go's own 100 collecting it takes a third of the time until it is ready.
_GARBAGE_PERCENT = "400"
_ISSUER = "https://kubernetes.default.svc"
#: Who did what, without the bodies: they may hold secrets.
_AUDIT = {"apiVersion": "audit.k8s.io/v1", "kind": "Policy", "rules": [{"level": "Metadata"}]}


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiServer:
    """A running API server and the administrator's way in; `pids` are its process and whatever it stands on."""

    credentials: Credentials
    kubeconfig: Path
    audit_log: Path
    pids: tuple[int, ...]


@contextmanager
def kube_apiserver(  # noqa: PLR0913  what an API server is made of
    program: Path, *, etcd: str, address: str, port: int, directory: Path, name: str, cluster: str = ""
) -> Iterator[ApiServer]:
    """Run an API server over an etcd until the end of the block. Raises TargetError with its last words.

    Its kubeconfig's context is called `name`, and the cluster as it is declared where `cluster` says so.
    """
    directory.mkdir(mode=0o700, exist_ok=True)
    authority = Authority.new(f"{name} cluster")
    root = private(directory / "ca.crt", authority.root_pem)
    server = authority.issue("kube-apiserver", names=[address, "127.0.0.1", "localhost", "kubernetes.default.svc"])
    certificate, key = server.write(directory, "server")
    _, accounts = authority.issue("service-accounts").write(directory, "service-accounts")
    admin = authority.issue("meshproof", groups=["system:masters"]).write(directory, "admin")
    audit = private(directory / "audit-policy.yaml", json.dumps(_AUDIT))
    url = f"https://{address}:{port}"
    argv: list[str | Path] = [
        program,
        f"--etcd-servers={etcd}",
        f"--bind-address={address}",
        f"--advertise-address={address}",
        f"--secure-port={port}",
        "--endpoint-reconciler-type=none",
        f"--cert-dir={directory}",
        f"--tls-cert-file={certificate}",
        f"--tls-private-key-file={key}",
        f"--client-ca-file={root}",
        f"--service-account-issuer={_ISSUER}",
        f"--service-account-key-file={accounts}",
        f"--service-account-signing-key-file={accounts}",
        "--authorization-mode=Node,RBAC",
        "--service-cluster-ip-range=10.0.0.0/16",
        "--enable-priority-and-fairness=false",
        f"--audit-policy-file={audit}",
        f"--audit-log-path={directory / 'audit.log'}",
        "--v=0",
    ]
    credentials = Credentials(url=url, authority=root, certificate=admin[0], key=admin[1])
    env = {"GOGC": _GARBAGE_PERCENT, **os.environ}
    with Running(
        argv, env=env, log=directory / "kube-apiserver.log", name="kube-apiserver", stop_within_s=2.0
    ) as process:
        api = Api(credentials)
        await_ready(process, api.is_ready, within_s=_READY_WITHIN_S, what=f"kube-apiserver of {name} at {url}")
        api.close()
        config = private(directory / "kubeconfig", json.dumps(kubeconfig(credentials, name, cluster or name), indent=1))
        yield ApiServer(
            credentials=credentials, kubeconfig=config, audit_log=directory / "audit.log", pids=(process.pid,)
        )


def kubeconfig(credentials: Credentials, name: str, called: str) -> dict[str, object]:
    """What kubectl and istiod read to reach the server."""
    cluster = {"server": credentials.url, "certificate-authority": str(credentials.authority)}
    user = {"client-certificate": str(credentials.certificate), "client-key": str(credentials.key)}
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": name,
        "clusters": [{"name": called, "cluster": cluster}],
        "users": [{"name": name, "user": user}],
        "contexts": [{"name": name, "context": {"cluster": called, "user": name}}],
    }

"""A whole run over clusters that another command started: what it finds, and that their own logs hold no write."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML
from typer.testing import CliRunner

from meshproof import cli
from meshproof.commands.rights import cluster_role
from meshproof.probes.kubernetes import Api
from meshproof.process import run
from meshproof.targets.embedded.lease import VARIABLE
from meshproof.targets.embedded.running import running
from meshproof.targets.embedded.state import SiteState, TargetState
from meshproof.toolchain.needs import readiness

ROOT = Path(__file__).parents[3]
READY = readiness("embedded")
pytestmark = pytest.mark.skipif(not READY.ready, reason=f"the embedded target cannot run here: {READY.reason}")

NAME = "meshproof-reader"
USER = f"system:serviceaccount:default:{NAME}"
#: Of the embedded target's own, beside what is declared: these make the difference that is found.
TRANSLATED = {
    "primary/Sidecar/shop/orders": "is not there",
    "primary/RequestAuthentication/istio-system/customers": "jwksUri: is nothing",
}


@pytest.fixture
def there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TargetState]:
    """Both sites, left up by `meshproof up`."""
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.delenv(VARIABLE, raising=False)
    CliRunner().invoke(cli.app, ["up"], catch_exceptions=False)
    monkeypatch.delenv(VARIABLE, raising=False)
    (found,) = running()
    assert found.state is not None
    yield found.state
    CliRunner().invoke(cli.app, ["down", found.name], catch_exceptions=False)


def bound(site: SiteState) -> str:
    """The token of an account with the rights that are shipped."""
    role: dict[str, Any] = json.loads(json.dumps(YAML(typ="safe").load(cluster_role())))
    reference = {"kind": "ClusterRole", "name": NAME, "apiGroup": "rbac.authorization.k8s.io"}
    binding = {**role, "kind": "ClusterRoleBinding", "roleRef": reference}
    del binding["rules"]
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": NAME, "namespace": "default"}}
    subjects = [{"kind": "ServiceAccount", "name": NAME, "namespace": "default"}]
    with closing(Api(site.credentials)) as api:
        for one in (account, role, {**binding, "subjects": subjects}):
            answer = api.apply(one)
            assert answer.accepted, answer.says
        return api.token("default", NAME, audience="https://kubernetes.default.svc")


def kubeconfig(state: TargetState, path: Path) -> Path:
    """A context for each site."""
    config: dict[str, Any] = {"apiVersion": "v1", "kind": "Config", "current-context": "live-primary"}
    config |= {"clusters": [], "users": [], "contexts": []}
    for site in state.sites:
        (cluster,) = json.loads(site.kubeconfig.read_text(encoding="utf-8"))["clusters"]
        config["clusters"].append(cluster)
        config["users"].append({"name": site.name, "user": {"token": bound(site)}})
        config["contexts"].append(
            {
                "name": f"live-{site.name}",
                "context": {"cluster": cluster["name"], "user": site.name},
            }
        )
    path.write_text(json.dumps(config), encoding="utf-8")
    return path


def written(site: SiteState) -> set[str]:
    """What the account did beside reading, as the server has it in its own log."""
    rows = [json.loads(one) for one in site.audit_log.read_text(encoding="utf-8").splitlines()]
    own = [one for one in rows if one["user"].get("username") == USER]
    assert own
    return {f"{one['verb']} {one['objectRef']['resource']}" for one in own if one["verb"] not in ("get", "list")}


def test_a_run_reads_clusters_that_it_did_not_start(there: TargetState, tmp_path: Path) -> None:
    """With exactly the shipped rights everything is decided; what the target translates is found; nothing is written."""
    report = tmp_path / "report"
    argv = [sys.executable, "-m", "pytest", "suites/integration/test_standing.py", "suites/integration/test_rbac.py"]
    argv += ["--target", "live", "--primary-context", "live-primary", "--standby-context", "live-standby"]
    argv += ["--report-dir", str(report), "-q", "-p", "no:cacheprovider"]
    config = kubeconfig(there, tmp_path / "config")
    done = run(argv, env={**os.environ, "KUBECONFIG": str(config)}, within_s=300)
    assert done.returncode == 1, done.stdout
    controls = {one["id"]: one for one in json.loads((report / "run.json").read_text(encoding="utf-8"))["controls"]}
    found = {one["address"]: one["says"] for each in ("DRIFT-001", "DRIFT-002") for one in controls[each]["where"]}

    assert {controls[one]["verdict"] for one in ("DRIFT-003", "DRIFT-004", "DRIFT-005", "RBAC-001", "RBAC-002")} == {
        "pass"
    }
    assert not [key for key, one in controls.items() if one["verdict"] == "unknown"]
    assert {key: says in found[key] for key, says in TRANSLATED.items()} == dict.fromkeys(TRANSLATED, True)
    assert {key.split("/")[1] for key in found} == {"Sidecar", "RequestAuthentication"}
    assert [written(site) for site in there.sites] == [{"create subjectaccessreviews"}] * 2

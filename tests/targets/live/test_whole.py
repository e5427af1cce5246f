"""A whole run over clusters that another command started: what it finds, and that their own logs hold no write."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML
from typer.testing import CliRunner

from meshproof import cli
from meshproof.commands.rights import cluster_role, disruption_role
from meshproof.probes.kubernetes import Api
from meshproof.process import run
from meshproof.targets.embedded.lease import VARIABLE
from meshproof.targets.embedded.running import running
from meshproof.targets.embedded.state import SiteState, TargetState
from meshproof.toolchain.needs import readiness
from tests.targets.live.controllers import Controllers, budget

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


def bound(site: SiteState, *roles: str) -> str:
    """The token of an account with these of the rights that are shipped."""
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": NAME, "namespace": "default"}}
    subjects = [{"kind": "ServiceAccount", "name": NAME, "namespace": "default"}]
    things: list[dict[str, Any]] = [account]
    for text in roles:
        role: dict[str, Any] = json.loads(json.dumps(YAML(typ="safe").load(text)))
        name = role["metadata"]["name"]
        reference = {"kind": "ClusterRole", "name": name, "apiGroup": "rbac.authorization.k8s.io"}
        binding = {**role, "kind": "ClusterRoleBinding", "roleRef": reference, "subjects": subjects}
        del binding["rules"]
        things += [role, binding]
    with closing(Api(site.credentials)) as api:
        for one in things:
            answer = api.apply(one)
            assert answer.accepted, answer.says
        return api.token("default", NAME, audience="https://kubernetes.default.svc")


def kubeconfig(state: TargetState, path: Path, *beside: str) -> Path:
    """A context for each site, of an account with the rights to read, and `beside`."""
    config: dict[str, Any] = {"apiVersion": "v1", "kind": "Config", "current-context": "live-primary"}
    config |= {"clusters": [], "users": [], "contexts": []}
    for site in state.sites:
        (cluster,) = json.loads(site.kubeconfig.read_text(encoding="utf-8"))["clusters"]
        config["clusters"].append(cluster)
        config["users"].append({"name": site.name, "user": {"token": bound(site, cluster_role(), *beside)}})
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


def judged(config: Path, *argv: str) -> tuple[int, Mapping[str, Any]]:
    """The exit status of a live run over both sites, and its controls."""
    report = config.parent / "report"
    words = [sys.executable, "-m", "pytest", *argv, "--target", "live", "--report-dir", str(report)]
    words += ["--primary-context", "live-primary", "--standby-context", "live-standby", "-q", "-p", "no:cacheprovider"]
    done = run(words, env={**os.environ, "KUBECONFIG": str(config)}, within_s=300)
    assert (report / "run.json").exists(), done.stdout
    controls = json.loads((report / "run.json").read_text(encoding="utf-8"))["controls"]
    return done.returncode, {one["id"]: one for one in controls}


@contextmanager
def whole(site: SiteState, app: str) -> Iterator[None]:
    """The pods of a workload, as the cluster's controllers would keep them."""
    with closing(Api(site.credentials)) as api:
        assert api.apply(budget(app)).accepted
    with closing(Controllers(site.credentials, app)) as found:
        found.make()
        with found.at_work():
            yield


def test_a_run_disturbs_the_site_that_was_named(there: TargetState, tmp_path: Path) -> None:
    """Both sites have the same workload whole, and accounts that may evict: one pod goes at the one that was allowed."""
    config = kubeconfig(there, tmp_path / "config", disruption_role())
    with ExitStack() as stack:
        for site in there.sites:
            stack.enter_context(whole(site, "orders"))
        status, controls = judged(config, "suites/integration/test_pods.py", "--allow-disruption", "standby")
    (evidence,) = controls["POD-002"]["evidence"]
    rows = json.loads((tmp_path / "report" / evidence["file"]).read_text(encoding="utf-8"))["judged"]
    undecided = {one["address"]: one["undecided"] for one in rows if one["undecided"]}

    assert status == 6
    assert [one["address"] for one in rows if not one["undecided"]] == ["standby/PodDisruptionBudget/shop/orders"]
    assert "--allow-disruption primary lets its pods be" in undecided.pop("primary/PodDisruptionBudget/shop/orders")
    assert all("neither it nor a pod of" in one for one in undecided.values())
    assert [written(site) for site in there.sites] == [set(), {"create pods"}]


def test_a_run_reads_clusters_that_it_did_not_start(there: TargetState, tmp_path: Path) -> None:
    """With exactly the shipped rights everything is decided; what the target translates is found; nothing is written."""
    config = kubeconfig(there, tmp_path / "config")
    status, controls = judged(config, "suites/integration/test_standing.py", "suites/integration/test_rbac.py")
    assert status == 1
    found = {one["address"]: one["says"] for each in ("DRIFT-001", "DRIFT-002") for one in controls[each]["where"]}

    assert {controls[one]["verdict"] for one in ("DRIFT-003", "DRIFT-004", "DRIFT-005", "RBAC-001", "RBAC-002")} == {
        "pass"
    }
    assert not [key for key, one in controls.items() if one["verdict"] == "unknown"]
    assert {key: says in found[key] for key, says in TRANSLATED.items()} == dict.fromkeys(TRANSLATED, True)
    assert {key.split("/")[1] for key in found} == {"Sidecar", "RequestAuthentication"}
    assert [written(site) for site in there.sites] == [{"create subjectaccessreviews"}] * 2

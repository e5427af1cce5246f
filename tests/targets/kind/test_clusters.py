"""kind's clusters: the way in to one, and what is said where one is not to be had."""

import base64
import json
from pathlib import Path
from typing import Any, cast

import pytest

from meshproof.errors import TargetError
from meshproof.process import Completed
from meshproof.targets.kind import clusters, reaper

KUBECONFIG = """
apiVersion: v1
clusters:
- cluster: {{certificate-authority-data: {ca}, server: "https://127.0.0.1:40001"}}
  name: kind-one
users:
- name: kind-one
  user: {{client-certificate-data: {crt}, client-key-data: {key}}}
"""


def told(monkeypatch: pytest.MonkeyPatch, stdout: str) -> None:
    """Let kind print something, whatever it is asked."""

    def answer(*words: str, **_: object) -> Completed:
        return Completed(argv=words, returncode=0, stdout=stdout, stderr="", seconds=0, name="kind")

    monkeypatch.setattr(clusters, "_kind", answer)


def test_the_way_in_is_files_for_the_user_alone(tmp_path: Path) -> None:
    """A key that others could read would be theirs."""
    text = KUBECONFIG.format(**{one: base64.b64encode(one.encode()).decode() for one in ("ca", "crt", "key")})

    found = clusters.credentials(text, tmp_path, "one")

    assert found.url == "https://127.0.0.1:40001"
    assert [path.read_text() for path in (found.authority, found.certificate, found.key) if path] == [
        "ca",
        "crt",
        "key",
    ]
    assert {path.stat().st_mode & 0o077 for path in tmp_path.iterdir()} == {0}


@pytest.mark.parametrize("text", ["", "{}", "clusters: []", KUBECONFIG.format(ca="%", crt="%", key="%"), "a: [b"])
def test_a_kubeconfig_that_cannot_be_read_is_said(tmp_path: Path, text: str) -> None:
    """Whose it is, and what to do."""
    with pytest.raises(TargetError, match=r"^kind's kubeconfig of one cannot be read: .*create it anew$"):
        clusters.credentials(text, tmp_path, "one")


@pytest.mark.parametrize(
    ("wrote", "says"),
    [
        pytest.param(
            "inotify_init: too many open files", "`sysctl fs.inotify.max_user_instances=1024`; its nodes'", id="files"
        ),
        pytest.param(
            "exit status 1",
            r"create the cluster one: [^;]*; `docker info` says more; its nodes' logs are in ",
            id="other",
        ),
    ],
)
def test_a_cluster_that_cannot_be_made_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wrote: str, says: str
) -> None:
    """With what its kubelet wrote where that has a remedy: kind itself says only that it waited."""
    log = tmp_path / "one-logs" / "one-control-plane" / "kubelet.log"
    log.parent.mkdir(parents=True)
    log.write_text(wrote)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(clusters, "create_network", lambda _: None)

    def answer(*words: str, **_: object) -> Completed:
        failed = words[:2] == ("create", "cluster")
        return Completed(argv=words, returncode=int(failed), stdout="", stderr="", seconds=0, name="kind")

    monkeypatch.setattr(clusters, "_kind", answer)

    with pytest.raises(TargetError, match=says):
        clusters.create(["one"], image="node:1", workers=2, network="n", directory=tmp_path)


def test_a_cluster_of_the_same_name_is_left_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It may be somebody's."""
    told(monkeypatch, "one\ntwo\n")

    with pytest.raises(TargetError, match=r"^a kind cluster two exists already: `kind delete cluster --name two`"):
        clusters.create(["two", "three"], image="node:1", workers=0, network="n", directory=tmp_path)


def test_a_cluster_without_workers_is_kinds_own() -> None:
    """Its only node is opened to pods by kind itself, which would not find it closed."""
    assert clusters.of_nodes(0)["nodes"] == [{"role": "control-plane"}]


def test_beside_workers_the_first_node_takes_pods_too() -> None:
    """So that each of three zones has a node for them."""
    first, *others = cast("list[dict[str, Any]]", clusters.of_nodes(2)["nodes"])

    assert first["role"] == "control-plane"
    assert [json.loads(one) for one in first["kubeadmConfigPatches"]] == [
        {"kind": "InitConfiguration", "nodeRegistration": {"taints": []}}
    ]
    assert others == [{"role": "worker"}, {"role": "worker"}]


def test_a_cluster_to_adopt_that_is_not_there_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """With those that there are."""
    told(monkeypatch, "one\ntwo\n")

    with pytest.raises(TargetError, match=r"^there is no kind cluster mine-primary to adopt; there are: one, two$"):
        clusters.adopt(["mine-primary"], directory=tmp_path)


def test_only_clusters_of_dead_runs_are_strays(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Somebody else's, and those of a run that lives, stay."""
    monkeypatch.setattr(reaper, "home", lambda: tmp_path)
    monkeypatch.setattr(reaper, "is_alive", lambda directory: directory.name == "lives")
    monkeypatch.setattr(reaper, "is_leased", lambda directory: directory.name == "begins")
    names = ["mine", "meshproof-lives-primary", "meshproof-begins-primary", "meshproof-dead-primary", "meshproof-"]

    assert reaper.strays(names) == {"meshproof-dead": ["meshproof-dead-primary"]}

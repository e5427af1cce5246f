"""A live run against a cluster that it did not start: it reads with the shipped rights alone, and writes nothing."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from meshproof.errors import MeshproofError, ProbeError, TargetError, UsageError
from meshproof.probes.kubernetes import Api, Credentials
from meshproof.probes.standing import Standing
from meshproof.probes.workload import Workload
from meshproof.settings import Settings
from meshproof.targets.live.contexts import cluster_of, credentials_of
from meshproof.targets.live.reader import Reader
from meshproof.targets.live.target import TARGET, Live, LiveSite
from meshproof.targets.naming import require_account, require_cluster
from tests.targets.live.conftest import NAME, OBJECTS, Foreign, declaration

Rules = list[dict[str, Any]]
DEPLOYMENT = OBJECTS[3]
READS = {"get", "list", "watch"}


def differences(api: Api, *things: dict[str, Any]) -> list[str]:
    """What of these is not there as declared."""
    standing = Standing(api)
    return [f"{one['kind']}: {says}" for one in things for says in standing.differences(one)]


@contextmanager
def reading(foreign: Foreign, name: str, rules: Rules) -> Iterator[Reader]:
    """A live site in the hands of an account with these rights."""
    foreign.account(name, rules)
    live = Live(sites=[LiveSite(name="primary", context=name)])
    with closing(live.api("primary")) as api:
        yield api


@pytest.mark.usefixtures("kubeconfig")
def test_the_shipped_rights_are_enough_and_nothing_is_written(foreign: Foreign, reader_rules: Rules) -> None:
    """Everything is seen as declared, every review is answered, and the server's own log holds reads alone."""
    with reading(foreign, "exact", reader_rules) as api:
        found = differences(api, *OBJECTS)
        may = api.may("shop/orders", "create", "pods/exec")
    rows = foreign.audited("exact")
    wrote = [one for one in rows if one["verb"] not in READS]

    assert found == []
    assert may is False
    assert {one["objectRef"]["resource"] for one in wrote} == {"subjectaccessreviews"}
    assert {one["objectRef"]["resource"] for one in rows if "objectRef" in one} >= {"deployments", "networkpolicies"}
    assert all(one["responseStatus"]["code"] < 300 for one in rows)


@pytest.mark.usefixtures("kubeconfig")
@pytest.mark.parametrize(
    ("group", "resource"),
    [("", "configmaps"), ("apps", "deployments"), ("networking.k8s.io", "networkpolicies")],
)
def test_one_right_less_is_unknown_and_named(foreign: Foreign, reader_rules: Rules, group: str, resource: str) -> None:
    """What needs it is not seen; everything else is."""
    less = [
        {**one, "resources": [each for each in one["resources"] if each != resource or one["apiGroups"] != [group]]}
        for one in reader_rules
    ]
    unseen = []
    with reading(foreign, f"without-{resource}", [one for one in less if one["resources"]]) as api:
        for one in OBJECTS:
            try:
                assert differences(api, one) == []
            except ProbeError as error:
                unseen.append(str(error))

    assert len(unseen) == 1
    assert f'cannot list resource "{resource}"' in unseen[0]
    assert "meshproof rights" in unseen[0]


@pytest.mark.usefixtures("kubeconfig")
def test_a_review_without_the_right_is_unknown_and_named(foreign: Foreign, reader_rules: Rules) -> None:
    """The one right that is no list."""
    rules = [one for one in reader_rules if one["apiGroups"] != ["authorization.k8s.io"]]
    with (
        reading(foreign, "without-reviews", rules) as api,
        pytest.raises(ProbeError, match='cannot create resource "subjectaccessreviews"'),
    ):
        api.may("shop/orders", "create", "pods/exec")


@pytest.mark.usefixtures("kubeconfig")
def test_what_was_changed_in_the_cluster_is_named(foreign: Foreign, reader_rules: Rules) -> None:
    """By the field, with both values; what is gone is said to be gone; a server's default is no difference."""
    changed = {**DEPLOYMENT, "spec": {**DEPLOYMENT["spec"], "replicas": 5}}
    gone = {**OBJECTS[2], "metadata": {"name": "other", "namespace": "shop"}}
    with reading(foreign, "drift", reader_rules) as api:
        assert differences(api, changed) == ["Deployment: spec.replicas: is 2, declared is 5"]
        assert differences(api, gone) == ["ConfigMap: is not there"]
        assert differences(api, {**DEPLOYMENT, "apiVersion": "apps/v9"}) == ["Deployment: is not there"]


@pytest.mark.usefixtures("kubeconfig")
@pytest.mark.parametrize("way", ["apply", "delete", "dry run"])
def test_no_write_leaves_the_machine(foreign: Foreign, way: str) -> None:
    """An administrator's context does not make a run write either."""
    name = f"admin-{way.replace(' ', '-')}"
    with (
        reading(foreign, name, [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]) as api,
        pytest.raises(ProbeError, match="only reads"),
    ):
        api.delete(OBJECTS[2]) if way == "delete" else api.apply(OBJECTS[2], dry_run=way == "dry run")

    assert {one["verb"] for one in foreign.audited(name)} <= READS
    assert foreign.api.get("/api/v1/namespaces/shop/configmaps/settings")["data"] == {"LIMIT": "20"}


@pytest.mark.usefixtures("kubeconfig")
def test_credentials_that_ended_are_said_to_be_so() -> None:
    """In a sentence that names the context and what to do."""
    with (
        closing(Live(sites=[LiveSite(name="primary", context="stranger")]).api("primary")) as api,
        pytest.raises(ProbeError, match="context stranger: its credentials are not valid, or not any more: log in"),
    ):
        api.get("/version")


def test_a_server_that_never_answers_is_unknown(foreign: Foreign) -> None:
    """After the time that a request is given."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"https://127.0.0.1:{silent.getsockname()[1]}"
        credentials = Credentials(url=url, authority=foreign.server.credentials.authority, token="any")  # noqa: S106 - opens nothing
        with (
            closing(Reader(credentials, context="silent", within_s=0.5)) as api,
            pytest.raises(ProbeError, match="the API server does not answer"),
        ):
            api.get("/version")


@pytest.mark.usefixtures("kubeconfig")
def test_a_wrong_context_names_those_that_are_there() -> None:
    """And the option."""
    with pytest.raises(UsageError, match=r"--primary-context prod: no such context; the kubeconfig has stranger"):
        cluster_of("prod", "--primary-context")


_ONE = "contexts: [{name: a, context: {cluster: c, user: u}}]\ncurrent-context: a\n"


@pytest.mark.parametrize(
    "text",
    ["a: [", "[]", "contexts: 3", "x", "\x00", "", _ONE + "clusters: 3\nusers: []"],
    ids=lambda text: repr(text[:9]),
)
def test_a_kubeconfig_of_another_form_is_said(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the client stumbles over in it."""
    file = tmp_path / "kubeconfig"
    file.write_text(text)
    monkeypatch.setattr("kubernetes.config.kube_config.KUBE_CONFIG_DEFAULT_LOCATION", str(file))
    monkeypatch.setenv("KUBECONFIG", str(file))

    with pytest.raises(UsageError, match=r"^the kubeconfig cannot be used: .*kubeconfig.*; set KUBECONFIG$"):
        cluster_of("a", "--primary-context")
    with pytest.raises(TargetError, match=r"^context a: gives no credentials: .*kubeconfig.*; log in again$"):
        credentials_of("a")


@pytest.mark.usefixtures("kubeconfig")
def test_a_cluster_that_is_not_declared_is_refused() -> None:
    """Before anything is asked of it."""
    with pytest.raises(UsageError, match=f"leads to the cluster somebody-elses, but .* declares {NAME}"):
        require_cluster(declaration(), "primary", "stranger", cluster_of("stranger", "--primary-context"))


@pytest.mark.parametrize(
    ("cluster", "taken"),
    [
        (NAME, True),
        (f"arn:aws:eks:eu-west-1:111122223333:cluster/{NAME}", True),
        (f"arn:aws:eks:eu-west-1:999999999999:cluster/{NAME}", False),
        (f"gke_project_europe-west4_{NAME}", False),
        (f"{NAME}-2", False),
    ],
)
def test_the_names_that_the_clouds_tools_write_are_known(cluster: str, *, taken: bool) -> None:
    """With the account where the name holds it."""
    refused = ""
    try:
        require_cluster(declaration(), "primary", "context", cluster)
    except UsageError as error:
        refused = str(error)

    assert (not refused) is taken


def test_another_account_is_refused() -> None:
    """By its number, with those that are named."""
    require_account(declaration(), "111122223333")

    with pytest.raises(UsageError, match="belong to the account 999999999999, but test names 111122223333"):
        require_account(declaration(), "999999999999")


def test_a_run_that_names_nothing_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before it begins."""
    monkeypatch.setattr("meshproof.targets.live.clients.ReadingClients.has_credentials", False)
    with pytest.raises(UsageError, match="--primary-context and --standby-context"):
        TARGET.reserve(Settings(target="live"))


def test_a_server_that_is_not_checked_is_refused(
    foreign: Foreign, kubeconfig: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It could be any cluster."""
    text = kubeconfig.read_text(encoding="utf-8")
    path = foreign.directory / "unchecked"
    authority = str(foreign.server.credentials.authority)
    path.write_text(text.replace(f'"certificate-authority": "{authority}"', '"insecure-skip-tls-verify": true'))
    monkeypatch.setattr("kubernetes.config.kube_config.KUBE_CONFIG_DEFAULT_LOCATION", str(path))

    with pytest.raises(TargetError, match="names no certificate-authority"):
        credentials_of("stranger")


@pytest.mark.usefixtures("kubeconfig")
def test_a_workload_is_seen_with_the_rights_to_read(foreign: Foreign, reader_rules: Rules) -> None:
    """Listed, as no right to get is shipped; one that is not there is unknown."""
    gone = {**DEPLOYMENT, "metadata": {"name": "gone", "namespace": "shop"}}
    with reading(foreign, "workloads", reader_rules) as api:
        state = Workload(api, DEPLOYMENT).state()
        with pytest.raises(ProbeError, match="Deployment shop/gone is not in the cluster"):
            Workload(api, gone).state()

    assert (state.is_settled, list(state.pods)) == (False, [])


@pytest.mark.usefixtures("kubeconfig")
def test_what_is_served_is_asked_for_once(foreign: Foreign, reader_rules: Rules) -> None:
    """However many checks ask: each has a client of its own."""
    foreign.account("often", reader_rules)
    live = Live(sites=[LiveSite(name="primary", context="often")])
    for _ in range(3):
        with closing(live.api("primary")) as api:
            assert differences(api, *OBJECTS) == []
    asked = [one["requestURI"] for one in foreign.audited("often")]

    assert asked.count("/apis") == 1
    assert asked.count("/apis/apps/v1") == 1


def test_its_mesh_is_not_entered_and_nobody_has_it_alone() -> None:
    """Both would change it."""
    live = Live(sites=[])

    with pytest.raises(MeshproofError, match="only reads"):
        live.mesh(declaration())
    with pytest.raises(MeshproofError, match="only reads"):
        live.held(alone=True)

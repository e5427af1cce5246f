"""Both sites with the real programs: up and down, and killed on their way. Slow, so there are few."""

from __future__ import annotations

import ipaddress
import os
import random
import signal
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner

from meshproof import cli
from meshproof.probes.http import Request
from meshproof.probes.kubernetes import Api
from meshproof.settings import read_settings
from meshproof.targets.embedded.addresses import leased
from meshproof.targets.embedded.guest import guest
from meshproof.targets.embedded.lease import VARIABLE
from meshproof.targets.embedded.mesh import Mesh
from meshproof.targets.embedded.revision import revision
from meshproof.targets.embedded.state import TargetState
from meshproof.targets.plan import declaration_of
from meshproof.toolchain.needs import readiness
from meshproof.waiting import throughout
from tests.targets.embedded.listening import listening
from tests.targets.embedded.runs import ROOT, found_here, left_of, nothing_left_of, started

READY = readiness("embedded")
pytestmark = pytest.mark.skipif(not READY.ready, reason=f"the embedded target cannot run here: {READY.reason}")


def test_up_tells_how_to_reach_both_sites_and_down_stops_them(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Kubeconfigs that only the user reads, API servers that answer, processes that are all gone afterwards."""
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("TMPDIR", str(place))
    said = CliRunner().invoke(cli.app, ["up"], catch_exceptions=False).output
    monkeypatch.delenv(VARIABLE, raising=False)
    (found,) = found_here()
    assert found.state is not None

    for site in found.state.sites:
        api = Api(site.credentials)
        assert api.is_ready()
        api.close()
        assert f"kubeconfig     {site.kubeconfig}" in said
        assert site.kubeconfig.stat().st_mode & 0o777 == 0o600
    assert {one.status < 400 for site in found.state.sites for one in site.answers} == {True}
    assert {one.namespace for site in found.state.sites for one in site.processes} >= {"shop", "istio-ingress"}
    _a_guest_serves_under_another_control_plane(found.state)

    running = (
        line.partition(":") for line in left_of(place) if "pilot-agent" not in line
    )  # its health port has no address
    heard = listening(int(pid) for pid, _, _ in running if pid.isdigit())
    assert heard
    assert {one for one in heard if not ipaddress.ip_address(one).is_loopback} == set()

    stopped = CliRunner().invoke(cli.app, ["down", found.name], catch_exceptions=False).output
    assert stopped.startswith(f"{found.name} stopped in ")
    assert nothing_left_of(place) <= 5.0


def _a_guest_serves_under_another_control_plane(state: TargetState) -> None:
    """It answers under its workload's identity and policies, and leaves no process and no object behind."""
    with closing(Mesh(state, declaration_of(read_settings(ROOT, {})))) as mesh:
        like, caller = mesh.process("orders"), mesh.client(mesh.spiffe("istio-ingress", "istio-ingressgateway"))
        with (
            leased() as addresses,
            revision(mesh, "primary", name="next", addresses=addresses) as new,
            guest(mesh, like, name="orders-guest", addresses=addresses, xds=new.control.xds) as pod,
        ):
            reply = mesh.direct(pod, Request(host="orders", path="/healthz/ready"), tls=caller)
            refused = mesh.direct(pod, Request(host="orders", path="/elsewhere"), tls=caller)
        left = mesh.api("primary").get("/apis/networking.istio.io/v1/namespaces/shop/sidecars/orders-guest-orders")
    assert (reply.status, refused.status) == (200, 403)
    assert reply.peer == (mesh.spiffe(like.namespace, like.account),)
    assert not [pid for pid in (pod.app_pid, pod.proxy_pid, new.control.pid) if Path(f"/proc/{pid}").exists()]
    assert not left


def test_a_run_that_is_killed_while_its_target_starts_leaves_nothing(place: Path) -> None:
    """Whatever of etcd, kube-apiserver, istiod and Envoy runs by then; the moment is in the failure's words."""
    moment = random.SystemRandom().uniform(3.0, 20.0)
    with started(place, "run", real=True) as run:
        throughout(lambda: run.process.returncode, lambda ended: ended is None, for_s=moment)
        ran = left_of(place)
        os.kill(run.process.pid, signal.SIGKILL)

        assert nothing_left_of(place) <= 5.0, f"killed after {moment:.2f} s, when there ran: {ran}"

"""What an API server serves, where it passes a part of that on to another server."""

import json
import threading
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final

import pytest

from meshproof.components.authority import Authority
from meshproof.errors import ProbeError
from meshproof.probes.kubernetes import Api, Credentials

GROUPS: Final = [{"versions": [{"groupVersion": one}]} for one in ("apps/v1", "metrics.k8s.io/v1beta1", "broken/v1")]
SERVED: Final = {
    "/api/v1": {"resources": [{"name": "pods", "kind": "Pod", "namespaced": True}]},
    "/apis": {"groups": GROUPS},
    "/apis/apps/v1": {"resources": [{"name": "deployments", "kind": "Deployment", "namespaced": True}]},
}


class Server(BaseHTTPRequestHandler):
    """Whom it passes metrics on to is not there."""

    def do_GET(self) -> None:
        """What is served, or a status."""
        found = SERVED.get(self.path)
        status = 200 if found else {"/apis/metrics.k8s.io/v1beta1": 503, "/apis/broken/v1": 500}.get(self.path, 404)
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(found or {"message": "no such thing"}).encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  its name in the base class
        """Keep quiet."""


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    """A client of it."""
    authority, _ = Authority.new("root").identity.write(tmp_path, "root")
    with ThreadingHTTPServer(("127.0.0.1", 0), Server) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with closing(Api(Credentials(url=f"http://127.0.0.1:{server.server_port}", authority=authority))) as found:
            yield found
        server.shutdown()


def test_whoever_is_asked_by_another_and_does_not_answer_serves_nothing(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All the rest is served."""
    monkeypatch.setitem(SERVED, "/apis", {"groups": GROUPS[:2]})

    assert api.resources == {("v1", "Pod"): ("pods", True), ("apps/v1", "Deployment"): ("deployments", True)}


@pytest.mark.parametrize(
    ("version", "is_served"),
    [
        pytest.param("apps/v1", True, id="its own"),
        pytest.param("metrics.k8s.io/v1beta1", False, id="nobody answers"),
        pytest.param("other/v1", False, id="no such group"),
    ],
)
def test_a_version_is_served_where_somebody_answers(api: Api, version: str, is_served: bool) -> None:  # noqa: FBT001
    """Whether it is there at all, or stands in a list only."""
    assert api.serves(version) == is_served


def test_a_server_that_fails_is_not_taken_for_one_without_the_version(api: Api) -> None:
    """Nothing was seen of it."""
    with pytest.raises(ProbeError, match="broken/v1: no such thing"):
        _ = api.resources

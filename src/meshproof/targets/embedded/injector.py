"""A site's injector, which its API server asks about every pod that starts: the control plane's own, as declared."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

from meshproof.errors import NotApplicable, TargetError
from meshproof.probes.kubernetes import Api
from meshproof.targets.charts import rendered
from meshproof.targets.embedded.addresses import leased
from meshproof.targets.embedded.mesh import Mesh
from meshproof.targets.embedded.mesh_settings import chart_of
from meshproof.targets.embedded.revision import revision
from meshproof.targets.embedded.translate import Object
from meshproof.waiting import until

#: Whose images the published chart names.
_HUB: Final = "docker.io/istio"
_CONFIG: Final = "istio-sidecar-injector"
_WEBHOOK: Final = "MutatingWebhookConfiguration"
_FILES: Final = ("config", "values")
_PROXY: Final = "istio-proxy"
#: No controller makes it here, and no pod is admitted without.
_ACCOUNT: Final[Object] = {
    "apiVersion": "v1",
    "kind": "ServiceAccount",
    "metadata": {"name": "default", "namespace": "default"},
}
_ASKED_WITHIN_S: Final = 30.0
_EVERY_S: Final = 0.25


@contextmanager
def injecting(mesh: Mesh, site: str) -> Iterator[None]:
    """Until the end of the block the site's API server asks an injector that is made of the declared release.

    Raises TargetError: the chart cannot be rendered, the injector does not start or is not asked.
    """
    objects = _chart(mesh, site)
    config = next(one for one in objects if one["kind"] == "ConfigMap" and one["metadata"]["name"].startswith(_CONFIG))
    hook = next(one for one in objects if one["kind"] == _WEBHOOK)
    name = str(hook["metadata"]["labels"]["istio.io/rev"])
    files = {f"var/lib/istio/inject/{one}": config["data"][one] for one in _FILES}
    with leased() as addresses, revision(mesh, site, name=name, addresses=addresses, files=files) as plane:
        api = mesh.api(site)
        root = base64.b64encode(mesh.authority.root_pem.encode()).decode()
        asked = {**hook, "webhooks": [_at(one, plane.control.webhooks, root) for one in hook["webhooks"]]}
        classes = [dict(one.values) for one in mesh.declared("PriorityClass", site=site)]
        needed: list[Object] = [*classes, _ACCOUNT, asked]
        try:
            _apply(api, needed)
            _await(api, name)
            yield
        finally:
            for one in needed:
                api.delete(one)


def _chart(mesh: Mesh, site: str) -> list[Object]:
    for one in mesh.declared("HelmRelease", site=site):
        if chart_of(one) == "istiod":
            return rendered(one, "istiod", {"global": {"hub": _HUB, "tag": mesh.state.istio_declared}})
    message = f"no HelmRelease of the chart istiod is declared at {site}"
    raise NotApplicable(message)


def _at(webhook: Mapping[str, Any], url: str, root: str) -> dict[str, Any]:
    """A webhook that is asked at an address of this machine: no Service leads there."""
    path = webhook["clientConfig"]["service"]["path"]
    return {**webhook, "clientConfig": {"url": f"{url}{path}", "caBundle": root}}


def _apply(api: Api, things: Sequence[Object]) -> None:
    for one in things:
        answer = api.apply(one)
        if not answer.accepted:
            message = f"{answer.kind} {answer.name} of the injector is refused by the API server: {answer.says}"
            raise TargetError(message)


def _await(api: Api, rev: str) -> None:
    """Wait until the injector is asked: the API server looks for new webhooks by the second."""
    metadata = {"name": "any", "namespace": "default", "labels": {"istio.io/rev": rev}}
    spec = {"containers": [{"name": "any", "image": "any"}]}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}

    def containers() -> list[str]:
        found = api.admitted(pod)[1].get("spec", {})
        return [one["name"] for one in (*found.get("initContainers", ()), *found.get("containers", ()))]

    until(containers, lambda names: _PROXY in names, within_s=_ASKED_WITHIN_S, every_s=_EVERY_S, what="injection")

"""A proxy beside a pod whose traffic nothing redirects is no sidecar: the injector was not seen to make one."""

from meshproof.declaration.model import Place
from meshproof.observation import Observed
from meshproof.verdict import Assurance
from suites.mesh.injected import Interception, Started
from suites.mesh.test_injection import _takes_what_is_declared


def test_a_proxy_without_redirection_is_a_complaint() -> None:
    """It is not left out for having nothing to compare."""
    none = frozenset[str]()
    declared = Interception(
        mode="REDIRECT", outbound="*", inbound="*", past_addresses=none, past_outbound=none, past_inbound=none
    )
    pod = Started(refused="", revision="1-29", promised="1-29", is_gateway=False, interception=None, declared=declared)
    seen = Observed(address="a", place=Place(file="a.yaml"), value=pod, assurance=Assurance.ACCEPTED)

    assert list(_takes_what_is_declared(seen)) == ["nothing redirects its traffic to the proxy"]

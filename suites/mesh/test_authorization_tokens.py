"""Customers' tokens: what the gateway makes of each, and that no token is worth anything beside the gateway."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Final

from fixtures.calls import somewhere
from meshproof import Control, Level, Pillar, checks, edit, judge
from meshproof.declaration.model import Declaration
from meshproof.observation import Observed
from meshproof.probes.http import Line, Reply, Request
from meshproof.targets.embedded import issuer
from meshproof.targets.protocols import Mesh, Process
from suites.mesh import promised
from suites.mesh.truth_table import FETCHED, METHODS, REFUSALS, Caller, Judge, asked, bearer, callers, claims

SHOWN_BY = ("embedded", "kind")
ELSEWHERE = "https://elsewhere.example"
#: What customers may ask for.
PATHS = ("/catalogue", "/catalogue/1", "/orders", "/orders/1")
#: Methods that the gateway opens to customers on all of these.
READS = ("GET", "HEAD")


def bad_tokens(mesh: Mesh, as_built: Declaration, site: str, directory: Path) -> Mapping[str, Mapping[str, str]]:
    """Headers by what is wrong with them; the rest of each token is good."""
    good = claims(as_built, site)
    signed = mesh.token(good)
    head, body, signature = signed.split(".")
    later = mesh.token({**good, "nbf": datetime.now(UTC) + timedelta(hours=1)})
    wrong = {
        "an expired token": mesh.token(good, expires=datetime.now(UTC) - timedelta(hours=1)),
        "a token for another audience": mesh.token({**good, "aud": ELSEWHERE}),
        "a token of another issuer": mesh.token({**good, "iss": ELSEWHERE}),
        "a token signed with another key": mesh.token(good, key=issuer.new_key(directory / "other.key")),
        "a token that is not yet valid": later,
        "a token without its signature": f"{head}.{body}.",
        "a token with another's body": f"{head}.{later.split('.')[1]}.{signature}",
        "no token but a word": "customer",
    }
    return {"no token": {}, **{what: bearer(one) for what, one in wrong.items()}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Knock:
    """One request at the gateway, and what came back."""

    what: str
    good: bool
    reply: Reply


TOKENS = Control(
    id="AUTHZ-104",
    title="The gateway MUST let a customer in with a valid token only, and refuse by itself whatever else is shown",
    system="istio",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source="https://istio.io/latest/docs/reference/config/security/request_authentication/",
    remedy="Name issuer and audiences in the RequestAuthentication; demand requestPrincipals in the gateway's policy.",
    targets=SHOWN_BY,
    relates=("RequestAuthentication", "AuthorizationPolicy", "Gateway", "ServiceEntry"),
    frameworks={"nist": "IA-8", "pci": "8.3.1", "soc2": "CC6.1"},
    mutants=[
        edit(
            "RequestAuthentication",
            "istio-system/customers",
            {"spec": {"jwtRules": [{"audiences": None}]}},
            says="a token for another audience",
        ),
        edit(
            "AuthorizationPolicy",
            "primary:istio-ingress/ingressgateway",
            {"spec": {"rules": [{"from": None}]}},
            says="passes GET /catalogue on with no token",
        ),
        edit(
            "RequestAuthentication",
            "istio-system/customers",
            {"spec": {"jwtRules": [{"issuer": ELSEWHERE}]}},
            says="refuses GET /orders with a good token",
        ),
    ],
)


@checks(TOKENS)
def test_the_gateway_lets_in_good_tokens_only(mesh: Mesh, as_built: Declaration, tmp_path: Path) -> None:
    """A customer from outside, with every kind of token, at every door that is open to customers."""
    findings = judge(_knocks(mesh, as_built, tmp_path), _opens_to_the_good)

    assert not findings.broken, findings.table()


def _knocks(mesh: Mesh, as_built: Declaration, directory: Path) -> Iterator[Observed[Knock]]:
    for process in mesh.processes(app="istio-ingressgateway"):
        good = {"a good token": bearer(mesh.token(claims(as_built, process.site)))}
        shown = {**good, **bad_tokens(mesh, as_built, process.site, directory)}
        host = promised.shop_host(as_built, process.site)
        with _outside(mesh, process) as line:
            for (token, headers), path, method in product(shown.items(), PATHS, READS):
                reply = line.ask(Request(host=host, path=path, method=method, headers={**headers, **somewhere()}))
                what = f"{method} {path} {{}}with {token}"
                yield mesh.observed(process, Knock(what=what, good=token in good, reply=reply))


def _outside(mesh: Mesh, process: Process) -> Line:
    return Line(process.address, process.ports["https"], tls=mesh.anonymous())


def _opens_to_the_good(seen: Observed[Knock]) -> str | None:
    knock, reply = seen.value, seen.value.reply.seen("the gateway")
    if knock.good:
        return None if reply.status == 200 else f"refuses {knock.what.format('')}: {reply}"  # noqa: PLR2004  # OK
    if FETCHED in reply.headers or reply.status not in REFUSALS:
        return f"passes {knock.what.format('on ')}: {reply}"
    return None


BESIDE = Control(
    id="AUTHZ-105",
    title="No valid token of a customer MUST open a workload to anybody but the gateway",
    system="zerotrust",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source="https://istio.io/latest/docs/ops/best-practices/security/",
    remedy="Demand the gateway's principal beside requestPrincipals in every rule that a customer's token opens.",
    targets=SHOWN_BY,
    relates=("AuthorizationPolicy", "RequestAuthentication"),
    frameworks={"nist": "SC-7", "soc2": "CC6.6"},
    mutants=[
        edit(
            "AuthorizationPolicy",
            "primary:shop/orders",
            {"spec": {"rules": [{"from": [{"source": {"principals": None}}]}]}},
            says="opens to",
        ),
        edit(
            "AuthorizationPolicy",
            "standby:shop/catalogue",
            {"spec": {"rules": [{"from": [{"source": {"principals": ["shop.meshproof/ns/istio-ingress/*"]}}]}]}},
            says="opens to shop.meshproof/ns/istio-ingress/sa/istio-eastwestgateway",
        ),
    ],
)


@checks(BESIDE)
def test_a_token_is_worth_nothing_beside_the_gateway(mesh: Mesh, as_built: Declaration) -> None:
    """Every identity but the gateway's, and nobody at all, shows a good token directly to each workload."""
    findings = judge(_beside(mesh, as_built), _stays_shut)

    assert not findings.broken, findings.table()


#: Callers that no proxy of the mesh lets in at all.
NOBODY: Final = ("plain text", "no certificate")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What one caller got for the same request without and with a good token; `named` where the mesh knows it."""

    named: bool
    who: str
    what: str
    without: Reply
    token: Reply


def _beside(mesh: Mesh, as_built: Declaration) -> Iterator[Observed[Shown]]:
    gateway = mesh.process("istio-ingressgateway")
    door = mesh.spiffe(gateway.namespace, gateway.account)
    named = [one for one in callers(mesh, as_built) if f"spiffe://{one.principal}" != door]
    nobody = [Caller(principal=one, tls=tls) for one, tls in zip(NOBODY, (None, mesh.anonymous()), strict=True)]
    for process in mesh.processes(kind="echo"):
        for caller in (*named, *nobody):
            yield from _compared(mesh, Judge(mesh, as_built, process), caller)


def _compared(mesh: Mesh, judge: Judge, caller: Caller) -> Iterator[Observed[Shown]]:
    own = f"/{judge.process.labels['app']}"
    requests = list(product(METHODS, (own, f"{own}/1")))
    rows = [judge.row(caller, path, method=method, token=token) for method, path in requests for token in (False, True)]
    replies = [seen.value[1] for seen in asked(mesh, rows)]
    for (method, path), without, token in zip(requests, replies[::2], replies[1::2], strict=True):
        named = caller.principal not in NOBODY
        shown = Shown(named=named, who=caller.principal, what=f"{method} {path}", without=without, token=token)
        yield mesh.observed(judge.process, shown)


def _stays_shut(seen: Observed[Shown]) -> str | None:
    shown = seen.value
    if shown.token.answered and not shown.without.answered:
        return f"opens to {shown.who} with a token: {shown.what}: {shown.token}"
    if shown.named:
        shown.without.seen(f"{shown.who} without a token")
        shown.token.seen(f"{shown.who} with a token")
    if shown.token.answered and shown.token.status not in (*REFUSALS, shown.without.status):
        return f"opens to {shown.who} with a token: {shown.what}: {shown.token} instead of {shown.without}"
    return None

"""Who is who in the mesh, and who may call whom."""

from collections.abc import Iterator, Mapping

from meshproof import Control, Level, Pillar, checks, edit, judge, remove
from meshproof.declaration.platform import Item, Platform
from suites.policy.quantities import outside, seconds
from suites.policy.workloads import WORKLOADS, meshed, pod_labels, principal_of, selects, texts, workloads_of

ISTIO = "https://istio.io/latest/docs/"

#: Where Istio looks for what holds in the whole mesh.
ROOT = "istio-system"

STRICT = Control(
    id="MESH-001",
    title="Mutual TLS MUST be STRICT for the whole mesh, and nothing may weaken it",
    system="istio",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source=f"{ISTIO}reference/config/security/peer_authentication/",
    remedy="Declare one PeerAuthentication STRICT in the root namespace; remove PERMISSIVE, DISABLE and port exceptions.",
    frameworks={"nist": "SC-8", "pci": "4.2.1", "hipaa": "164.312(e)(1)", "soc2": "CC6.7"},
    relates=("PeerAuthentication", "Namespace"),
    mutants=[
        edit(
            "PeerAuthentication",
            "primary:istio-system/default",
            {"spec": {"mtls": {"mode": "PERMISSIVE"}}},
            says="accepts plaintext",
        ),
        remove("PeerAuthentication", "standby:istio-system/default", says="accepts plaintext"),
    ],
)


@checks(STRICT)
def test_mutual_tls_is_strict(platform: Platform) -> None:
    """Every namespace with proxies lies under STRICT, and no policy below it says otherwise."""
    policies = platform.all("PeerAuthentication")

    def strict(namespace: Item) -> Iterator[str]:
        above = [one for one in policies if one.site == namespace.site and one.namespace in (ROOT, namespace.name)]
        if not any(one.text("spec.mtls.mode") == "STRICT" and not one.has("spec.selector") for one in above):
            yield "accepts plaintext: no STRICT PeerAuthentication above it"
        yield from (
            f"{one.name} weakens mutual TLS"
            for one in above
            if one.text("spec.mtls.mode") != "STRICT" or one.has("spec.portLevelMtls")
        )

    findings = judge(meshed(platform), strict)

    assert not findings.broken, findings.table()


DENIED = Control(
    id="MESH-002",
    title="Every namespace of the mesh MUST deny by default, and every workload in it MUST have a policy of its own",
    system="istio",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source=f"{ISTIO}ops/best-practices/security/#use-default-deny-patterns",
    remedy="Keep an empty AuthorizationPolicy in the root namespace and in that of the applications; add an ALLOW for each workload.",
    frameworks={"nist": "AC-3", "pci": "7.2.1", "soc2": "CC6.1"},
    relates=("AuthorizationPolicy", "Namespace", "Rollout"),
    mutants=[
        remove("AuthorizationPolicy", "primary:istio-system/allow-nothing", says="allows what no policy names"),
        remove(
            "AuthorizationPolicy",
            "standby:shop/orders",
            says="no policy says who may call orders",
            name="without-orders",
        ),
        edit(
            "AuthorizationPolicy", "primary:shop/payments", {"spec": {"selector": None}}, says="who may call payments"
        ),
    ],
)


@checks(DENIED)
def test_the_mesh_denies_by_default(platform: Platform) -> None:
    """Nothing is allowed that no policy names, and each workload is named."""
    policies = platform.all("AuthorizationPolicy")

    def denied(namespace: Item) -> Iterator[str]:
        near = [one for one in policies if one.site == namespace.site and one.namespace in (ROOT, namespace.name)]
        blank = {one.namespace for one in near if not one.mapping("spec")}
        rolled = platform.all("Rollout", site=namespace.site, namespace=namespace.name)
        if ROOT not in blank or (rolled and namespace.name not in blank):
            yield "allows what no policy names: no empty AuthorizationPolicy holds here"
        for workload in platform.all(*WORKLOADS, site=namespace.site, namespace=namespace.name):
            if not _called(platform, workload):
                continue
            if not any(
                one.has("spec.selector.matchLabels") and selects(one.mapping("spec.selector"), pod_labels(workload))
                for one in near
            ):
                yield f"no policy says who may call {workload.name}"

    findings = judge(meshed(platform), denied)

    assert not findings.broken, findings.table()


def _called(platform: Platform, workload: Item) -> bool:
    """Whether a Service leads to the proxy of these pods."""
    labels = pod_labels(workload)
    services = platform.all("Service", site=workload.site, namespace=workload.namespace)
    return labels.get("sidecar.istio.io/inject") != "false" and any(
        one.mapping("spec.selector") and selects(one.mapping("spec.selector"), labels) for one in services
    )


CALLERS = Control(
    id="MESH-003",
    title="Every ALLOW rule MUST say who and what: a principal that runs in this mesh, or an address or token, and an operation",
    system="istio",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source=f"{ISTIO}reference/config/security/authorization-policy/",
    remedy="Name principals of declared workloads and ports, methods or paths; leave a rule without source only for one exact path.",
    frameworks={"nist": "AC-6", "pci": "7.2.5", "soc2": "CC6.3"},
    relates=("AuthorizationPolicy", "ServiceAccount", "Rollout", "Deployment"),
    mutants=[
        edit(
            "AuthorizationPolicy",
            "primary:shop/payments",
            {"spec": {"rules": [{"from": [{"source": {"principals": ["shop.meshproof/ns/shop/sa/nobody"]}}]}]}},
            says="nobody",
        ),
        edit(
            "AuthorizationPolicy",
            "primary:shop/orders",
            {"spec": {"rules": [{"to": [None]}]}},
            says="any operation",
            name="any-operation",
        ),
        edit(
            "AuthorizationPolicy",
            "standby:shop/catalogue",
            {"spec": {"rules": [{}, {"from": [None]}]}},
            says="anyone",
            name="anyone",
        ),
        edit(
            "AuthorizationPolicy",
            "primary:istio-ingress/eastwestgateway",
            {"spec": {"rules": [{"from": [{"source": {"ipBlocks": ["0.0.0.0/0"]}}]}]}},
            says="the whole internet",
        ),
    ],
)


@checks(CALLERS)
def test_every_allow_names_who_and_what(platform: Platform) -> None:
    """No rule opens more than named operations to named callers."""
    known = {(one.site, principal_of(one)) for one in platform.all(*WORKLOADS)}
    accounts = {(one.site, f"ns/{one.namespace}/sa/{one.name}") for one in platform.all("ServiceAccount")}

    def named(policy: Item) -> Iterator[str]:
        pods = workloads_of(platform, policy.mapping("spec.selector"), site=policy.site, namespace=policy.namespace)
        if not policy.mapping("spec.selector") or not pods:
            yield f"selects no workload by {dict(policy.mapping('spec.selector'))}"
        for rule in policy.mappings("spec.rules"):
            sources = [_inner(one, "source") for one in _list(rule, "from")]
            operations = [_inner(one, "operation") for one in _list(rule, "to")]
            exact = all(one.get("paths") and not any("*" in path for path in texts(one["paths"])) for one in operations)
            if not operations or not all(operations):
                yield "a rule allows any operation"
            if not all(sources) or (not sources and not (operations and exact)):
                yield "a rule allows anyone"
            for source in sources:
                yield from _strangers(source, policy, known & accounts)

    findings = judge([one for one in platform.all("AuthorizationPolicy") if one.mapping("spec").get("rules")], named)

    assert not findings.broken, findings.table()


def _list(rule: Mapping[str, object], key: str) -> list[object]:
    value = rule.get(key)
    return list(value) if isinstance(value, (list, tuple)) else []


def _inner(node: object, key: str) -> Mapping[str, object]:
    found = node.get(key) if isinstance(node, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def _strangers(source: Mapping[str, object], policy: Item, known: set[tuple[str, str]]) -> Iterator[str]:
    for principal in texts(_list(source, "principals")):
        if (policy.site, principal.partition("/")[2]) not in known:
            yield f"allows {principal}, which no workload is"
    if any(block.endswith("/0") for block in texts(_list(source, "ipBlocks"))):
        yield "allows the whole internet"


#: Seconds that the mesh waits for the keys of the identity provider.
KEYS_S = (1, 10)

CUSTOMERS = Control(
    id="MESH-004",
    title="Customers' tokens MUST be verified against an issuer that is reachable, and demanded wherever the gateway lets customers in",
    system="istio",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source=f"{ISTIO}reference/config/security/request_authentication/",
    remedy="State issuer, audiences and jwksUri over https, register the issuer's host, and demand requestPrincipals of it.",
    frameworks={"nist": "IA-8", "pci": "8.3.1", "soc2": "CC6.1"},
    relates=("RequestAuthentication", "AuthorizationPolicy", "ServiceEntry", "EnvoyFilter"),
    mutants=[
        edit(
            "RequestAuthentication",
            "primary:istio-system/customers",
            {"spec": {"jwtRules": [{"jwksUri": "http://keys.example/jwks"}]}},
            says="keys from http://",
        ),
        remove("ServiceEntry", "standby:istio-system/login", says="is not registered"),
        edit(
            "RequestAuthentication",
            "primary:istio-system/customers",
            {"spec": {"jwtRules": [{"outputClaimToHeaders": [None]}]}},
            says="x-customer",
        ),
    ],
)


@checks(CUSTOMERS)
def test_tokens_are_verified_and_demanded(platform: Platform) -> None:
    """Keys come over TLS from a registered issuer, policies demand its tokens, and limits count by its claims."""
    hosts = {(one.site, host) for one in platform.all("ServiceEntry") for host in texts(one.sequence("spec.hosts"))}
    demanded = {
        (policy.site, who.removesuffix("/*"))
        for policy in platform.all("AuthorizationPolicy")
        for rule in policy.mappings("spec.rules")
        for one in _list(rule, "from")
        for who in texts(_list(_inner(one, "source"), "requestPrincipals"))
    }
    counted = {(one.site, header) for one in platform.all("EnvoyFilter") for header in _headers(one.mapping("spec"))}

    def verified(policy: Item) -> Iterator[str]:
        rules = policy.mappings("spec.jwtRules")
        if not rules:
            yield "verifies no token"
        given = {
            str(_inner({"one": claim}, "one").get("header"))
            for rule in rules
            for claim in _list(rule, "outputClaimToHeaders")
        }
        yield from (
            f"limits count by {header}, which no token gives"
            for site, header in counted
            if site == policy.site and header not in given
        )
        for rule in rules:
            issuer, keys = str(rule.get("issuer")), str(rule.get("jwksUri"))
            if not keys.startswith(f"{issuer}/") or not keys.startswith("https://") or not rule.get("audiences"):
                yield f"takes keys from {keys} for {issuer}"
            if (policy.site, keys.split("/")[2]) not in hosts:
                yield f"{keys} is not registered with the mesh"
            if (policy.site, issuer) not in demanded:
                yield f"no policy demands a token of {issuer}"
            if rule.get("forwardOriginalToken") is not True:
                yield "the token is not forwarded, so services behind the gateway cannot verify it"
            if text := outside("timeout", seconds(rule.get("timeout")), KEYS_S):
                yield text

    findings = judge(platform.all("RequestAuthentication"), verified)

    assert not findings.broken, findings.table()


def _headers(node: object) -> Iterator[str]:
    """The request headers that rate limits count by."""
    if isinstance(node, Mapping):
        named = node.get("request_headers")
        if isinstance(named, Mapping) and isinstance(named.get("header_name"), str):
            yield str(named["header_name"])
        for value in node.values():
            yield from _headers(value)
    elif isinstance(node, (list, tuple)):
        for value in node:
            yield from _headers(value)

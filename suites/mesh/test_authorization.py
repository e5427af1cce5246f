"""Who may ask what of whom: decided by Envoy, expected by an evaluator of the declared policies."""

from meshproof import Control, Level, Pillar, checks, edit, judge
from meshproof.declaration.model import Declaration
from meshproof.targets.protocols import Mesh
from suites.mesh.truth_table import asked, table, wrongly_allowed, wrongly_denied

SHOWN_BY = ("embedded", "kind")
POLICY = "https://istio.io/latest/docs/reference/config/security/authorization-policy/"

NO_FALSE_ALLOW = Control(
    id="AUTHZ-101",
    title="No workload MUST answer what the declared policies do not allow, whoever asks, with or without a token",
    system="zerotrust",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source=POLICY,
    remedy="Compare the AuthorizationPolicies of the cluster with those declared; look for one that was added by hand.",
    targets=SHOWN_BY,
    relates=("AuthorizationPolicy", "HelmRelease", "Gateway", "ServiceEntry"),
    frameworks={"nist": "AC-3", "pci": "7.2.1", "hipaa": "164.312(a)(1)", "soc2": "CC6.1"},
    mutants=[
        edit(
            "AuthorizationPolicy",
            "primary:shop/payments",
            {"spec": {"rules": [{"from": [{"source": {"principals": ["*/sa/orders"]}}]}]}},
            says="by shop.meshproof/ns/nowhere/sa/orders",
        ),
        edit(
            "AuthorizationPolicy",
            "standby:shop/catalogue",
            {"spec": {"rules": [{"to": [{"operation": {"paths": ["/catalogue*"]}}]}]}},
            says="allows GET /cataloguex",
        ),
        edit(
            "AuthorizationPolicy",
            "primary:shop/orders",
            {"spec": {"rules": [{"from": [{"source": {"requestPrincipals": None}}]}]}},
            says="istio-ingressgateway with no token",
        ),
    ],
)


@checks(NO_FALSE_ALLOW)
def test_nothing_is_answered_that_no_policy_allows(mesh: Mesh, as_built: Declaration) -> None:
    """Every identity asks every workload for every path by every method, with and without a token."""
    denied = (one for one in table(mesh, as_built) if not one.allowed)
    findings = judge(asked(mesh, denied), wrongly_allowed)

    assert not findings.broken, findings.table()


NO_FALSE_DENIAL = Control(
    id="AUTHZ-102",
    title="Every workload MUST answer all that the declared policies allow",
    system="zerotrust",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source=POLICY,
    remedy="Compare the AuthorizationPolicies of the cluster with those declared; look for a DENY, or a token that no longer counts.",
    targets=SHOWN_BY,
    relates=("AuthorizationPolicy", "HelmRelease", "Gateway", "ServiceEntry"),
    frameworks={"nist": "AC-3", "soc2": "A1.2"},
    mutants=[
        edit("AuthorizationPolicy", "primary:shop/payments", {"spec": {"action": "DENY"}}, says="denies GET /payments"),
        edit(
            "RequestAuthentication",
            "istio-system/customers",
            {"spec": {"jwtRules": [{"audiences": ["https://elsewhere.example"]}]}},
            says="with a good token: HTTP 403",
        ),
    ],
)


@checks(NO_FALSE_DENIAL)
def test_all_that_policies_allow_is_answered(mesh: Mesh, as_built: Declaration) -> None:
    """The rows of the same table that a policy allows."""
    allowed = (one for one in table(mesh, as_built) if one.allowed)
    findings = judge(asked(mesh, allowed), wrongly_denied)

    assert not findings.broken, findings.table()

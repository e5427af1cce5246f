"""What Route 53's checkers ask for, and every door on the way to it."""

from collections.abc import Iterator
from typing import Any

from meshproof import Control, Level, Pillar, checks, edit, judge, remove
from meshproof.declaration.platform import Item, Platform
from meshproof.mutant import matches

DOORS = Control(
    id="DR-026",
    title="What a health check of a site asks for MUST be let through by each door on its way: balancer, gateway, route",
    system="dr",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source="https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/health-checks-creating-values.html",
    remedy="Route 53 names in the Host header what fqdn says: admit that name for the page, or ask by a name that is admitted.",
    relates=(
        "aws_route53_health_check",
        "aws_route53_record",
        "aws_lb_listener_rule",
        "AuthorizationPolicy",
        "VirtualService",
    ),
    frameworks={"nist": "CP-10", "soc2": "A1.2"},
    mutants=[
        remove("aws_lb_listener_rule", "*ingress*.probe", says="the load balancer forwards no"),
        edit(
            "aws_lb_listener_rule",
            "*ingress*.probe",
            {"condition": [{}, {"path_pattern": [{"values": ["/livez"]}]}]},
            says="the load balancer forwards no",
        ),
        edit(
            "AuthorizationPolicy",
            "primary:istio-ingress/ingressgateway",
            {"spec": {"rules": [{}, {"to": [{"operation": {"hosts": ["shop.example.com"]}}]}]}},
            says="the gateway allows nobody",
        ),
        edit(
            "VirtualService",
            "primary:shop/edge-health",
            {"spec": {"hosts": ["elsewhere.example"]}},
            says="no route leads",
        ),
        edit(
            "aws_route53_health_check",
            "*failover*.standby",
            {"resource_path": "/ready"},
            says="the gateway allows nobody",
        ),
    ],
)


@checks(DOORS)
def test_checkers_are_let_through(platform: Platform) -> None:
    """The name and the page of each check of a site, held to what balancer, gateway and routes of the site admit."""
    asked = [one for one in platform.all("aws_route53_health_check") if one.text("resource_path")]
    findings = judge(asked, _is_let_through)

    assert not findings.broken, findings.table()


def _is_let_through(check: Item) -> Iterator[str]:
    host, path = _host(check), check.text("resource_path")
    # A site that is asked by its address is the other cloud's, which has no balancer of AWS.
    site = "standby" if check.has("ip_address") else "primary"
    balancers = check.platform.all("aws_lb_listener_rule") if site == "primary" else []
    if site == "primary" and not any(_forwards(one, host, path) for one in balancers):
        yield f"asks {host} for {path}: the load balancer forwards no such request"
    policies = check.platform.all("AuthorizationPolicy", site=site, namespace="istio-ingress")
    if not any(_allows(one, host, path) for one in policies):
        yield f"asks {host} for {path}: the gateway allows nobody to"
    if not any(_leads(one, host, path) for one in check.platform.all("VirtualService", site=site)):
        yield f"asks {host} for {path}: no route leads there"


def _host(check: Item) -> str:
    """What the Host header names: the record's own name where the provider says its full one only after apply."""
    records = check.refers("fqdn", "aws_route53_record")
    return records[0].text("name") if records else check.text("fqdn")


def _forwards(rule: Item, host: str, path: str) -> bool:
    conditions = rule.mappings("condition")
    named = [_values(one, "host_header") for one in conditions if one.get("host_header")]
    paths = [_values(one, "path_pattern") for one in conditions if one.get("path_pattern")]
    return all(_any(host, one) for one in named) and all(_any(path, one) for one in paths)


def _values(condition: Any, name: str) -> list[str]:
    return [str(value) for block in condition[name] for value in block["values"]]


def _allows(policy: Item, host: str, path: str) -> bool:
    """Whether somebody without a token may ask."""
    rules = [one for one in policy.mappings("spec.rules") if not one.get("from") and not one.get("when")]
    asked = [to["operation"] for one in rules for to in one.get("to", ())]
    return any(_any(host, one.get("hosts", ())) and _any(path, one.get("paths", ())) for one in asked)


def _leads(service: Item, host: str, path: str) -> bool:
    if host not in service.sequence("spec.hosts"):
        return False
    found = [
        uri for one in service.mappings("spec.http") for match in one.get("match", ()) for uri in [match.get("uri", {})]
    ]
    return any(uri.get("exact") == path or (uri.get("prefix") and path.startswith(uri["prefix"])) for uri in found)


def _any(value: str, patterns: Any) -> bool:
    return any(matches(value, str(one)) for one in patterns)

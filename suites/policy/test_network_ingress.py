"""The public ways in: load balancers, firewalls and health checks of both sites mean the same."""

from meshproof import Control, Level, Pillar, checks, edit, judge, remove
from meshproof.declaration.platform import Item, Platform
from suites.policy.classes import GUARDED, due

PROBES = Control(
    id="NET-020",
    title="Both load balancers MUST ask the gateway the same question, the one its own readiness answers",
    system="network",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source="https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html",
    remedy="Give target group and health check the path and port of the gateway's readiness, and equal timing.",
    relates=("aws_lb_target_group", "google_compute_health_check", "Deployment", "Service", "TargetGroupBinding"),
    frameworks={"nist": "CP-10", "soc2": "A1.2"},
    mutants=[
        edit("aws_lb_target_group", "*.gateway", {"health_check": [{"path": "/"}]}, says="no readiness"),
        edit("google_compute_health_check", "*.gateway", {"check_interval_sec": 30}, says="30"),
        edit(
            "TargetGroupBinding",
            "istio-ingress/ingressgateway",
            {"spec": {"serviceRef": {"port": 80}}},
            says="no Service",
        ),
    ],
)


@checks(PROBES)
def test_both_sites_probe_the_gateway_alike(platform: Platform) -> None:
    """Path, port and timing of both health checks agree with each other and with the gateway's readiness probe."""
    near, far = platform.all("aws_lb_target_group"), platform.all("google_compute_health_check")
    ready = {_readiness(one) for one in platform.all("Deployment")}
    bound = {port for one in platform.all("TargetGroupBinding") for port in _bound(platform, one)}
    asked = {_question(one) for one in near + far}

    def alike(check: Item) -> list[str]:
        path, port, interval, timeout, *_ = question = _question(check)
        said = [f"asks {question}, another site {one}" for one in sorted(asked - {question}) if near and far]
        if (path, port) not in ready:
            said.append(f"asks {path} on {port}, which is no readiness of a Deployment")
        if not 0 < float(timeout) < float(interval):
            said.append(f"waits {timeout} s of {interval} s")
        if check.kind == "aws_lb_target_group":
            if (own := f"{check.number('port') or 0:.0f}") not in bound:
                said.append(f"sends to port {own}; no Service is bound to it, only {sorted(bound)}")
            if check.get("health_check.0.enabled") is not True or check.text("health_check.0.matcher") != "200":
                said.append("takes any answer for health")
        elif check.get("log_config.0.enable") is not True:
            said.append("does not log what it found")
        return said

    findings = judge(near + far, alike)

    assert not findings.broken, findings.table()


def _question(check: Item) -> tuple[str, ...]:
    if check.kind == "aws_lb_target_group":
        paths = ("path", "port", "interval", "timeout", "healthy_threshold", "unhealthy_threshold")
        return tuple(_plain(check, f"health_check.0.{name}") for name in paths)
    paths = ("http_health_check.0.request_path", "http_health_check.0.port", "check_interval_sec", "timeout_sec",
             "healthy_threshold", "unhealthy_threshold")  # fmt: skip
    return tuple(_plain(check, name) for name in paths)


def _plain(item: Item, path: str) -> str:
    number = item.number(path)
    return item.text(path) if number is None else f"{number:.0f}"


def _readiness(deployment: Item) -> tuple[str, str]:
    at = "spec.template.spec.containers.0.readinessProbe.httpGet"
    return deployment.text(f"{at}.path"), deployment.text(f"{at}.port")


def _bound(platform: Platform, binding: Item) -> list[str]:
    """Container ports behind the Service port that a binding names."""
    name, port = binding.text("spec.serviceRef.name"), binding.text("spec.serviceRef.port")
    found = []
    for service in platform.all("Service", site=binding.site, namespace=binding.namespace):
        targets = {str(one.get("targetPort")) for one in service.mappings("spec.ports") if str(one.get("port")) == port}
        for one in platform.all("Deployment", site=binding.site, namespace=binding.namespace):
            same = one.text("spec.selector.matchLabels.app") == service.text("spec.selector.app")
            if service.text("metadata.name") == name and same:
                ports = one.mappings("spec.template.spec.containers.0.ports")
                found += [
                    str(p.get("containerPort"))
                    for p in ports
                    if {str(p.get("name")), str(p.get("containerPort"))} & targets
                ]
    return found


BALANCERS = Control(
    id="NET-021",
    title="Both load balancers MUST wait, drain and refuse alike, and be logged and protected",
    system="network",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source="https://docs.aws.amazon.com/elasticloadbalancing/latest/application/application-load-balancers.html",
    remedy="Set the switch that the finding names; keep idle timeout and draining equal to the other site's.",
    relates=(
        "aws_lb",
        "aws_lb_target_group",
        "aws_lb_listener",
        "google_compute_backend_service",
        "google_compute_url_map",
    ),
    frameworks={"nist": "SC-5", "pci": "4.2.1", "cis": "AWS 2.9", "soc2": "A1.2"},
    mutants=[
        edit("aws_lb", "module.primary_ingress.*", {"idle_timeout": 600}, says="600"),
        edit("google_compute_backend_service", "*.gateway", {"connection_draining_timeout_sec": 300}, says="300"),
        edit("aws_lb", "module.primary_ingress.*", {"enable_waf_fail_open": True}, says="enable_waf_fail_open"),
        edit(
            "google_compute_url_map",
            "module.standby_ingress.*",
            {"default_route_action": [{"fault_injection_policy": [{"abort": [{"http_status": 404}]}]}]},
            says="404",
        ),
    ],
)

SWITCHES: dict[str, object] = {
    "drop_invalid_header_fields": True, "enable_deletion_protection": GUARDED, "enable_http2": True, "internal": False,
    "enable_tls_version_and_cipher_suite_headers": True, "enable_waf_fail_open": False, "enable_zonal_shift": True,
    "enable_xff_client_port": False, "preserve_host_header": True,
    "access_logs.0.enabled": True, "connection_logs.0.enabled": True,
}  # fmt: skip
#: A connection is kept for a page's visit, and renewed often enough that a new address is noticed within the hour.
KEEP_ALIVE_S = (600, 3600)


@checks(BALANCERS)
def test_both_sites_balance_alike(platform: Platform) -> None:
    """Timeouts, draining and the answer to a foreign host are equal at both sites; the primary's switches stand right."""
    near = platform.all("aws_lb", "aws_lb_target_group", "aws_lb_listener")
    far = platform.all("google_compute_backend_service", "google_compute_url_map", "google_compute_target_https_proxy")
    said: dict[str, set[str]] = {}
    for one in near + far:
        for name, value in _manners(one).items():
            said.setdefault(name, set()).add(value)

    def alike(one: Item) -> list[str]:
        broken = [f"{name} is {value} here and {sorted(said[name] - {value})} elsewhere"
                  for name, value in _manners(one).items() if near and far and len(said[name]) > 1]  # fmt: skip
        if one.kind == "aws_lb":
            broken += [
                f"{path} is not {due(wanted, one)}"
                for path, wanted in SWITCHES.items()
                if one.get(path, default=False) is not due(wanted, one)
            ]
        for path in ("client_keep_alive", "http_keep_alive_timeout_sec"):
            kept = one.number(path)
            if kept is not None and not KEEP_ALIVE_S[0] <= kept <= KEEP_ALIVE_S[1]:
                broken.append(f"keeps a client's connection for {kept:.0f} s")
        return broken

    findings = judge(near + far, alike)

    assert not findings.broken, findings.table()


_MANNERS = {
    "aws_lb": {"patience": "idle_timeout"},
    "aws_lb_target_group": {"draining": "deregistration_delay"},
    "aws_lb_listener": {"refusal": "default_action.0.fixed_response.0.status_code"},
    "google_compute_backend_service": {"patience": "timeout_sec", "draining": "connection_draining_timeout_sec"},
    "google_compute_url_map": {"refusal": "default_route_action.0.fault_injection_policy.0.abort.0.http_status"},
}


def _manners(item: Item) -> dict[str, str]:
    return {name: _plain(item, path) for name, path in _MANNERS.get(item.kind, {}).items()}


EDGE = Control(
    id="NET-022",
    title="Both firewalls MUST let in the same callers, at the same rate, block what they recognise and guard a balancer",
    system="network",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source="https://docs.aws.amazon.com/waf/latest/developerguide/waf-rule-statement-type-rate-based.html",
    remedy="Keep the prefix list equal to the security policy's ranges, and the two rate limits equal.",
    relates=(
        "aws_ec2_managed_prefix_list",
        "google_compute_security_policy",
        "aws_wafv2_web_acl",
        "aws_lb",
        "aws_wafv2_web_acl_association",
    ),
    frameworks={"nist": "SC-5", "pci": "6.4.2", "soc2": "CC6.6"},
    mutants=[
        edit("aws_ec2_managed_prefix_list", "*.edge", {"entry": [{}, None]}, says="lets in"),
        edit(
            "aws_wafv2_web_acl",
            "*acl.main",
            {"rule": [{"statement": [{"rate_based_statement": [{"limit": 100}]}]}]},
            says="100",
        ),
        remove("aws_wafv2_web_acl_association", "*association.main", says="guards no load balancer"),
        edit("google_compute_security_policy", "*policy.main", {"rule": [{"preview": True}]}, says="only watches"),
    ],
)

#: A security group counts max_entries, not entries, against its sixty rules.
RULES_PER_GROUP = 60


@checks(EDGE)
def test_both_firewalls_let_in_the_same(platform: Platform) -> None:
    """Callers and rates are equal at both edges, every rule acts, and each firewall stands before a balancer."""
    lists, policies = platform.all("aws_ec2_managed_prefix_list"), platform.all("google_compute_security_policy")
    near = {str(one.get("cidr")) for item in lists for one in item.mappings("entry")}
    far = {str(cidr) for item in policies for at in range(len(item.mappings("rule"))) if "deny" not in item.text(f"rule.{at}.action")
           for cidr in item.sequence(f"rule.{at}.match.0.config.0.src_ip_ranges")}  # fmt: skip
    rates = {_rate(one) for one in platform.all("aws_wafv2_web_acl")} | {_rate(one) for one in policies}

    def equal(item: Item) -> list[str]:
        said = [f"lets in {one} at one site only" for one in sorted(near ^ far) if lists and policies]
        if item.kind == "aws_ec2_managed_prefix_list":
            most = item.number("max_entries") or 0
            if not len(item.mappings("entry")) <= most <= RULES_PER_GROUP:
                said.append(f"holds up to {most:.0f} entries")
            return said
        if len(rates) > 1:
            said.append(f"allows {_rate(item)}; the sites allow {sorted(rates)}")
        if item.kind == "aws_wafv2_web_acl":
            found = platform.referrers(item, "aws_wafv2_web_acl_association")
            if not any(one.refers("resource_arn", "aws_lb") for one in found):
                said.append("guards no load balancer")
            if not any(
                one.refers("log_destination_configs")
                for one in platform.referrers(item, "aws_wafv2_web_acl_logging_configuration")
            ):
                said.append("is logged nowhere")
        return said + _acts(item)

    findings = judge(lists + policies + platform.all("aws_wafv2_web_acl"), equal)

    assert not findings.broken, findings.table()


def _rate(item: Item) -> str:
    for position in range(len(item.mappings("rule"))):
        at = f"rule.{position}."
        paths = ("statement.0.rate_based_statement.0.limit", "statement.0.rate_based_statement.0.evaluation_window_sec")
        if item.kind == "google_compute_security_policy":
            limit = "rate_limit_options.0.rate_limit_threshold.0"
            paths = (f"{limit}.count", f"{limit}.interval_sec")
        if item.has(f"{at}{paths[0]}"):
            return " in ".join(f"{_plain(item, f'{at}{path}')}" for path in paths)
    return "any rate"


def _acts(item: Item) -> list[str]:
    rules = item.mappings("rule")
    priorities = [item.number(f"rule.{at}.priority") or 0 for at in range(len(rules))]
    said = [] if priorities == sorted(set(priorities)) else [f"orders its rules {priorities}"]
    for at in range(len(rules)):
        name = item.text(f"rule.{at}.name") or item.text(f"rule.{at}.description")
        if item.get(f"rule.{at}.preview") is True or item.mappings(f"rule.{at}.override_action.0.count"):
            said.append(f"{name} only watches")
        if item.kind == "google_compute_security_policy":
            if not item.mappings(f"rule.{at}.match.0.config") and not item.mappings(f"rule.{at}.match.0.expr"):
                said.append(f"{name} matches nothing")
            continue
        if not item.mappings(f"rule.{at}.override_action.0.none") and not item.mappings(f"rule.{at}.action.0.block"):
            said.append(f"{name} decides nothing")
        switches = ("cloudwatch_metrics_enabled", "sampled_requests_enabled")
        said += [
            f"{name} has {switch} off"
            for switch in switches
            if item.get(f"rule.{at}.visibility_config.0.{switch}") is not True
        ]
    return said

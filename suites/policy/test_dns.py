"""Public names of both clouds: signed, logged, delegated, owned."""

from meshproof import Control, Level, Pillar, checks, edit, judge, remove
from meshproof.declaration.platform import Item, Platform
from suites.policy.classes import LOG_DAYS
from suites.policy.statements import forms

DNSSEC = "https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/dns-configuring-dnssec.html"
EXTERNAL = "https://kubernetes-sigs.github.io/external-dns/latest/docs/registry/txt/"
#: An hour spares queries, and a mistake in a delegation or CAA lasts no longer than a day.
STABLE_S = (1800, 86400)
#: ECDSA P-256 is what both clouds sign with.
KEY_BITS = 256
#: An AWS account number.
ACCOUNT_DIGITS = 12
METRICS = ("DNSSECInternalFailure", "DNSSECKeySigningKeysNeedingAction")

SIGNED = Control(
    id="DNS-001",
    title="Every public zone MUST be signed with a P-256 key, log its queries, bound who certifies its names, and alarm its signing",
    system="dns",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source=DNSSEC,
    remedy="Declare key-signing key, hosted_zone_dnssec, query log and the two DNSSEC alarms for the zone.",
    relates=(
        "aws_route53_zone",
        "aws_route53_key_signing_key",
        "aws_kms_key",
        "aws_route53_query_log",
        "aws_cloudwatch_metric_alarm",
        "aws_route53_hosted_zone_dnssec",
        "aws_cloudwatch_log_resource_policy",
    ),
    frameworks={"nist": "SC-20"},
    mutants=[
        remove("aws_route53_key_signing_key", "*", says="no signing key"),
        remove("aws_cloudwatch_metric_alarm", 'module.global_dns.*["internal-failure"]', says="DNSSECInternalFailure"),
        remove("aws_route53_query_log", "*", says="logs no query"),
        remove("aws_route53_record", "module.global_dns.*.caa", says="any authority"),
        edit(
            "aws_cloudwatch_log_resource_policy",
            "module.global_dns.*",
            {"policy_document": {"Statement": [{"Condition": None}]}},
            says="may not write its queries",
        ),
    ],
)


@checks(SIGNED)
def test_zones_are_signed(platform: Platform) -> None:
    """Each Route 53 zone is signed, logged, and alarmed when signing fails."""
    findings = judge(platform.all("aws_route53_zone"), lambda one: _signed(platform, one))

    assert not findings.broken, findings.table()


def _signed(platform: Platform, zone: Item) -> list[str]:
    keys = [
        k
        for one in platform.referrers(zone, "aws_route53_key_signing_key")
        for k in one.refers("key_management_service_arn", "aws_kms_key")
    ]
    said = (
        [] if any(one.text("customer_master_key_spec") == "ECC_NIST_P256" for one in keys) else ["has no signing key"]
    )
    said += (
        []
        if any(
            one.text("signing_status") == "SIGNING"
            for holder in (zone, *platform.referrers(zone, "aws_route53_key_signing_key"))
            for one in platform.referrers(holder, "aws_route53_hosted_zone_dnssec")
        )
        else ["is not signed"]
    )
    logs = [
        g
        for one in platform.referrers(zone, "aws_route53_query_log")
        for g in one.refers("cloudwatch_log_group_arn", "aws_cloudwatch_log_group")
    ]
    said += [] if logs else ["logs no query"]
    said += [] if not logs or _may_write(platform, logs) else ["Route 53 may not write its queries, or for any account"]
    records = {one.text("type") for one in platform.referrers(zone, "aws_route53_record") if one.knows("type")}
    said += [] if "CAA" in records else ["lets any authority certify its names"]
    said += [
        f"logs are kept {one.text('retention_in_days')} days"
        for one in logs
        if not LOG_DAYS.of(one)[0] <= (one.number("retention_in_days") or 0) <= LOG_DAYS.of(one)[1]
    ]
    alarms = {one.text("metric_name"): one for one in platform.referrers(zone, "aws_cloudwatch_metric_alarm")}
    said += [f"{one} has no alarm" for one in METRICS if one not in alarms]
    return said + (["is destroyed with its names"] if zone.get("force_destroy") is True else [])


def _may_write(platform: Platform, logs: list[Item]) -> bool:
    """Whether a policy of the logs lets Route 53 write for one account, and for each log group."""
    groups = {one.address for one in logs}
    return any(
        statement.allows
        and "route53.amazonaws.com" in statement.principals
        and statement.covers("logs:CreateLogStream", "logs:PutLogEvents")
        and any(len(value) == ACCOUNT_DIGITS for values in statement.conditions.values() for value in values)
        for policy in platform.all("aws_cloudwatch_log_resource_policy")
        if not groups - {one.address for one in policy.refers("policy_document")}
        or policy.site in {x.site for x in logs}
        for statement in forms(policy).get("policy_document", [])
    )


STANDBY = Control(
    id="DNS-002",
    title="Every zone of the other cloud MUST be signed and delegated from Route 53, and CAA and delegation live for hours",
    system="dns",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source="https://cloud.google.com/dns/docs/dnssec",
    remedy="Set dnssec_config on with both key specs and logging; declare the NS record in the Route 53 zone.",
    relates=("google_dns_managed_zone", "aws_route53_record"),
    frameworks={"nist": "SC-20"},
    mutants=[
        remove("aws_route53_record", "*failover*.delegation", says="not delegated"),
        edit(
            "google_dns_managed_zone",
            "*.public",
            {"cloud_logging_config": [{"enable_logging": False}]},
            says="logs no query",
        ),
        edit("aws_route53_record", "module.global_dns.*.caa", {"ttl": 60}, says="60 s"),
    ],
)


@checks(STANDBY)
def test_other_zones_are_delegated(platform: Platform) -> None:
    """Public zones of Cloud DNS are signed, logged and delegated; private ones belong to a network."""
    findings = judge(platform.all("google_dns_managed_zone"), lambda one: _delegated(platform, one))

    assert not findings.broken, findings.table()


def _delegated(platform: Platform, zone: Item) -> list[str]:
    said = ["is destroyed with its names"] if zone.get("force_destroy") is True else []
    if zone.text("visibility") == "private":
        return said + (
            []
            if zone.refers("private_visibility_config", "google_compute_network")
            and zone.has("private_visibility_config.0.networks.0")
            else ["is seen by no network"]
        )
    bits = [one.get("key_length") for one in zone.mappings("dnssec_config.0.default_key_specs")]
    said += (
        []
        if zone.text("dnssec_config.0.state") == "on" and bits == [KEY_BITS, KEY_BITS]
        else [f"is signed with {bits}"]
    )
    said += [] if zone.get("cloud_logging_config.0.enable_logging") is True else ["logs no query"]
    said += [] if platform.referrers(zone, "aws_route53_record") else ["is not delegated"]
    steady = [
        one
        for one in platform.all("aws_route53_record")
        if one.has("ttl") and one.site == "global" and not one.has("failover_routing_policy.0")
    ]
    return said + [
        f"{one.address} lives {one.text('ttl')} s"
        for one in steady
        if not STABLE_S[0] <= (one.number("ttl") or 0) <= STABLE_S[1]
    ]


OWNED = Control(
    id="DNS-003",
    title="Each cluster's External DNS MUST own its names under an id of its own, recorded in the zone, and keep to a declared zone that is its alone",
    system="dns",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source=EXTERNAL,
    remedy="Give each release its own txtOwnerId and domainFilters, with registry txt.",
    relates=("HelmRelease", "aws_route53_zone", "google_dns_managed_zone"),
    mutants=[
        edit(
            "HelmRelease",
            "standby:flux-system/external-dns",
            {"spec": {"values": {"txtOwnerId": "shop-prod-primary"}}},
            says="is also that of",
        ),
        edit(
            "HelmRelease",
            "standby:flux-system/external-dns",
            {"spec": {"values": {"registry": "noop"}}},
            says="does not record",
        ),
        edit(
            "HelmRelease",
            "standby:flux-system/external-dns",
            {"spec": {"values": {"domainFilters": ["evilprod.meshproof.example"]}}},
            says="lies outside",
        ),
        edit(
            "HelmRelease",
            "standby:flux-system/external-dns",
            {"spec": {"values": {"domainFilters": ["prod.meshproof.example"]}}},
            says="is also the filter of",
        ),
    ],
)


@checks(OWNED)
def test_external_dns_owns_its_names(platform: Platform) -> None:
    """Owner ids differ from cluster to cluster, and filters stay within the zones that Terraform declares."""
    releases = [one for one in platform.all("HelmRelease") if one.has("spec.values.txtOwnerId")]
    owners = [(one.address, one.text("spec.values.txtOwnerId")) for one in releases]
    zones = {one.text("name") for one in platform.all("aws_route53_zone")}
    zones |= {one.text("dns_name").rstrip(".") for one in platform.all("google_dns_managed_zone")}
    filters = [(one.address, str(name)) for one in releases for name in one.sequence("spec.values.domainFilters")]
    findings = judge(releases, lambda one: _owns(one, owners, zones, filters))

    assert not findings.broken, findings.table()


def _owns(release: Item, owners: list[tuple[str, str]], zones: set[str], taken: list[tuple[str, str]]) -> list[str]:
    own = release.text("spec.values.txtOwnerId")
    said = [
        f"its owner id {own} is also that of {other}"
        for other, owner in owners
        if owner == own and other != release.address
    ]
    said += [] if release.text("spec.values.registry") == "txt" else ["does not record what it owns"]
    filters = [str(one) for one in release.sequence("spec.values.domainFilters")]
    said += [
        f"its filter {one} is also the filter of {other}"
        for other, one in taken
        if one in filters and other != release.address
    ]
    inside = all(any(f == z or f.endswith(f".{z}") for z in zones) for f in filters)
    return said + ([] if filters and inside else [f"its filter {filters} lies outside {sorted(zones)}"])


ASKED = Control(
    id="DNS-004",
    title="Every public name that a probe asks MUST be a record that is declared, in a zone that is, and live a minute or two",
    system="dns",
    pillar=Pillar.OPERATIONS,
    level=Level.MUST,
    since="1.0",
    source="https://sre.google/workbook/alerting-on-slos/",
    remedy="Declare the record beside the zone that serves it; give it a TTL that the failover's objective allows.",
    frameworks={"nist": "SI-4", "soc2": "A1.1"},
    relates=("Probe", "aws_route53_record", "google_dns_record_set"),
    mutants=[
        remove("google_dns_record_set", "module.standby_dns.*.probe", says="is no declared name"),
        remove("aws_route53_record", "*.probe", says="is no declared name"),
        edit("google_dns_record_set", "module.standby_dns.*.probe", {"ttl": 600}, says="is remembered for 600 s"),
        edit("Probe", "primary:monitoring/site-standby", {"spec": {"targets": {"staticConfig": {"static": ["https://shops.example/"]}}}}, says="shops.example"),
    ],
)  # fmt: skip

#: Shorter asks the zone's servers all day; longer shows a site that is no longer there.
PROBED_S = (30, 120)


@checks(ASKED)
def test_probes_ask_names_that_exist(platform: Platform) -> None:
    """What looks from outside looks at something, and sees a change while it matters."""
    records: dict[str, list[Item]] = {}
    for one in platform.all("aws_route53_record", "google_dns_record_set"):
        if one.knows("name"):
            records.setdefault(one.text("name").rstrip("."), []).append(one)

    def asks(probe: Item) -> list[str]:
        hosts = [
            str(one).partition("://")[2].partition("/")[0] for one in probe.sequence("spec.targets.staticConfig.static")
        ]
        said = [f"{host} is no declared name" for host in hosts if host not in records]
        return said + [
            f"{host} is remembered for {one.text('ttl')} s"
            for host in hosts
            for one in records.get(host, ())
            if one.has("ttl") and not PROBED_S[0] <= (one.number("ttl") or 0) <= PROBED_S[1]
        ]

    findings = judge([one for one in platform.all("Probe") if one.has("spec.targets.staticConfig")], asks)

    assert not findings.broken, findings.table()

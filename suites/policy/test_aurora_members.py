"""Members of the relational databases, who reaches them, and who may promote them."""

from meshproof import Control, Level, Pillar, checks, edit, judge, remove
from meshproof.declaration.platform import Item, Platform
from suites.policy.classes import ByClass
from suites.policy.statements import Statement, forms

#: Seconds between samples: 1 s floods the log group, beyond a minute a spike is missed.
MONITORING_S = (5, 60)

#: What the service sells: a week, whole months of 31 days, or two years.
INSIGHT_DAYS = {7, *(31 * months for months in range(1, 24)), 731}

#: An AWS account has so many digits.
ACCOUNT_DIGITS = 12

#: A database is reached from its own network and from the other region's.
NETWORKS = 2

#: Who serves customers needs a writer and somebody to follow it; elsewhere a lost member is made anew.
MEMBERS_AT_LEAST = ByClass(production=2, rehearsal=1, trial=1)

#: Aurora orders candidates by tiers 0 to 15; two are enough to say "first" and "then".
TIERS = (0, 1)

MEMBERS = Control(
    id="AUR-020",
    title="Every cluster MUST have members in two zones or more, one of them first in line, all watched and none public",
    system="aurora",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source="https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Concepts.AuroraHighAvailability.html",
    remedy="Spread aws_rds_cluster_instance over zones, one with promotion_tier 0; switch monitoring and insights on.",
    relates=("aws_rds_cluster", "aws_rds_cluster_instance"),
    frameworks={"nist": "CP-10", "soc2": "A1.2"},
    mutants=[
        remove(
            "aws_rds_cluster_instance", 'module.primary_database.aws_rds_cluster_instance.peer["b"]', says="1 members"
        ),
        edit(
            "aws_rds_cluster_instance",
            'module.primary_database.aws_rds_cluster_instance.primary["b"]',
            {"promotion_tier": 0},
            says="first in line",
        ),
        edit(
            "aws_rds_cluster_instance",
            'module.primary_database.aws_rds_cluster_instance.primary["a"]',
            {"publicly_accessible": True},
            says="is public",
        ),
    ],
)


@checks(MEMBERS)
def test_clusters_have_members_to_fail_over_to(platform: Platform) -> None:
    """Losing a zone or a member leaves a database that can be seen and trusted."""
    findings = judge(
        platform.all("aws_rds_cluster"),
        lambda one: _members(platform.referrers(one, "aws_rds_cluster_instance"), MEMBERS_AT_LEAST.of(one)),
    )

    assert not findings.broken, findings.table()


def _members(members: list[Item], least: int) -> list[str]:
    zones = {one.text("availability_zone") for one in members}
    said = [] if min(len(members), len(zones)) >= least else [f"{len(members)} members in {len(zones)} zones"]
    tiers = [one.number("promotion_tier") for one in members]
    if tiers.count(TIERS[0]) != 1 or not set(tiers) <= set(TIERS):
        said.append(f"tiers {tiers} do not name one member first in line")
    if len({one.text("instance_class") for one in members}) > 1:
        said.append("a smaller member could be promoted")
    return said + [text for one in members for text in _seen(one)]


def _seen(member: Item) -> list[str]:
    said = [f"{member.name} is public"] if member.get("publicly_accessible") is not False else []
    every, days = member.number("monitoring_interval") or 0, member.number("performance_insights_retention_period") or 0
    if not MONITORING_S[0] <= every <= MONITORING_S[1]:
        said.append(f"{member.name} is sampled every {every:g} s")
    if member.get("performance_insights_enabled") is not True or days not in INSIGHT_DAYS:
        said.append(f"{member.name} has no insights, or for {days:g} days that cannot be bought")
    return said


PRIVATE = Control(
    id="AUR-021",
    title="A database MUST be reached privately and over TLS, and MUST offer no way in that nothing uses",
    system="aurora",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source="https://cloud.google.com/sql/docs/postgres/configure-ssl-instance",
    remedy="Force TLS on both clouds, no public address, the Data API only where a policy uses it, no write forwarding.",
    relates=("aws_rds_cluster", "aws_rds_cluster_parameter_group", "aws_iam_role_policy"),
    frameworks={"nist": "SC-8", "pci": "4.2.1", "hipaa": "164.312(e)(1)", "soc2": "CC6.7"},
    mutants=[
        edit(
            "google_sql_database_instance",
            "module.standby_database.*",
            {"settings": [{"ip_configuration": [{"ipv4_enabled": True}]}]},
            says="public address",
        ),
        edit("aws_rds_cluster", "module.primary_database.*.peer", {"enable_http_endpoint": True}, says="Data API"),
        edit(
            "aws_rds_cluster_parameter_group",
            "module.primary_database.*.primary",
            {"parameter": [{}] * 15 + [{"value": "0"}]},
            says="rds.force_ssl",
        ),
    ],
)

TLS = {"rds.force_ssl": "1", "ssl_min_protocol_version": "TLSv1.2", "password_encryption": "scram-sha-256"}


@checks(PRIVATE)
def test_databases_are_private(platform: Platform) -> None:
    """Nobody outside the networks talks to a database, and nobody in clear text."""
    clusters = platform.all("aws_rds_cluster", "google_sql_database_instance")
    findings = judge(
        clusters, lambda one: _private_aws(platform, one) if one.kind == "aws_rds_cluster" else _private_google(one)
    )

    assert not findings.broken, findings.table()


def _private_aws(platform: Platform, cluster: Item) -> list[str]:
    groups = cluster.refers("db_cluster_parameter_group_name", "aws_rds_cluster_parameter_group")
    stated = {str(one.get("name")): str(one.get("value")) for group in groups for one in group.mappings("parameter")}
    said = [f"{name} is {stated.get(name)}" for name, value in TLS.items() if stated.get(name) != value]
    said += [
        f"{name} is on"
        for name in ("enable_global_write_forwarding", "enable_local_write_forwarding")
        if cluster.get(name) is True
    ]
    policies = platform.referrers(cluster, "aws_iam_role_policy")
    used = any(
        one.covers("rds-data:ExecuteStatement")
        for policy in policies
        for found in forms(policy).values()
        for one in found
    )
    if (cluster.get("enable_http_endpoint") is True) != used:
        said.append(f"the Data API is {cluster.get('enable_http_endpoint')}, a policy uses it: {used}")
    if cluster.get("iam_database_authentication_enabled") is not True:
        said.append("knows no IAM authentication")
    return said


def _private_google(instance: Item) -> list[str]:
    at = "settings.0.ip_configuration.0"
    said = [] if instance.get(f"{at}.ipv4_enabled") is False else ["has a public address"]
    if instance.text(f"{at}.ssl_mode") not in ("ENCRYPTED_ONLY", "TRUSTED_CLIENT_CERTIFICATE_REQUIRED"):
        said.append("accepts clear text")
    if not instance.refers(f"{at}.private_network", "google_compute_network"):
        said.append("stands in no network of ours")
    if (
        instance.get(f"{at}.enable_private_path_for_google_cloud_services") is True
        or instance.get("settings.0.enable_google_ml_integration") is True
    ):
        said.append("lets other services of the vendor in")
    return said


REACHED = Control(
    id="AUR-022",
    title="The security group of a cluster MUST let in its port only, from groups or networks that are declared",
    system="aurora",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source="https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Overview.RDSSecurityGroups.html",
    remedy="Take from_port and to_port from the cluster, and refer to a security group or to a network's range.",
    relates=("aws_rds_cluster", "aws_vpc_security_group_ingress_rule", "google_compute_subnetwork"),
    frameworks={"nist": "SC-7", "pci": "1.3.1", "soc2": "CC6.6"},
    mutants=[
        edit(
            "aws_vpc_security_group_ingress_rule",
            "module.primary_database.*.subscriber",
            {"cidr_ipv4": "0.0.0.0/0"},
            says="0.0.0.0/0 is no declared network",
        ),
        edit(
            "aws_vpc_security_group_ingress_rule",
            "module.primary_database.*.nodes",
            {"to_port": 65535},
            says="to port 65535",
        ),
        remove(
            "aws_vpc_security_group_ingress_rule",
            "module.primary_database.*.subscriber",
            says="no way to the other cloud",
        ),
    ],
)

RULES = ("aws_vpc_security_group_ingress_rule", "aws_vpc_security_group_egress_rule")


@checks(REACHED)
def test_clusters_are_reached_on_their_port(platform: Platform) -> None:
    """Only PostgreSQL, only from the nodes and the networks of the platform."""
    ranges = {one.text("cidr_block") for one in platform.all("aws_vpc")}
    ranges |= {
        _sixteen(one.text("ip_cidr_range"))
        for one in platform.all("google_compute_subnetwork", "google_compute_global_address")
        if one.has("ip_cidr_range")
    }
    findings = judge(platform.all("aws_rds_cluster"), lambda one: _reached(platform, one, ranges))

    assert not findings.broken, findings.table()


def _sixteen(cidr: str) -> str:
    return ".".join([*cidr.split(".")[:2], "0", "0"]) + "/16"


def _reached(platform: Platform, cluster: Item, ranges: set[str]) -> list[str]:
    groups = cluster.refers("vpc_security_group_ids", "aws_security_group")
    rules = [rule for group in groups for rule in platform.referrers(group, *RULES) if rule.refers("security_group_id")]
    mine = [
        rule
        for rule in rules
        if {one.address for one in rule.refers("security_group_id")} & {one.address for one in groups}
    ]
    said = [text for rule in mine for text in _port(rule, cluster.number("port")) + _source(rule, ranges)]
    kinds = {(rule.kind, rule.has("referenced_security_group_id")) for rule in mine}
    if not any(kind == RULES[0] for kind, _ in kinds):
        said.append("nobody reaches it")
    if not cluster.has("source_region"):
        said += [] if (RULES[0], True) in kinds else ["no way in from the nodes"]
        said += [] if {(RULES[0], False), (RULES[1], False)} <= kinds else ["no way to the other cloud, or back"]
    elif len([one for one in mine if one.kind == RULES[0]]) < NETWORKS:
        said.append("is not reached from both networks")
    return said


def _port(rule: Item, port: float | None) -> list[str]:
    return [
        f"{rule.name} {name.replace('_', ' ')} {rule.number(name)}, the cluster's is {port}"
        for name in ("from_port", "to_port")
        if rule.number(name) != port
    ]


def _source(rule: Item, ranges: set[str]) -> list[str]:
    if rule.has("referenced_security_group_id"):
        return (
            []
            if rule.refers("referenced_security_group_id", "aws_security_group")
            else [f"{rule.name} names no declared group"]
        )
    cidr = rule.text("cidr_ipv4")
    return [] if cidr in ranges else [f"{rule.name}: {cidr} is no declared network"]


REPORTED = Control(
    id="AUR-023",
    title="Events of every cluster and member of a writer's region MUST reach the alarm topic, and its metrics be written by a role bound to the account",
    system="aurora",
    pillar=Pillar.OPERATIONS,
    level=Level.MUST,
    since="1.0",
    source="https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/USER_Events.html",
    remedy="Subscribe failover and failure of the cluster and of each instance; let monitoring.rds.amazonaws.com assume the role.",
    relates=("aws_rds_cluster", "aws_db_event_subscription", "aws_iam_role"),
    frameworks={"nist": "IR-6", "soc2": "CC7.3"},
    mutants=[
        edit(
            "aws_db_event_subscription",
            "module.primary_database.*.cluster",
            {"enabled": False},
            says="no event of db-cluster",
        ),
        remove("aws_iam_role_policy_attachment", "module.primary_database.*.monitoring", says="may write no metrics"),
    ],
)


@checks(REPORTED)
def test_database_events_are_reported(platform: Platform) -> None:
    """A failover is known to people before they ask why it was slow."""
    findings = judge(platform.all("aws_rds_cluster"), lambda one: _reported(platform, one))

    assert not findings.broken, findings.table()


def _reported(platform: Platform, cluster: Item) -> list[str]:
    members = platform.referrers(cluster, "aws_rds_cluster_instance")
    said = [text for one in members for text in _monitored(platform, one)]
    if cluster.has("source_region"):
        return said
    live = [
        one
        for one in platform.all("aws_db_event_subscription")
        if one.get("enabled") is True and one.refers("sns_topic", "aws_sns_topic")
    ]
    told = {
        (one.text("source_type"), str(source))
        for one in live
        if "failure" in one.sequence("event_categories")
        for source in one.sequence("source_ids")
    }
    here = {("db-instance", one.text("identifier")) for one in members} | {
        ("db-cluster", cluster.text("cluster_identifier"))
    }
    said += [f"no event of {kind} {name} is told" for kind, name in sorted(here - told)]
    return said + [f"events of {kind} {name}, which is not there" for kind, name in sorted(told - here)]


def _monitored(platform: Platform, member: Item) -> list[str]:
    said = []
    roles = member.refers("monitoring_role_arn", "aws_iam_role")
    for role in roles:
        attached = [one.text("policy_arn") for one in platform.referrers(role, "aws_iam_role_policy_attachment")]
        if not any(one.endswith("AmazonRDSEnhancedMonitoringRole") for one in attached):
            said.append(f"{role.name} may write no metrics")
        for form in [
            *forms(role).items(),
            *(pair for one in role.refers("assume_role_policy") for pair in forms(one).items()),
        ]:
            said += (
                []
                if _trusts_the_service(form[1])
                else [f"{form[0]} of {role.name} does not trust monitoring.rds in one account"]
            )
    return said if roles else [f"{member.name} has no role for its metrics"]


def _trusts_the_service(statements: list[Statement]) -> bool:
    return bool(statements) and all(
        one.principals == ("monitoring.rds.amazonaws.com",)
        and any(
            len(value) == ACCOUNT_DIGITS
            for key, values in one.conditions.items()
            if key.endswith("aws:SourceAccount")
            for value in values
        )
        for one in statements
    )

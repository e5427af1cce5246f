"""The standby's PostgreSQL: ready to serve, and promoted only by those who may."""

from meshproof import Control, Level, Pillar, checks, edit, judge, remove
from meshproof.declaration.platform import Item, Platform
from suites.policy.classes import ByClass

READY = Control(
    id="AUR-030",
    title="The standby's database MUST hold two zones, room to grow and connections for every pool",
    system="aurora",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source="https://cloud.google.com/sql/docs/postgres/high-availability",
    remedy="availability_type REGIONAL with two zones, autoresize to 4 to 16 times the disk, max_connections above all pools.",
    relates=("google_sql_database_instance", "HorizontalPodAutoscaler"),
    frameworks={"nist": "CP-10", "soc2": "A1.1"},
    mutants=[
        edit(
            "google_sql_database_instance",
            "module.standby_database.*",
            {"settings": [{"availability_type": "ZONAL"}]},
            says="one zone",
        ),
        edit(
            "google_sql_database_instance",
            "module.standby_database.*",
            {"settings": [{"disk_autoresize_limit": 300}]},
            says="grows to 300 GB",
        ),
    ],
)

#: A year's growth at least; a runaway query must not buy more than this many times the disk.
GROWTH = (4, 16)

#: Below this (GB) a disk of Cloud SQL is slower than the queries need; above it the price is paid for nothing.
DISK_GB = ByClass(production=(100, 1000), rehearsal=(100, 1000), trial=(50, 1000))

#: PostgreSQL spends about 10 MB for a connection: the tier's 32 GB bear no more than a fraction of this.
CONNECTIONS_AT_MOST = 2000


@checks(READY)
def test_the_standby_is_ready_to_serve(platform: Platform) -> None:
    """After a failover the standby bears every pod that the primary bore."""
    pods = {
        site: sum(
            one.number("spec.maxReplicas") or 0
            for one in platform.all("HorizontalPodAutoscaler", site=site)
            if one.text("spec.scaleTargetRef.kind") == "Rollout"
        )
        for site in platform.sites
    }
    findings = judge(platform.all("google_sql_database_instance"), lambda one: _ready(one, pods.get(one.site, 0)))

    assert not findings.broken, findings.table()


def _ready(instance: Item, pods: float) -> list[str]:
    zones = {instance.text(f"settings.0.location_preference.0.{name}") for name in ("zone", "secondary_zone")} - {""}
    said = (
        [] if instance.text("settings.0.availability_type") == "REGIONAL" and len(zones) > 1 else ["lives in one zone"]
    )
    disk, limit = instance.number("settings.0.disk_size") or 0, instance.number("settings.0.disk_autoresize_limit") or 0
    low, high = DISK_GB.of(instance)
    if not low <= disk <= high or not GROWTH[0] * disk <= limit <= GROWTH[1] * disk:
        said.append(f"a disk of {disk:g} GB grows to {limit:g} GB")
    flags = {str(one.get("name")): str(one.get("value")) for one in instance.mappings("settings.0.database_flags")}
    connections = flags.get("max_connections", "0")
    if not pods < float(connections) <= CONNECTIONS_AT_MOST:
        said.append(f"{connections} connections for {pods:g} pods")
    if instance.get("settings.0.data_cache_config.0.data_cache_enabled") is not True:
        said.append("starts cold after each restart")
    return said


EXPLAINED = Control(
    id="AUR-031",
    title="The standby's database MUST log what an audit asks for and show its slow queries",
    system="aurora",
    pillar=Pillar.OPERATIONS,
    level=Level.MUST,
    since="1.0",
    source="https://cloud.google.com/sql/docs/postgres/using-query-insights",
    remedy="Set the log flags of the CIS benchmark, pgaudit, IAM authentication and query insights.",
    frameworks={"nist": "AU-12", "cis": "GCP 6.2", "pci": "10.2.1", "soc2": "CC7.2"},
    mutants=[
        edit(
            "google_sql_database_instance",
            "module.standby_database.*",
            {"settings": [{"insights_config": [{"record_client_address": False}]}]},
            says="record_client_address",
        ),
        edit(
            "google_sql_database_instance",
            "module.standby_database.*",
            {"settings": [{"database_flags": [{}] * 2 + [{"value": "off"}]}]},
            says="cloudsql.enable_pgaudit is off",
        ),
    ],
)

#: CIS GCP 6.2 and what lets people log in by their own identity; log_duration is off since each slow statement has one.
AUDIT_FLAGS = {
    "cloudsql.enable_pgaudit": "on",
    "cloudsql.enable_auto_explain": "on",
    "cloudsql.iam_authentication": "on",
    "log_checkpoints": "on",
    "log_duration": "off",
    "log_error_verbosity": "default",
    "log_min_error_statement": "error",
    "log_min_messages": "warning",
}

#: Bytes of a query that are kept: enough to find it in the code, less than the service's 4,500.
QUERY_BYTES = (512, 4500)

#: The service samples at most 20 plans a minute.
PLANS_PER_MINUTE = (1, 20)

#: NIST SP 800-63B asks for 15 characters where a password stands alone; nobody can type a hundred.
PASSWORD_LENGTH = (15, 64)

#: PCI DSS 8.3.7: not one of the last four.
PASSWORD_REUSE = (4, 24)


@checks(EXPLAINED)
def test_the_standby_logs_and_explains(platform: Platform) -> None:
    """An auditor and an engineer both find what they look for."""
    findings = judge(platform.all("google_sql_database_instance"), _explained)

    assert not findings.broken, findings.table()


def _explained(instance: Item) -> list[str]:
    flags = {str(one.get("name")): str(one.get("value")) for one in instance.mappings("settings.0.database_flags")}
    said = [
        f"{name} is {flags.get(name, 'not stated')}" for name, value in AUDIT_FLAGS.items() if flags.get(name) != value
    ]
    insights, password = "settings.0.insights_config.0", "settings.0.password_validation_policy.0"
    switches = [
        f"{insights}.{name}" for name in ("query_insights_enabled", "record_application_tags", "record_client_address")
    ]
    switches += [f"{password}.{name}" for name in ("enable_password_policy", "disallow_username_substring")]
    said += [f"{path.rpartition('.')[2]} is not on" for path in switches if instance.get(path) is not True]
    bounds = {
        f"{insights}.query_string_length": QUERY_BYTES,
        f"{insights}.query_plans_per_minute": PLANS_PER_MINUTE,
        f"{password}.min_length": PASSWORD_LENGTH,
        f"{password}.reuse_interval": PASSWORD_REUSE,
    }
    return said + [
        f"{path.rpartition('.')[2]} is {instance.number(path)}, not {low} to {high}"
        for path, (low, high) in bounds.items()
        if not low <= (instance.number(path) or 0) <= high
    ]


PROMOTERS = Control(
    id="AUR-032",
    title="Only named roles of one AWS account MUST be able to act as the promoter, and only on the one instance",
    system="aurora",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source="https://cloud.google.com/iam/docs/workload-identity-federation-with-other-clouds",
    remedy="Federate through a provider bound to the account and the roles; condition each project role on the instance.",
    relates=("google_iam_workload_identity_pool_provider", "google_service_account_iam_member", "aws_iam_role"),
    frameworks={"nist": "AC-6", "soc2": "CC6.3"},
    mutants=[
        edit(
            "google_iam_workload_identity_pool_provider",
            "module.standby_database.*",
            {"aws": [None]},
            says="no AWS account",
        ),
        remove("google_service_account_iam_member", "module.standby_database.*keeper*", says="may impersonate nothing"),
        edit(
            "google_project_iam_member",
            "module.standby_database.*.failover",
            {"condition": [None]},
            says="holds in the whole project",
        ),
    ],
)


@checks(PROMOTERS)
def test_only_named_roles_may_promote(platform: Platform) -> None:
    """The path from AWS to the standby's database is narrow at each step."""
    roles = {one.text("name") for one in platform.all("aws_iam_role")}
    members = platform.all("google_service_account_iam_member", "google_pubsub_topic_iam_member")
    grants = [
        one
        for one in platform.all("google_project_iam_member")
        if one.refers("condition", "google_sql_database_instance") or one.refers("member", "google_service_account")
    ]
    findings = judge(
        [
            *platform.all("google_iam_workload_identity_pool_provider"),
            *[one for one in grants if one.owner.endswith("/database")],
        ],
        lambda one: _provider(one, roles, members) if "provider" in one.kind else _condition(one),
    )

    assert not findings.broken, findings.table()


def _provider(provider: Item, roles: set[str], members: list[Item]) -> list[str]:
    if not provider.text("attribute_condition").startswith("assertion.arn"):
        return []
    named = {part for part in provider.text("attribute_condition").replace("'", '"').split('"') if part in roles}
    said = [] if len(provider.text("aws.0.account_id")) == 12 else ["is bound to no AWS account"]  # noqa: PLR2004 - digits of an account
    if not named:
        said.append("its condition names no role that is declared")
    pools = provider.refers("workload_identity_pool_id", "google_iam_workload_identity_pool")
    if provider.get("disabled") is True or not pools or any(pool.get("disabled") is True for pool in pools):
        said.append("is switched off")
    reached = [one for one in members if {to.address for to in one.refers("member")} & {pool.address for pool in pools}]
    if len(reached) < len(named) or not reached:
        said.append(f"{len(named)} roles, {len(reached)} bindings: a role may impersonate nothing")
    return said


def _condition(grant: Item) -> list[str]:
    return [] if "resource.name ==" in grant.text("condition.0.expression") else ["holds in the whole project"]


LOGINS = Control(
    id="AUR-033",
    title="Whoever may log in to the standby's database by IAM MUST have both the user and the role, and no password",
    system="aurora",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source="https://cloud.google.com/sql/docs/postgres/iam-authentication",
    remedy="Declare a google_sql_user of an IAM type and a conditioned google_project_iam_member for each.",
    relates=("google_sql_user", "google_project_iam_member", "google_sql_database_instance"),
    frameworks={"nist": "IA-2", "soc2": "CC6.1"},
    mutants=[
        remove("google_sql_user", "module.standby_database.*.failover", says="has no user"),
        remove("google_project_iam_member", "module.standby_database.*.administrators", says="1 roles"),
        remove("google_service_account", "module.standby_database.*.failover", says="no account"),
    ],
)

#: Robots and people come separately: a service account for the promotion, a group for the administrators.
LOGIN_TYPES = {"CLOUD_IAM_SERVICE_ACCOUNT", "CLOUD_IAM_GROUP"}


@checks(LOGINS)
def test_logins_are_by_identity(platform: Platform) -> None:
    """Nobody holds a password to the standby's database but the rotated services."""
    findings = judge(platform.all("google_sql_database_instance"), lambda one: _logins(platform, one))

    assert not findings.broken, findings.table()


def _logins(platform: Platform, instance: Item) -> list[str]:
    users = platform.referrers(instance, "google_sql_user")
    said = [f"{kind} has no user" for kind in sorted(LOGIN_TYPES - {one.text("type") for one in users})]
    grants = [one for one in platform.referrers(instance, "google_project_iam_member") if one.owner == instance.owner]
    if len(grants) < len(users):
        said.append(f"{len(users)} users, {len(grants)} roles")
    robots = [one for one in users if one.text("type") == "CLOUD_IAM_SERVICE_ACCOUNT"]
    said += [f"user {one.name} has no account" for one in robots if not one.refers("name", "google_service_account")]
    said += [
        f"grant {one.name} has no role that is declared"
        for one in grants
        if not one.has("role") or (one.refers("role") == [] and "roles/" not in (one.text("role")))
    ]
    return said

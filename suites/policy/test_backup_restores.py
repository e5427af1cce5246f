"""Backups of both clouds: watched by an auditor, restored on trial, reported, and of the standby's cluster."""

from collections.abc import Mapping

from meshproof import Control, Level, Pillar, checks, edit, judge, remove
from meshproof.declaration.platform import Item, Platform
from suites.policy.backups import days_of, first, number
from suites.policy.classes import UNALTERABLE, ByClass

AUDIT = "https://docs.aws.amazon.com/aws-backup/latest/devguide/controls-and-remediation.html"
TESTING = "https://docs.aws.amazon.com/aws-backup/latest/devguide/restore-testing.html"
GKE = "https://cloud.google.com/kubernetes-engine/docs/add-on/backup-for-gke/concepts/backup-plan"
#: As long nobody may delete a backup, but of what is only tried.
UNDELETED_DAYS = ByClass(production=7, rehearsal=7, trial=1)
#: A restore test ends within a working day.
HOURS = (1, 24)
#: The controls of AWS Backup Audit Manager that look at protected resources, with the parameters each needs.
FRAMEWORK = {
    "BACKUP_LAST_RECOVERY_POINT_CREATED": {"recoveryPointAgeUnit", "recoveryPointAgeValue"},
    "BACKUP_PLAN_MIN_FREQUENCY_AND_MIN_RETENTION_CHECK": {
        "requiredFrequencyUnit",
        "requiredFrequencyValue",
        "requiredRetentionDays",
    },
    "BACKUP_RECOVERY_POINT_ENCRYPTED": set[str](),
    "BACKUP_RECOVERY_POINT_MANUAL_DELETION_DISABLED": set[str](),
    "BACKUP_RECOVERY_POINT_MINIMUM_RETENTION_CHECK": {"requiredRetentionDays"},
    "BACKUP_RESOURCES_PROTECTED_BY_BACKUP_PLAN": set[str](),
    "BACKUP_RESOURCES_PROTECTED_BY_BACKUP_VAULT_LOCK": {"maxRetentionDays", "minRetentionDays"},
    "BACKUP_RESOURCES_PROTECTED_BY_CROSS_REGION": {"crossRegionList"},
}
#: What AWS Backup calls the resources of these types.
TYPES = {
    "aws_rds_cluster": "Aurora",
    "aws_dynamodb_table": "DynamoDB",
    "aws_s3_bucket": "S3",
    "aws_db_instance": "RDS",
    "aws_efs_file_system": "EFS",
}
REPORTS = ("BACKUP_JOB_REPORT", "COPY_JOB_REPORT", "RESTORE_JOB_REPORT", "CONTROL_COMPLIANCE_REPORT")

FRAMED = Control(
    id="DR-043",
    title="The audit framework of backups MUST demand what plan and lock promise, for every kind of resource that is backed up",
    system="dr",
    pillar=Pillar.OPERATIONS,
    level=Level.MUST,
    since="1.0",
    source=AUDIT,
    remedy="Declare each control with its parameters equal to the plan's and the lock's numbers and a scope of the protected types.",
    relates=("aws_backup_framework", "aws_backup_plan", "aws_backup_vault_lock_configuration", "aws_backup_selection"),
    mutants=[
        edit("aws_backup_framework", "module.primary_backup.*", {"control": [None]}, says="does not ask"),
        edit(
            "aws_backup_framework",
            "module.primary_backup.*",
            {"control": [{}, {"input_parameter": [{"value": "4500"}]}]},
            says="maxRetentionDays of 4500",
        ),
    ],
)


@checks(FRAMED)
def test_framework_agrees_with_the_plan(platform: Platform) -> None:
    """Each control stands, with the parameters that the plan and the lock keep."""
    days = days_of(platform)
    locks = platform.all("aws_backup_vault_lock_configuration")
    bounds: dict[str, set[float | None]] = {
        "maxRetentionDays": {one.number("max_retention_days") for one in locks},
        "minRetentionDays": {one.number("min_retention_days") for one in locks},
        "requiredRetentionDays": {one.number("min_retention_days") for one in locks},
        "requiredFrequencyValue": {1.0},
        "recoveryPointAgeValue": {1.0},
    }
    kinds = {
        TYPES[one.kind]
        for selection in platform.all("aws_backup_selection")
        for one in selection.refers("resources")
        if one.kind in TYPES
    }
    findings = judge(platform.all("aws_backup_framework"), lambda one: _agrees(one, bounds, kinds, days))

    assert not findings.broken, findings.table()


def _agrees(framework: Item, bounds: Mapping[str, set[float | None]], kinds: set[str], days: list[float]) -> list[str]:
    asked = {str(one.get("name")): one for one in framework.mappings("control")}
    said = [f"does not ask {one}" for one in FRAMEWORK if one not in asked]
    for name, control in asked.items():
        found = control.get("input_parameter")
        given = (
            {str(one.get("name")): one.get("value") for one in found if isinstance(one, Mapping)}
            if isinstance(found, (list, tuple))
            else {}
        )
        said += [f"{name}: {one} is missing" for one in sorted(FRAMEWORK.get(name, set()) - set(given))]
        said += [
            f"{name}: {key} of {value}, the lock and the plan say {sorted(bounds[key], key=str)}"
            for key, value in given.items()
            if key in bounds and number(value) not in bounds[key]
        ]
        scope = first(control, "scope").get("compliance_resource_types")
        if "RESOURCES" in name or "LAST" in name:
            seen = {str(one) for one in scope} if isinstance(scope, (list, tuple)) else set()
            said += [f"{name}: looks not at {one}" for one in sorted(kinds - seen)]
    return said + ([] if days else ["no plan keeps anything"])


RESTORED = Control(
    id="DR-044",
    title="Every kind of resource that is backed up MUST be restored in a test at least weekly, from what the plan still keeps",
    system="dr",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source=TESTING,
    remedy="Declare a restore testing selection for the type, with a window shorter than the shortest retention.",
    relates=(
        "aws_backup_selection",
        "aws_backup_restore_testing_selection",
        "aws_backup_restore_testing_plan",
        "aws_backup_region_settings",
    ),
    frameworks={"nist": "CP-4", "soc2": "A1.3"},
    mutants=[
        remove("aws_backup_restore_testing_selection", "*.table", says="DynamoDB is never restored"),
        edit(
            "aws_backup_restore_testing_plan",
            "*",
            {"recovery_point_selection": [{"selection_window_days": 70}]},
            says="from 70 days",
        ),
        edit(
            "aws_backup_region_settings",
            "*",
            {"resource_type_opt_in_preference": {"Aurora": False}},
            says="Aurora is not opted in",
        ),
    ],
)


@checks(RESTORED)
def test_backups_are_restored(platform: Platform) -> None:
    """Each selected kind has a restore test and is opted in; tests use what is kept and end within a day."""
    findings = judge(platform.all("aws_backup_selection"), lambda one: _is_restored(platform, one))

    assert not findings.broken, findings.table()


def _is_restored(platform: Platform, selection: Item) -> list[str]:
    tests, shortest = platform.all("aws_backup_restore_testing_selection"), min(days_of(platform), default=0)
    kinds = {TYPES[one.kind] for one in selection.refers("resources") if one.kind in TYPES}
    said = [
        f"{one} is never restored" for one in sorted(kinds - {test.text("protected_resource_type") for test in tests})
    ]
    for one in tests:
        hours = one.number("validation_window_hours") or 0
        said += [] if HOURS[0] <= hours <= HOURS[1] else [f"{one.address}: {hours:g} h to validate"]
        said += (
            []
            if one.refers("restore_testing_plan_name", "aws_backup_restore_testing_plan")
            else [f"{one.address} is in no plan"]
        )
    for plan in platform.all("aws_backup_restore_testing_plan"):
        window, start = (
            plan.number("recovery_point_selection.0.selection_window_days") or 0,
            plan.number("start_window_hours") or 0,
        )
        said += [] if 1 <= window <= shortest else [f"restores from {window:g} days, the plan keeps {shortest:g}"]
        said += [] if HOURS[0] <= start <= HOURS[1] else [f"starts a test within {start:g} h"]
    settings = platform.all("aws_backup_region_settings")
    said += ["no resource type is opted in"] if not settings else []
    for setting in settings:
        used = {TYPES[one] for one in TYPES if platform.all(one)} | {"S3"}
        opted = setting.mapping("resource_type_opt_in_preference")
        said += [f"{one} is not opted in" for one in sorted(used) if opted.get(one) is not True]
        managed = setting.mapping("resource_type_management_preference")
        said += [f"{one} is not managed by AWS Backup" for one, value in managed.items() if value is not True]
    return said + ([] if kinds else _tagged(selection))


def _tagged(selection: Item) -> list[str]:
    blocks = [c.get("string_equals") for c in selection.mappings("condition")]
    tags = [t for one in blocks if isinstance(one, (list, tuple)) for t in one if isinstance(t, Mapping)]
    said = [f"tag {one.get('key')} must be {one.get('value')}" for one in tags if one.get("value") == "false"]
    return said + ([] if len(tags) > 1 else ["selects everything, or by one tag of any environment"])


REPORTED = Control(
    id="DR-045",
    title="Backup, copy, restore and compliance SHOULD each be reported daily to a bucket",
    system="dr",
    pillar=Pillar.OPERATIONS,
    level=Level.SHOULD,
    since="1.0",
    source="https://docs.aws.amazon.com/aws-backup/latest/devguide/working-with-audit-reports.html",
    remedy="Declare a report plan for each template with a delivery channel.",
    relates=("aws_backup_report_plan", "aws_backup_framework", "aws_s3_bucket"),
    mutants=[remove("aws_backup_report_plan", '*main["restore"]', says="RESTORE_JOB_REPORT")],
)


@checks(REPORTED)
def test_backups_are_reported(platform: Platform) -> None:
    """There is a report for each kind of job and for the controls, and it goes to a declared bucket."""
    plans = platform.all("aws_backup_report_plan")
    made = {
        one.text("report_setting.0.report_template")
        for one in plans
        if one.refers("report_delivery_channel", "aws_s3_bucket") and one.has("report_delivery_channel.0.formats")
    }
    findings = judge(
        platform.all("aws_backup_framework"), lambda _: [f"{one} is not made" for one in REPORTS if one not in made]
    )

    assert not findings.broken, findings.table()


CLUSTER = Control(
    id="DR-046",
    title="The standby cluster MUST be backed up daily, encrypted and locked, for as long as the primary's shortest retention, with a restore plan",
    system="dr",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source=GKE,
    remedy="Declare backup and restore plan with CMEK, volume data, no secrets, a locked retention equal to the primary's.",
    relates=(
        "google_gke_backup_backup_plan",
        "google_gke_backup_restore_plan",
        "google_container_cluster",
        "aws_backup_plan",
    ),
    frameworks={"nist": "CP-9", "soc2": "A1.2"},
    mutants=[
        edit("google_gke_backup_backup_plan", "*", {"backup_schedule": [{"paused": True}]}, says="paused"),
        edit(
            "google_gke_backup_backup_plan", "*", {"retention_policy": [{"backup_retain_days": 3}]}, says="kept 3 days"
        ),
        remove("google_gke_backup_restore_plan", "*", says="no restore plan"),
    ],
)


@checks(CLUSTER)
def test_standby_cluster_is_backed_up(platform: Platform) -> None:
    """Each GKE cluster has an active plan that keeps as long as the other cloud does, and a way back."""
    shortest = min(days_of(platform), default=0)
    findings = judge(platform.all("google_container_cluster"), lambda one: _is_backed_up(platform, one, shortest))

    assert not findings.broken, findings.table()


def _is_backed_up(platform: Platform, cluster: Item, shortest: float) -> list[str]:
    plans = platform.referrers(cluster, "google_gke_backup_backup_plan")
    said = [] if plans else ["has no backup plan"]
    wanted = {
        "deactivated": False,
        "backup_schedule.0.paused": False,
        "backup_config.0.all_namespaces": True,
        "backup_config.0.include_secrets": False,
        "backup_config.0.include_volume_data": True,
        "backup_config.0.permissive_mode": False,
        "retention_policy.0.locked": UNALTERABLE.of(cluster),
    }
    for plan in plans:
        said += [f"{key} is not {value}" for key, value in wanted.items() if plan.get(key) is not value]
        said += (
            []
            if plan.refers("backup_config.0.encryption_key", "google_kms_crypto_key")
            and plan.has("backup_config.0.encryption_key.0")
            else ["is not encrypted with its own key"]
        )
        kept, locked = (plan.number(f"retention_policy.0.backup_{key}_days") or 0 for key in ("retain", "delete_lock"))
        said += [f"kept {kept:g} days, the primary's {shortest:g}"] if shortest and kept != shortest else []
        said += [] if UNDELETED_DAYS.of(cluster) <= locked <= kept else [f"locked for {locked:g} of {kept:g} days"]
        ways = platform.referrers(plan, "google_gke_backup_restore_plan")
        said += [] if ways else ["no restore plan leads back"]
        for way in ways:
            scoped = way.get("restore_config.0.cluster_resource_restore_scope.0.no_group_kinds") is True
            said += (
                []
                if scoped and way.has("restore_config.0.selected_namespaces.0")
                else [f"{way.address} overwrites what Git declares"]
            )
    return said

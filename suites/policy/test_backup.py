"""Backups of both clouds: kept, copied away, locked."""

from collections.abc import Mapping

from meshproof import Control, Level, Pillar, checks, edit, judge, remove
from meshproof.declaration.platform import Item, Platform
from suites.policy.backups import days_of, first, kept_days, number
from suites.policy.classes import ByClass

PLAN = "https://docs.aws.amazon.com/aws-backup/latest/devguide/plan-options-and-configuration.html"
LOCK = "https://docs.aws.amazon.com/aws-backup/latest/devguide/vault-lock.html"
#: AWS Backup starts a job at least an hour after its schedule, and a daily job must end before the next.
START_MINUTES, DAY_MINUTES = 60, 1440
#: Continuous backups reach at most this far back; cold storage is paid for at least 90 days.
CONTINUOUS_DAYS, COLD_DAYS = 35, 90
#: A lock may be changed for 3 days at least; longer than a month it is not a lock. Where nothing is locked for ever, the
#: lock states no such days and yields to whoever governs it.
GRACE_DAYS = ByClass(production=(3, 30), rehearsal=(0, 0), trial=(0, 0))
#: A backup that is younger is the one that is restored from.
SOONEST_COLD_DAYS = 30
#: A fault that is noticed within a week must still be repairable.
SHORTEST_DAYS = 7
LOSSES = ("BACKUP_JOB_FAILED", "COPY_JOB_FAILED", "RESTORE_JOB_FAILED")

KEPT = Control(
    id="DR-040",
    title="Backups MUST be kept the longer the rarer they are, end before the next begins, and go to cold storage only if they stay there",
    system="dr",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source=PLAN,
    remedy="Order delete_after by rule, keep start_window and completion_window within a day, continuous backup to one rule of 35 days or less.",
    frameworks={"nist": "CP-9", "soc2": "A1.2", "hipaa": "164.308(a)(7)"},
    mutants=[
        edit(
            "aws_backup_plan",
            "module.primary_backup.*",
            {"rule": [{"lifecycle": [{"delete_after": 3}]}]},
            says="kept 3 days",
        ),
        edit("aws_backup_plan", "module.primary_backup.*", {"rule": [{"start_window": 600}]}, says="window"),
    ],
)


@checks(KEPT)
def test_backups_are_kept_in_order(platform: Platform) -> None:
    """Rules are ordered by retention, windows fit, exactly one rule allows any point in time."""
    findings = judge(platform.all("aws_backup_plan"), _is_kept)

    assert not findings.broken, findings.table()


def _is_kept(plan: Item) -> list[str]:
    rules = plan.mappings("rule")
    continuous = [one for one in rules if one.get("enable_continuous_backup") is True]
    said = [] if len(continuous) == 1 else [f"{len(continuous)} rules are continuous, one is needed"]
    kept = [kept_days(one) for one in rules]
    said += [f"retention falls from rule to rule: {kept}"] if kept != sorted(kept) else []
    said += ["no rule keeps a backup longer than the shortest"] if len(set(kept)) < min(3, len(kept)) else []
    for rule in rules:
        name, days, start, end = (
            rule.get("rule_name"),
            kept_days(rule),
            number(rule.get("start_window")),
            number(rule.get("completion_window")),
        )
        if days < SHORTEST_DAYS or (rule in continuous and days > CONTINUOUS_DAYS):
            said.append(f"{name}: kept {days:g} days")
        if start < START_MINUTES or not 2 * start <= end <= DAY_MINUTES:
            said.append(f"{name}: a window of {start:g} to start and {end:g} to end, in minutes")
        cold = number(first(rule, "lifecycle").get("cold_storage_after"))
        if cold and not SOONEST_COLD_DAYS <= cold <= days - COLD_DAYS:
            said.append(f"{name}: cold after {cold:g} of {days:g} days")
    return said


COPIED = Control(
    id="DR-041",
    title="Every backup that is not continuous MUST be copied to a vault of the other region, under that region's key, and kept as long there",
    system="dr",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source=PLAN,
    remedy="Give the rule a copy_action to the peer's vault with the same lifecycle; encrypt that vault with the replica key.",
    relates=("aws_backup_plan", "aws_backup_vault", "aws_kms_replica_key"),
    frameworks={"nist": "CP-9(3)"},
    mutants=[
        edit("aws_backup_plan", "module.primary_backup.*", {"rule": [{"copy_action": [None]}]}, says="daily: no copy"),
        edit(
            "aws_backup_vault",
            "module.primary_backup.*.peer",
            {"kms_key_arn": "alias/aws/backup"},
            says="no key of its region",
        ),
    ],
)


@checks(COPIED)
def test_backups_are_copied_away(platform: Platform) -> None:
    """Each snapshot has a copy elsewhere that lives as long."""
    findings = judge(platform.all("aws_backup_plan"), _is_copied)

    assert not findings.broken, findings.table()


def _is_copied(plan: Item) -> list[str]:
    said = []
    # terraform keeps the references of a set of rules by position in the source, which need not be that of the values.
    vaults = [
        one
        for at in range(len(plan.mappings("rule")))
        for one in plan.refers(f"rule.{at}.copy_action", "aws_backup_vault")
    ]
    homes = {
        one.address
        for at in range(len(plan.mappings("rule")))
        for one in plan.refers(f"rule.{at}.target_vault_name", "aws_backup_vault")
    }
    for rule in plan.mappings("rule"):
        if rule.get("enable_continuous_backup") is True:
            continue
        copy = first(rule, "copy_action")
        if not copy:
            said.append(f"{rule.get('rule_name')}: no copy")
        elif first(copy, "lifecycle") != first(rule, "lifecycle"):
            said.append(f"{rule.get('rule_name')}: the copy lives otherwise than the backup")
    wrong = [one for one in vaults if one.address in homes or not one.refers("kms_key_arn", "aws_kms_replica_key")]
    return said + [f"{one.address} is the backup's own vault or has no key of its region" for one in wrong]


LOCKED = Control(
    id="DR-042",
    title="Every vault MUST be locked for what its plan keeps, refuse deletion, and report each job that fails to a topic",
    system="dr",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source=LOCK,
    remedy="Declare lock_configuration, policy with a Deny of deletion and notifications for the vault.",
    relates=("aws_backup_vault", "aws_backup_vault_lock_configuration", "aws_backup_plan", "aws_sns_topic"),
    frameworks={"nist": "CP-9(8)", "pci": "10.3.3"},
    mutants=[
        remove("aws_backup_vault_lock_configuration", "module.primary_backup.*.peer", says="is not locked"),
        edit(
            "aws_backup_vault_lock_configuration",
            "module.primary_backup.*.main",
            {"max_retention_days": 45},
            says="at most 45 days",
        ),
        remove("aws_backup_vault_notifications", "module.primary_backup.*.main", says="tells nobody"),
    ],
)


@checks(LOCKED)
def test_vaults_are_locked(platform: Platform) -> None:
    """Each vault has a lock whose bounds hold the plan's retention, a policy against deletion and notifications."""
    days = days_of(platform)
    findings = judge(platform.all("aws_backup_vault"), lambda one: _is_locked(platform, one, days))

    assert not findings.broken, findings.table()


def _is_locked(platform: Platform, vault: Item, days: list[float]) -> list[str]:
    locks = platform.referrers(vault, "aws_backup_vault_lock_configuration")
    said = [] if locks else ["is not locked"]
    for lock in locks:
        low, high, grace = (
            lock.number(key) or 0 for key in ("min_retention_days", "max_retention_days", "changeable_for_days")
        )
        least, most = GRACE_DAYS.of(lock)
        said += [] if least <= grace <= most else [f"its lock may be changed for {grace:g} days"]
        if days and not SHORTEST_DAYS <= low <= min(days):
            said.append(f"its lock keeps at least {low:g} days, the plan {min(days):g}")
        if days and not max(days) <= high <= 2 * max(days):
            said.append(f"its lock keeps at most {high:g} days, the plan {max(days):g}")
    denies = [
        s
        for one in platform.referrers(vault, "aws_backup_vault_policy")
        for s in one.sequence("policy.Statement")
        if isinstance(s, Mapping) and s.get("Effect") == "Deny"
    ]
    if not any(
        {"Principal", "Condition"} <= set(one) and one["Principal"] and "ArnNotLike" in str(one["Condition"])
        for one in denies
    ):
        said.append("its policy denies deletion to nobody, or to all")
    told = [
        one
        for one in platform.referrers(vault, "aws_backup_vault_notifications")
        if one.refers("sns_topic_arn", "aws_sns_topic")
    ]
    said += (
        []
        if any(set(LOSSES) <= {str(x) for x in one.sequence("backup_vault_events")} for one in told)
        else ["tells nobody of a failed job"]
    )
    return said + (["is destroyed with its backups"] if vault.get("force_destroy") is True else [])

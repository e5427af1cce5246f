"""A bad transaction, and the way back to just before it: base backup and log of both clouds, as declared."""

from __future__ import annotations

from typing import Final

from fixtures.drill.restore import Restored
from meshproof import Control, Level, Pillar, checks, edit, judge
from meshproof.observation import Observed
from suites.dr.brought_back import is_brought_back

SHOWN_BY: Final = ("embedded",)
#: Where the parameter stands among the declared ones.
TRACK_COMMIT_TIMESTAMP: Final = 32

AURORA_RESTORED = Control(
    id="DR-315",
    title="Aurora MUST be restorable to just before a bad transaction: all that was acknowledged by then, nothing later",
    system="aurora",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source="https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-pitr.html",
    remedy="Keep continuous backups for days, and track_commit_timestamp on: it tells when the transaction came.",
    targets=SHOWN_BY,
    tier="nightly",
    frameworks={"nist": "CP-10", "soc2": "A1.3"},
    mutants=[
        edit(
            "aws_rds_cluster",
            "module.primary_database.aws_rds_cluster.primary",
            {"backup_retention_period": 0},
            says="backup_retention_period is 0",
        ),
        edit(
            "aws_rds_cluster_parameter_group",
            "module.primary_database.aws_rds_cluster_parameter_group.primary",
            {"parameter": [{}] * TRACK_COMMIT_TIMESTAMP + [{"value": "0"}]},
            says="does not say when a transaction was committed",
        ),
    ],
)


@checks(AURORA_RESTORED)
def test_aurora_comes_back(primary_restored: Observed[Restored]) -> None:
    """Four connections write before, while and after everything is deleted; the backup was taken while they wrote."""
    findings = judge([primary_restored], lambda one: is_brought_back(one.value))

    assert not findings.broken, findings.table()


CLOUD_SQL_RESTORED = Control(
    id="DR-316",
    title="Cloud SQL MUST be restorable to just before a bad transaction: all that was acknowledged by then, nothing later",
    system="aurora",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source="https://cloud.google.com/sql/docs/postgres/backup-recovery/pitr",
    remedy="Enable backups and point-in-time recovery, and keep the transaction log for days.",
    targets=SHOWN_BY,
    tier="nightly",
    frameworks={"nist": "CP-10", "soc2": "A1.3"},
    mutants=[
        edit(
            "google_sql_database_instance",
            "module.standby_database.google_sql_database_instance.main",
            {"settings": [{"backup_configuration": [{"point_in_time_recovery_enabled": False}]}]},
            says="lost",
        ),
        edit(
            "google_sql_database_instance",
            "module.standby_database.google_sql_database_instance.main",
            {"settings": [{"backup_configuration": [{"enabled": False}]}]},
            says="no backup is there to restore",
        ),
    ],
)


@checks(CLOUD_SQL_RESTORED)
def test_cloud_sql_comes_back(standby_restored: Observed[Restored]) -> None:
    """As above, at the instance that is written to once the primary is lost."""
    findings = judge([standby_restored], lambda one: is_brought_back(one.value))

    assert not findings.broken, findings.table()

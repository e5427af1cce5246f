"""The loss of the writer: its reader takes over, the peer region could, and the old writer comes back as a follower."""

from __future__ import annotations

from typing import Final

from fixtures.drill.streaming import Streaming
from meshproof import Control, Level, Pillar, checks, edit, judge, remove
from meshproof.declaration.platform import Platform
from meshproof.observation import Observed
from suites.dr.streamed import comes_back, loses_a_suffix, loses_nothing
from suites.policy.runbooks import objective

SHOWN_BY: Final = ("embedded",)
GROUP: Final = "module.primary_database.aws_rds_cluster_parameter_group.primary"
#: Where parameters stand among the declared ones, which are in the order of their names.
SYNCHRONOUS_COMMIT, MAX_REPLICATION_SLOTS, MAX_WAL_SENDERS = 19, 27, 28

TAKEN_OVER = Control(
    id="DR-311",
    title="Losing the writer MUST cost no acknowledged write once a reader of the same site is promoted",
    system="aurora",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source="https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Concepts.AuroraHighAvailability.html",
    remedy="Declare a second instance, senders and slots for it, and synchronous_commit on.",
    targets=SHOWN_BY,
    tier="nightly",
    frameworks={"nist": "CP-10", "soc2": "A1.2"},
    mutants=[
        edit(
            "aws_rds_cluster_parameter_group",
            GROUP,
            {"parameter": [{}] * SYNCHRONOUS_COMMIT + [{"value": "off"}]},
            says="synchronous_commit is off",
        ),
        edit(
            "aws_rds_cluster_parameter_group",
            GROUP,
            {"parameter": [{}] * MAX_WAL_SENDERS + [{"value": "0"}]},
            says="max_wal_senders",
        ),
    ],
)


@checks(TAKEN_OVER)
def test_a_reader_takes_over(writer_loss: Observed[Streaming]) -> None:
    """Four connections write as fast as they are answered, the writer dies at once, and the reader is promoted."""
    findings = judge([writer_loss], lambda one: loses_nothing(one.value))

    assert not findings.broken, findings.table()


ELSEWHERE = Control(
    id="DR-312",
    title="Losing the primary's region MUST cost a suffix of the commits, no older than the recovery point within the cloud",
    system="aurora",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source="https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-global-database-disaster-recovery.html",
    remedy="Declare an instance in the peer region, and slots and senders for it beside the readers'.",
    targets=SHOWN_BY,
    tier="nightly",
    frameworks={"nist": "CP-9", "soc2": "A1.2"},
    mutants=[
        remove(
            "aws_rds_cluster_instance",
            "module.primary_database.aws_rds_cluster_instance.peer*",
            says="declares no instance",
        ),
        edit(
            "aws_rds_cluster_parameter_group",
            GROUP,
            {"parameter": [{}] * MAX_REPLICATION_SLOTS + [{"value": "1"}]},
            says="peer cannot follow",
        ),
    ],
)


@checks(ELSEWHERE)
def test_the_peer_region_lacks_only_the_end(writer_loss: Observed[Streaming], platform: Platform) -> None:
    """What the peer held when the writer died, against the ledger: a commit does not wait for it."""
    rpo_s = objective(platform, "rpo_in_cloud")
    findings = judge([writer_loss] if rpo_s is not None else [], lambda one: loses_a_suffix(one.value, rpo_s or 0.0))

    assert not findings.broken, findings.table()


REWOUND = Control(
    id="DR-313",
    title="A writer that was replaced MUST come back as a follower of its successor, without what only it had taken",
    system="aurora",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source="https://www.postgresql.org/docs/15/app-pgrewind.html",
    remedy="Declare at least two instances; write a checkpoint on the successor before the old writer is rewound.",
    targets=SHOWN_BY,
    tier="nightly",
    frameworks={"nist": "CP-10", "soc2": "A1.3"},
    mutants=[
        remove(
            "aws_rds_cluster_instance",
            "module.primary_database.aws_rds_cluster_instance.primary*",
            says="0 instances are declared",
        ),
        edit(
            "aws_rds_cluster_parameter_group",
            GROUP,
            {"parameter": [{}] * MAX_REPLICATION_SLOTS + [{"value": "0"}]},
            says="reader cannot follow",
        ),
    ],
)


@checks(REWOUND)
def test_the_old_writer_follows_its_successor(writer_loss: Observed[Streaming]) -> None:
    """It comes back unasked and takes a write, is stopped, rewound, and each commit waits for it again."""
    findings = judge([writer_loss], lambda one: comes_back(one.value))

    assert not findings.broken, findings.table()

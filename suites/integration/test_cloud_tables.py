"""The tables of one cloud in the other: what the declared export holds, item by item, and what a follower hears."""

from collections.abc import Iterator

from fixtures.nosql import CopiedTable
from meshproof import Control, Level, Pillar, checks, edit, judge, measure, remove
from meshproof.errors import ProbeError
from meshproof.observation import Observed

SHOWN_BY = ("embedded",)
OUTPUT = "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/S3DataExport.Output.html"
SCHEDULE = 'module.primary_table.aws_scheduler_schedule.export["catalogue"]'
TABLE = 'module.primary_table.aws_dynamodb_table.main["catalogue"]'
BACKUP = "arn:aws:scheduler:::aws-sdk:dynamodb:createBackup"

COPIED = Control(
    id="AWS-225",
    title="What a table's schedule exports MUST give its Bigtable counterpart every item as it was, and nothing else",
    system="nosql",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source=OUTPUT,
    remedy="Switch on point-in-time recovery, schedule the export of each table, and declare its counterpart.",
    targets=SHOWN_BY,
    frameworks={"nist": "CP-9", "soc2": "A1.2"},
    mutants=[
        edit("aws_dynamodb_table", TABLE, {"point_in_time_recovery": [{"enabled": False}]}, says="cannot be exported"),
        edit("aws_scheduler_schedule", SCHEDULE, {"target": [{"arn": BACKUP}]}, says="no schedule exports it"),
        edit("aws_scheduler_schedule", SCHEDULE, {"state": "DISABLED"}, says="no schedule exports it"),
        remove(
            "google_bigtable_table",
            'module.standby_table.google_bigtable_table.main["catalogue"]',
            says="no counterpart",
        ),
    ],
)


@checks(COPIED)
def test_what_is_exported_arrives(copied_tables: list[Observed[CopiedTable]]) -> None:
    """On two days, between which items come, change and go; what is written after an export is not in it."""
    findings = judge(copied_tables, _arrives)

    assert not findings.broken, findings.table()


def _arrives(seen: Observed[CopiedTable]) -> Iterator[str]:
    copied = seen.value.copied
    if copied.failed:
        yield copied.failed
        return
    measure(f"export and import of {copied.items} items", copied.seconds, "s")
    for word, keys in (("lost", copied.lost), ("changed", copied.changed), ("out of nowhere", copied.unexpected)):
        if keys:
            yield f"{len(keys)} of {copied.items} items are {word}: {', '.join(keys[:5])}"


FOLLOWED = Control(
    id="AWS-226",
    title="Every change of a table MUST be in its stream, with the item as it was and as it is",
    system="nosql",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source="https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html",
    remedy="Set stream_enabled and stream_view_type NEW_AND_OLD_IMAGES.",
    targets=SHOWN_BY,
    frameworks={"nist": "CP-9", "soc2": "PI1.5"},
    mutants=[edit("aws_dynamodb_table", TABLE, {"stream_enabled": False}, says="no stream")],
)


@checks(FOLLOWED)
def test_a_follower_hears_everything(copied_tables: list[Observed[CopiedTable]]) -> None:
    """Of everything that was put, changed and deleted on the two days."""
    findings = judge(copied_tables, _is_followed)

    assert not findings.broken, findings.table()


def _is_followed(seen: Observed[CopiedTable]) -> Iterator[str]:
    followed, copied = seen.value.followed, seen.value.copied
    if not followed.view:
        yield "no stream tells of its changes"
    elif copied.failed:
        message = f"nothing was done to it that a stream could tell of: {copied.failed}"
        raise ProbeError(message)
    elif not (followed.inserted and followed.removed and followed.modified):
        yield f"its stream tells of {followed.inserted} new, {followed.modified} changed, {followed.removed} gone items"
    elif followed.with_both < followed.modified:
        yield f"{followed.modified - followed.with_both} changes come without the item as it was ({followed.view})"

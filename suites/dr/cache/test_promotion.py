"""The loss of a cache's primary, and its memory running out: what is kept on purpose stays, and a replica takes over."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from fixtures.cache.promotion import GROUP, PARAMETERS, Promotion
from meshproof import Control, Level, Pillar, checks, edit, judge, measure
from meshproof.errors import ProbeError
from meshproof.mutant import Mutant
from meshproof.observation import Observed

SHOWN_BY: Final = ("embedded",)
VALKEY: Final = "https://valkey.io/topics/"
#: Where the parameters stand among the declared ones, which are in the order of their names.
_POLICY: Final = 3
_BACKLOG: Final = 6
#: A cache holds what can be read again: what its primary took in the last second may be lost with it.
LOST_AT_MOST_S: Final = 1.0
#: As long as callers of a cache may be without it before the database has to bear them.
PROMOTED_WITHIN_S: Final = 10.0


def _with(at: int, value: str, *, says: str) -> Mutant:
    untouched: list[dict[str, str]] = [{}] * at
    patch = {"parameter": [*untouched, {"value": value}]}
    return edit("aws_elasticache_parameter_group", PARAMETERS, patch, says=says)


EVICTS: Final = Control(
    id="DR-323",
    title="A full cache MUST go on taking entries and MUST give up only such as expire anyway",
    system="cache",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source=f"{VALKEY}lru-cache/",
    remedy="Set maxmemory-policy to volatile-lru.",
    targets=SHOWN_BY,
    tier="nightly",
    frameworks={"nist": "SC-5", "soc2": "A1.1"},
    mutants=[
        _with(_POLICY, "noeviction", says="refuses a write"),
        _with(_POLICY, "allkeys-lru", says="without expiry given up"),
    ],
)


@checks(EVICTS)
def test_a_full_cache_gives_up_what_expires(cache_promotion: Observed[Promotion]) -> None:
    """More entries than fit, every twentieth of them without expiry."""
    findings = judge([cache_promotion], lambda one: _evicts(one.value))

    assert not findings.broken, findings.table()


def _evicts(drill: Promotion) -> Iterator[str]:
    if drill.refused:
        yield f"a full cache refuses a write: {drill.refused}; maxmemory-policy is {drill.policy}"
    elif not drill.evicted:
        message = "the cache never ran out of memory: nothing was seen of what it gives up"
        raise ProbeError(message)
    if drill.kept_lost:
        yield f"{drill.kept_lost} entries without expiry given up; maxmemory-policy is {drill.policy}"


PROMOTED: Final = Control(
    id="DR-324",
    title="A replica MUST take over from a lost cache primary, warm and in step, and MUST NOT copy all after a broken link",
    system="cache",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source=f"{VALKEY}replication/",
    remedy="Keep a replica with automatic failover, and a backlog that holds what is written while a link is down.",
    targets=SHOWN_BY,
    tier="nightly",
    frameworks={"nist": "CP-10", "soc2": "A1.2"},
    mutants=[
        edit("aws_elasticache_replication_group", GROUP, {"num_cache_clusters": 1}, says="no replica took over"),
        edit(
            "aws_elasticache_replication_group",
            GROUP,
            {"automatic_failover_enabled": False},
            says="no replica took over",
        ),
        _with(_BACKLOG, "16384", says="copied everything"),
    ],
)


@checks(PROMOTED)
def test_a_replica_takes_over_warm(cache_promotion: Observed[Promotion]) -> None:
    """A replica's link breaks for 4 MB of writes; later the primary dies while it is written to."""
    findings = judge([cache_promotion], lambda one: _is_promoted(one.value))

    assert not findings.broken, findings.table()


def _is_promoted(drill: Promotion) -> Iterator[str]:
    measure("hits of a cold cache in 3000 reads", drill.hits_cold, "share")
    measure("loads from the database by a cold cache in 3000 reads", drill.loaded_cold, "reads")
    if drill.full_copies:
        yield f"a replica whose link was broken copied everything {drill.full_copies} times"
    if drill.promoted_s is None or drill.loss is None or drill.verdict is None:
        yield "no replica took over from the lost primary"
        return
    measure("promotion of a replica", drill.promoted_s, "s", objective=PROMOTED_WITHIN_S)
    measure("entries lost with a primary", drill.loss.count, "entries")
    measure("hits of a promoted cache in 3000 reads", drill.hits_warm, "share")
    if drill.promoted_s > PROMOTED_WITHIN_S:
        yield f"a replica took over after {drill.promoted_s:.1f} s, more than {PROMOTED_WITHIN_S:g} s"
    if drill.loss.seconds > LOST_AT_MOST_S:
        yield f"{drill.loss.count} entries lost, the oldest {drill.loss.seconds:.1f} s old"
    if drill.hits_warm <= drill.hits_cold:
        yield f"a promoted cache answers {drill.hits_warm:.0%} of the reads, a cold one {drill.hits_cold:.0%}"
    yield from (said for said in drill.verdict.complaints() if "lost" not in said)

"""What a drill of the writer's loss must show, promise by promise."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from fixtures.drill.measured import Audit
from fixtures.drill.streaming import STRAY, Streaming
from meshproof import measure
from meshproof.errors import ProbeError

#: A follower streams again within this many seconds of the loss, or the next loss finds nobody.
REDUNDANT_WITHIN_S: Final = 60.0


def loses_nothing(drill: Streaming) -> Iterator[str]:
    """Everything that was acknowledged is at the reader of the same site, once, and nothing else."""
    if drill.reader is None:
        yield drill.alone
        return
    loss = drill.reader.loss
    measure("writes lost, reader promoted", loss.count, "writes", objective=0)
    measure("promotion of a reader", drill.promoted_s, "s")
    if loss.count:
        yield (
            f"{loss.count} of {drill.reader.verdict.acknowledged} acknowledged writes lost, the oldest "
            f"{loss.seconds:.2f} s old; synchronous_commit is {drill.setting}"
        )
    yield from _in_order(drill.reader)


def loses_a_suffix(drill: Streaming, rpo_s: float) -> Iterator[str]:
    """What the peer region lacks is the end of the commit order, and no older than the objective."""
    if drill.reader is None:
        raise ProbeError(drill.alone)
    if drill.peer is None:
        yield drill.peerless
        return
    loss = drill.peer.loss
    measure("recovery point, peer region", loss.seconds, "s", objective=rpo_s, objective_source="recovery.yaml")
    measure("writes lost, peer region", loss.count, "writes")
    if loss.seconds > rpo_s:
        yield f"{loss.count} acknowledged writes lost, the oldest {loss.seconds:.2f} s old, objective {rpo_s:g} s"
    yield from _in_order(drill.peer)


def comes_back(drill: Streaming) -> Iterator[str]:
    """The old writer was rewound, holds nothing of its own, and follows its successor."""
    if drill.rewind is None:
        yield f"nobody took over, so that nobody comes back: {drill.alone}"
        return
    if not drill.rewind.happened:
        yield f"nothing was rewound although the old writer had gone its own way: {drill.rewind.said}"
    if drill.strays:
        yield f"the old writer still holds what only it had taken ({STRAY}): it is no copy of its successor"
    if drill.redundant_s is None:
        seen = ", ".join(f"{one.name} {one.state} {one.sync_state}" for one in drill.redundant) or "nobody follows"
        yield f"no follower keeps step with the new writer: {seen}"
        return
    measure("redundancy restored", drill.redundant_s, "s", objective=REDUNDANT_WITHIN_S)
    if drill.redundant_s > REDUNDANT_WITHIN_S:
        yield f"a follower keeps step after {drill.redundant_s:.0f} s, more than {REDUNDANT_WITHIN_S:g} s"


def _in_order(audit: Audit) -> Iterator[str]:
    if audit.history.cut:
        raise ProbeError(audit.history.cut)
    if audit.verdict.duplicated or audit.verdict.unexpected:
        yield from (said for said in audit.verdict.complaints() if "lost" not in said)
    if audit.loss.holes:
        yield f"{len(audit.loss.holes)} writes that were sent after lost ones are there: not a suffix"

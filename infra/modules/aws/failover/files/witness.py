"""Count the fresh votes of the observers."""

import os
import time

import boto3

_TABLE = boto3.client("dynamodb")


class Undecided(Exception):
    """Neither side has a majority of fresh votes yet."""


def handle(_event: dict, _context: object) -> dict:
    """How many observers reach the primary, how many do not, and when one last did.

    An observer that saw fewer failures in a row than make an outage is on neither side.
    """
    votes = _votes(os.environ["OBSERVERS"].split(","))
    now = time.time()
    failures = [int(vote["failures"]["N"]) for vote in votes if int(vote["valid_until"]["N"]) > now]
    seen_up = [int(vote["last_up_at"]["N"]) for vote in votes if "last_up_at" in vote]
    down = sum(count >= int(os.environ["FAILURES"]) for count in failures)
    up = failures.count(0)
    if max(down, up) < int(os.environ["QUORUM"]):
        msg = f"{down} down, {up} up, {len(votes) - len(failures)} stale"
        raise Undecided(msg)
    return {"down": down, "up": up, "last_up_at": max(seen_up, default=None)}


def _votes(observers: list[str]) -> list[dict]:
    table = os.environ["TABLE"]
    keys = [{"subject": {"S": f"vote/{observer}"}} for observer in observers]
    answer = _TABLE.batch_get_item(
        RequestItems={table: {"Keys": keys, "ConsistentRead": True}},
    )
    return answer["Responses"][table]

"""Vote on whether the primary answers, as one of three observers.

The pace is that of Route 53's checkers; unlike them an observer does validate the
certificate, so an expired one is an outage here. Runs as a function
in two regions, and as a program (`python observer.py`) in the standby's cluster.
"""

import os
import socket
import ssl
import time

import boto3

_TABLE = boto3.client("dynamodb")


def handle(_event: dict, _context: object) -> None:
    """Look at even intervals for as long as a call lasts, and vote after each look."""
    every_s, began_at_s = float(os.environ["EVERY_S"]), time.monotonic()
    for look in range(int(os.environ["LOOKS"])):
        time.sleep(max(0.0, began_at_s + look * every_s - time.monotonic()))
        _vote(answered=answers())


def answers() -> bool:
    """Whether the primary says that it is ready, within the time that Route 53 allows."""
    host, connect_s, answer_s = (os.environ[name] for name in ("HOST", "CONNECT_S", "ANSWER_S"))
    request = f"GET {os.environ['PATH']} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
    try:
        with (
            socket.create_connection((os.environ["ADDRESS"], 443), float(connect_s)) as plain,
            ssl.create_default_context().wrap_socket(plain, server_hostname=host) as secure,
        ):
            secure.settimeout(float(answer_s))
            secure.sendall(request.encode())
            answer = _read(secure)
    except OSError:
        return False
    status, _, body = answer.partition(b"\r\n")
    return status.split()[1:2] == [b"200"] and os.environ["TEXT"].encode() in body


def _read(connection: socket.socket, most: int = 5120) -> bytes:
    answer = b""
    while len(answer) < most and (piece := connection.recv(most)):
        answer += piece
    return answer


def _vote(*, answered: bool) -> None:
    """Write what was seen; the count is kept in the item, so that it outlives the program."""
    now = int(time.time())
    changes = "SET seen_at = :now, valid_until = :until, expires_at = :gone, failures = "
    values = {
        ":now": {"N": str(now)},
        ":until": {"N": str(now + int(os.environ["VALID_S"]))},
        ":gone": {"N": str(now + int(os.environ["KEEP_VOTE_S"]))},
        ":none": {"N": "0"},
    }
    if answered:
        changes += ":none, last_up_at = :now"
    else:
        changes += "if_not_exists(failures, :none) + :one"
        values[":one"] = {"N": "1"}
    _TABLE.update_item(
        TableName=os.environ["TABLE"],
        Key={"subject": {"S": f"vote/{os.environ['OBSERVER']}"}},
        UpdateExpression=changes,
        ExpressionAttributeValues=values,
    )


if __name__ == "__main__":
    while True:
        handle({}, None)

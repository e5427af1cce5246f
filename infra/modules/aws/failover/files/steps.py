"""Do one step of a runbook at the databases of one site.

Both clouds take statements over HTTPS (the RDS Data API, the Cloud SQL Data API),
so the third place needs no route into either network. What a step means is in
fencing.sql, which both sites carry; here it is only called, in every database.
"""

import json
import os
import socket
import time
import urllib.parse
import urllib.request
from collections.abc import Callable

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config

_PRIMARY = json.loads(os.environ["PRIMARY"])
_STANDBY = json.loads(os.environ["STANDBY"])
_STATEMENT_S = float(os.environ["STATEMENT_S"])
_ONCE = Config(connect_timeout=3, read_timeout=_STATEMENT_S, retries={"total_max_attempts": 1})
_ANSWER_WITHIN_S = 10


class ReplicationBehind(Exception):
    """The site has not heard everything that it must have heard."""


class NotEverywhere(Exception):
    """A replica of the epoch does not know the new holder yet."""


class SeedUnfinished(Exception):
    """The initial copy of some table still runs."""


class CopiesDiffer(Exception):
    """The two sites do not hold the same rows."""


class EpochOver(Exception):
    """Somebody else was given a later epoch meanwhile."""


class WrongSite(Exception):
    """The production name leads elsewhere, or to a site that does not answer."""


def handle(event: dict, _context: object) -> object:
    """Do `event["action"]` at `event["site"]`; a repeated call changes nothing more."""
    return _ACTIONS[event["action"]](event)


def keep(_event: dict, _context: object) -> None:
    """Renew the lease of whoever holds the epoch, as this region knows it.

    Runs in two regions, so that the loss of one does not stop the writer.
    """
    every_s, began_at_s = float(os.environ["EVERY_S"]), time.monotonic()
    for turn in range(int(os.environ["TURNS"])):
        time.sleep(max(0.0, began_at_s + turn * every_s - time.monotonic()))
        try:
            writer = _writer(os.environ["AWS_REGION"])
            _grant("renew", writer["holder"], writer["epoch"])
        except Exception as error:  # noqa: BLE001 -- the next turn may succeed; the lease says how long
            print(json.dumps({"not_renewed": str(error)}))


def _writer(region: str) -> dict:
    item = boto3.client("dynamodb", region_name=region, config=_ONCE).get_item(
        TableName=os.environ["TABLE"],
        Key={"subject": {"S": "writer"}},
        ConsistentRead=True,
    )["Item"]
    return {"epoch": int(item["epoch"]["N"]), "holder": item["holder"]["S"]}


def _grant(call: str, site: str, epoch: int) -> list[str]:
    """Open or renew, for a lease from before the epoch was seen in force.

    A statement may be carried out at any later time, by a site that stood still meanwhile
    and was replaced: what counts is when its database was asked for the time.
    """
    asked_at = _everywhere(site, "SELECT clock_timestamp()::text")[0]
    if (known := _writer(os.environ["AWS_REGION"])["epoch"]) != epoch:
        msg = f"epoch {epoch} is over, {known} is in force"
        raise EpochOver(msg)
    lease_s = int(os.environ["LEASE_S"])
    return _everywhere(site, f"SELECT fencing.{call}({epoch}, {lease_s}, '{asked_at}')::text")


def _close(event: dict) -> list[str]:
    return _everywhere(event["site"], f"SELECT fencing.close({int(event['epoch'])})::text")


def _open(event: dict) -> list[str]:
    return _grant("open", event["site"], int(event["epoch"]))


def _confirm(event: dict) -> int:
    """The keeper of the peer region reads its own replica: it must have heard of the epoch."""
    known = _writer(os.environ["PEER_REGION"])["epoch"]
    if known < int(event["epoch"]):
        msg = f"{os.environ['PEER_REGION']} knows epoch {known}"
        raise NotEverywhere(msg)
    return known


def _probe(event: dict) -> list[str]:
    return _everywhere(event["site"], f"SELECT fencing.try_write({int(event['epoch'])})::text")


def _rehearse(event: dict) -> list[str]:
    return _everywhere(event["site"], "SELECT fencing.rehearse()::text")


def _checkpoint(event: dict) -> list[str]:
    return _everywhere(event["site"], "CHECKPOINT")


def _lag(event: dict) -> float:
    """Seconds between the writer's last sign of life and what this site last heard of it."""
    heard = min(float(at) for at in _everywhere(event["site"], "SELECT fencing.heard_at()::text"))
    lag_s = max(0.0, (event["last_up_at"] or time.time()) - heard)
    if lag_s > event["within_s"]:
        msg = f"{lag_s:.1f} s behind, {event['within_s']} s allowed"
        raise ReplicationBehind(msg)
    return lag_s


def _seed(event: dict) -> None:
    """Throw the old copy away and start a new one of every table.

    Leaving and joining the publication makes each table a new one to the subscription.
    """
    for statement in (
        "ALTER SUBSCRIPTION shop ENABLE",
        "ALTER SUBSCRIPTION shop SET PUBLICATION nothing",
        f"SELECT fencing.discard({int(event['epoch'])})::text",
        "ALTER SUBSCRIPTION shop SET PUBLICATION shop",
    ):
        _everywhere(event["site"], statement)


def _seeded(event: dict) -> None:
    left = sum(int(n) for n in _everywhere(event["site"], "SELECT fencing.unseeded()::text"))
    if left:
        msg = f"{left} tables are still being copied"
        raise SeedUnfinished(msg)


def _drained(event: dict) -> None:
    """The writer is closed: once its last heartbeat is here, everything is."""
    sent = _everywhere(_other(event["site"]), "SELECT fencing.beat_at()::text")
    heard = _everywhere(event["site"], "SELECT fencing.heard_at()::text")
    if any(float(here) < float(there) for here, there in zip(heard, sent, strict=True)):
        msg = f"heard {heard} of {sent}"
        raise ReplicationBehind(msg)


def _compare(event: dict) -> str:
    here = _everywhere(event["site"], "SELECT fencing.fingerprint()::text")
    there = _everywhere(_other(event["site"]), "SELECT fencing.fingerprint()::text")
    if here != there:
        msg = f"{here} and {there}"
        raise CopiesDiffer(msg)
    return "equal"


def _route(event: dict) -> str:
    host = os.environ["HOST"]
    addresses = {entry[4][0] for entry in socket.getaddrinfo(host, 443, socket.AF_INET)}
    at_standby = addresses == {os.environ["STANDBY_ADDRESS"]}
    if at_standby != (event["site"] == "standby"):
        msg = f"{host} leads to {sorted(addresses)}"
        raise WrongSite(msg)
    url = f"https://{host}{os.environ['PATH']}"
    with urllib.request.urlopen(url, timeout=_ANSWER_WITHIN_S) as answer:
        if os.environ["TEXT"] not in answer.read(5120).decode():
            msg = f"{host} answers, but is not ready"
            raise WrongSite(msg)
    return ", ".join(sorted(addresses))


def _other(site: str) -> str:
    return "primary" if site == "standby" else "standby"


def _everywhere(site: str, statement: str) -> list[str]:
    """The first value of each database's answer, in the order of their names."""
    run, databases = {
        "primary": (_run_at_primary, _PRIMARY["databases"]),
        "standby": (_run_at_standby, _STANDBY["databases"]),
    }[site]
    return [run(database, statement) for database in databases]


def _run_at_primary(database: str, statement: str) -> str:
    answer = boto3.client("rds-data", region_name=_PRIMARY["region"], config=_ONCE).execute_statement(
        resourceArn=_PRIMARY["cluster"],
        secretArn=_PRIMARY["secret"],
        database=database,
        sql=statement,
    )
    return _first(answer.get("records", []), lambda row: row[0].get("stringValue", ""))


def _run_at_standby(database: str, statement: str) -> str:
    answer = _post(
        f"https://sqladmin.googleapis.com/v1/projects/{_STANDBY['project']}"
        f"/instances/{_STANDBY['instance']}/executeSql",
        {"database": database, "sqlStatement": statement, "autoIamAuthn": True},
        {"Authorization": f"Bearer {_google_token()}"},
        within_s=_STATEMENT_S,
    )
    if code := answer.get("status", {}).get("code"):
        msg = f"Cloud SQL answered {code}: {answer['status'].get('message')}"
        raise RuntimeError(msg)
    rows = answer.get("results", [{}])[-1].get("rows", [])
    return _first(rows, lambda row: row["values"][0].get("value", ""))


def _first(rows: list, value: Callable[..., str]) -> str:
    return value(rows[0]) if rows else ""


def _google_token() -> str:
    """Trade this function's own AWS identity for one in the standby's cloud: no key is kept."""
    federated = _post(
        "https://sts.googleapis.com/v1/token",
        {
            "grantType": "urn:ietf:params:oauth:grant-type:token-exchange",
            "audience": _STANDBY["audience"],
            "scope": "https://www.googleapis.com/auth/cloud-platform",
            "requestedTokenType": "urn:ietf:params:oauth:token-type:access_token",
            "subjectTokenType": "urn:ietf:params:aws:token-type:aws4_request",
            "subjectToken": urllib.parse.quote(json.dumps(_signed_identity()), safe=""),
        },
        {},
    )
    own = _post(
        "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/"
        f"{_STANDBY['service_account']}:generateAccessToken",
        {"scope": ["https://www.googleapis.com/auth/sqlservice.admin"], "lifetime": "300s"},
        {"Authorization": f"Bearer {federated['access_token']}"},
    )
    return own["accessToken"]


def _signed_identity() -> dict:
    region = os.environ["AWS_REGION"]
    request = AWSRequest(
        method="POST",
        url=f"https://sts.{region}.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15",
        headers={
            "host": f"sts.{region}.amazonaws.com",
            "x-goog-cloud-target-resource": _STANDBY["audience"],
        },
    )
    SigV4Auth(boto3.Session().get_credentials(), "sts", region).add_auth(request)
    headers = [{"key": key, "value": value} for key, value in request.headers.items()]
    return {"url": request.url, "method": request.method, "headers": headers}


def _post(url: str, body: dict, headers: dict, *, within_s: float = _ANSWER_WITHIN_S) -> dict:
    request = urllib.request.Request(  # noqa: S310 -- the hosts are those of Google's APIs
        url,
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json", **headers},
        method="POST",
    )
    with urllib.request.urlopen(request, timeout=within_s) as answer:  # noqa: S310
        return json.load(answer)


_ACTIONS: dict[str, Callable[[dict], object]] = {
    "checkpoint": _checkpoint,
    "close": _close,
    "compare": _compare,
    "confirm": _confirm,
    "drained": _drained,
    "lag": _lag,
    "open": _open,
    "probe": _probe,
    "rehearse": _rehearse,
    "route": _route,
    "seed": _seed,
    "seeded": _seeded,
}

"""Hand one alarm to the active pager.

A trigger and its resolve share the alarm's ARN as their key, so the pager sees
one incident. Whatever is not accepted raises, and the queue delivers it again.
"""

import json
import os
import urllib.parse
import urllib.request
from collections.abc import Callable

import boto3

_SECRETS = boto3.client("secretsmanager")
_ANSWER_WITHIN_S = 10


def handle(event: dict, _context: object) -> dict:
    """Deliver each record; name those that the queue must keep."""
    kept = []
    for record in event["Records"]:
        try:
            _deliver(_alarm(json.loads(record["body"])))
        except Exception as error:  # noqa: BLE001 -- whatever it was, the queue keeps the page
            print(json.dumps({"undelivered": record["messageId"], "why": str(error)}))
            kept.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": kept}


def _alarm(notification: dict) -> dict:
    """What the notification says; not every publisher writes JSON, or names itself."""
    try:
        said = json.loads(notification["Message"])
    except json.JSONDecodeError:
        said = None
    alarm = said if isinstance(said, dict) else {"summary": notification["Message"]}
    return {"summary": notification.get("Subject") or notification["TopicArn"], "id": notification["MessageId"]} | alarm


def _deliver(alarm: dict) -> None:
    secret = _SECRETS.get_secret_value(SecretId=os.environ["SECRET"])["SecretString"]
    request = _PAGERS[os.environ["PAGER"]](alarm, os.environ["ENDPOINT"], secret)
    with urllib.request.urlopen(request, timeout=_ANSWER_WITHIN_S):  # noqa: S310 -- the endpoint is declared
        pass


def _key(alarm: dict) -> str:
    return alarm.get("AlarmArn") or alarm.get("execution") or alarm["id"]


def _is_over(alarm: dict) -> bool:
    return alarm.get("NewStateValue") == "OK"


def _summary(alarm: dict) -> str:
    return alarm.get("AlarmDescription") or alarm.get("AlarmName") or alarm["summary"]


def _pagerduty(alarm: dict, endpoint: str, secret: str) -> urllib.request.Request:
    body = {
        "routing_key": secret,
        "dedup_key": _key(alarm),
        "event_action": "resolve" if _is_over(alarm) else "trigger",
        "payload": {
            "summary": _summary(alarm)[:1024],
            "severity": "critical",
            "source": alarm.get("Region", "platform"),
            "custom_details": alarm,
        },
    }
    return _post(endpoint, body, {})


def _opsgenie(alarm: dict, endpoint: str, secret: str) -> urllib.request.Request:
    headers = {"Authorization": f"GenieKey {secret}"}
    alias = urllib.parse.quote(_key(alarm), safe="")
    if _is_over(alarm):
        return _post(f"{endpoint}/{alias}/close?identifierType=alias", {}, headers)
    body = {
        "message": _summary(alarm)[:130],
        "alias": _key(alarm),
        "priority": "P1",
        "details": {name: str(value) for name, value in alarm.items()},
    }
    return _post(endpoint, body, headers)


def _post(url: str, body: dict, headers: dict) -> urllib.request.Request:
    return urllib.request.Request(  # noqa: S310 -- the endpoint is declared
        url,
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json", **headers},
        method="POST",
    )


_PAGERS: dict[str, Callable[[dict, str, str], urllib.request.Request]] = {
    "opsgenie": _opsgenie,
    "pagerduty": _pagerduty,
}

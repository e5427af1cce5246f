"""A bucket policy in which only what can be evaluated decides, and a retention that changes later."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from meshproof.components.moto import Account
from meshproof.probes.aws import Clients


def _denying(**condition: Any) -> str:
    statement = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": ["arn:aws:s3:::kept/*"], **condition}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def test_only_an_unconditional_deny_denies(account: Account) -> None:
    """Deny unless TLS lets a request through, Deny does not."""
    client = Clients(account.environment).of("s3", "us-east-1")
    client.create_bucket(Bucket="kept")
    plain = {"Condition": {"Bool": {"aws:SecureTransport": "false"}}}
    client.put_bucket_policy(Bucket="kept", Policy=_denying(**plain))
    client.put_object(Bucket="kept", Key="a", Body=b"1")

    assert client.get_object(Bucket="kept", Key="a")["Body"].read() == b"1"
    client.put_bucket_policy(Bucket="kept", Policy=_denying())
    with pytest.raises(ClientError, match="403"):
        client.head_object(Bucket="kept", Key="a")


def test_a_bucket_that_holds_something_takes_another_default_retention(account: Account) -> None:
    """As S3 does once the bucket's lock is on; what was there is still there."""
    client = Clients(account.environment).of("s3", "us-east-1")
    client.create_bucket(Bucket="locked", ObjectLockEnabledForBucket=True)
    client.put_object(Bucket="locked", Key="a", Body=b"1")
    rule = {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 7}}

    client.put_object_lock_configuration(
        Bucket="locked", ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", "Rule": rule}
    )

    kept = client.get_object_lock_configuration(Bucket="locked")["ObjectLockConfiguration"]["Rule"]["DefaultRetention"]
    assert (kept["Mode"], kept["Days"]) == ("GOVERNANCE", 7)
    assert client.get_object(Bucket="locked", Key="a")["Body"].read() == b"1"

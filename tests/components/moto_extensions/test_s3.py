"""A bucket policy in which only what can be evaluated decides."""

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

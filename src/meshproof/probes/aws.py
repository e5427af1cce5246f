"""Looks at an AWS account, be it emulated or not.

There is one way to say where it is: `AWS_ENDPOINT_URL`, which boto3, Terraform's provider and its S3 backend follow
alike. So the same look meets moto, LocalStack, or, where it is not set, AWS itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from typing import Any, Final

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    CredentialRetrievalError,
    EndpointConnectionError,
    NoCredentialsError,
    ReadTimeoutError,
    SSOError,
    TokenRetrievalError,
)

from meshproof.errors import ProbeError

_CONFIG: Final = Config(retries={"total_max_attempts": 1}, connect_timeout=2, read_timeout=20)
_SILENT: Final = (ConnectTimeoutError, EndpointConnectionError, ReadTimeoutError)
_LOGGED_OUT: Final = (CredentialRetrievalError, NoCredentialsError, SSOError, TokenRetrievalError)
#: https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html
_NOT_VALID: Final = (
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidToken",
    "RequestExpired",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
)


class Clients:
    """boto3's clients of one account."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        """`environment` says who asks and where, in the variables that every AWS program reads."""
        self._environment = environment
        self._made: dict[tuple[str, str], Any] = {}

    @cached_property
    def _session(self) -> boto3.Session:
        return boto3.Session(
            aws_access_key_id=self._environment.get("AWS_ACCESS_KEY_ID"),
            aws_secret_access_key=self._environment.get("AWS_SECRET_ACCESS_KEY"),
        )

    def of(self, service: str, region: str) -> Any:
        """The client of a service in a region; made once."""
        if (service, region) not in self._made:
            endpoint = self._environment.get("AWS_ENDPOINT_URL")
            made = self._session.client(service, region_name=region, endpoint_url=endpoint, config=_CONFIG)
            self._made[service, region] = made
        return self._made[service, region]


@contextmanager
def looking(what: str) -> Iterator[None]:
    """Turn what boto3 raises in the block into ProbeError: nothing was seen."""
    try:
        yield
    except (BotoCoreError, ClientError) as error:
        message = f"{what}: {_sentence(error)}"
        raise ProbeError(message) from error


def _sentence(error: BotoCoreError | ClientError) -> str:
    if isinstance(error, _SILENT):
        return f"AWS does not answer ({error}): see the network, and where AWS_ENDPOINT_URL leads"
    code = error.response.get("Error", {}).get("Code", "") if isinstance(error, ClientError) else ""
    if code in _NOT_VALID or isinstance(error, _LOGGED_OUT):
        return f"the AWS credentials are not valid, or not any more ({code or error}): log in again"
    return f"AWS did not say: {error}"


def there(call: Callable[..., Any], *absent: str, **asked: Any) -> Mapping[str, Any] | None:
    """What a call answers, None where it answers with one of the errors that say that there is no such thing.

    Raises ProbeError for any other error.
    """
    with looking(getattr(call, "__name__", "a call")):
        try:
            found: Mapping[str, Any] = call(**asked)
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") in absent:
                return None
            raise
        return found

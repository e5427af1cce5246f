"""What is said where AWS could not be looked at: one sentence for each way, with what to do."""

from __future__ import annotations

import pytest
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, ReadTimeoutError, TokenRetrievalError

from meshproof.errors import ProbeError
from meshproof.probes.aws import looking


def _refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "DescribeTable")


@pytest.mark.parametrize(
    ("error", "says"),
    [
        pytest.param(_refused("ExpiredTokenException"), r"not valid, or not any more \(Expired.*log in", id="expired"),
        pytest.param(NoCredentialsError(), r"not valid, or not any more \(Unable to locate.*log in", id="none"),
        pytest.param(
            TokenRetrievalError(provider="sso", error_msg="Token has expired"),
            r"not any more \(.*Token has expired\): log in again",
            id="logged out",
        ),
        pytest.param(
            ReadTimeoutError(endpoint_url="https://a.example"), r"does not answer .*https://a\.example", id="silent"
        ),
        pytest.param(_refused("ThrottlingException"), "AWS did not say: .*ThrottlingException", id="anything else"),
    ],
)
def test_each_way_of_not_seeing_has_its_sentence(error: BotoCoreError | ClientError, says: str) -> None:
    """It names what was looked at."""
    with pytest.raises(ProbeError, match=f"^the table: .*{says}"), looking("the table"):
        raise error

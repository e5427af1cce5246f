"""The checks that only read an account, in an account that somebody else runs and has applied `infra/` to."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from platformdirs import user_cache_path

from fixtures.cloud.applied import Cloud, applied_cloud
from fixtures.cloud.asked import AskedAccount, live_asked
from meshproof.declaration.model import Declaration
from meshproof.declaration.platform import Platform
from meshproof.declaration.reading import read
from meshproof.errors import ProbeError, TargetError
from meshproof.process import run
from meshproof.targets.live.account import live_account
from meshproof.targets.live.actions import ACTIONS
from suites.integration import test_cloud_state, test_cloud_storage, test_cloud_watch
from tests.targets.live.proxy import Recorded, recording

ROOT = Path(__file__).parents[2]
FILES = [f"suites/integration/{one}.py" for one in ("test_cloud_storage", "test_cloud_watch", "test_cloud_state")]


@pytest.fixture(scope="module")
def own_declaration() -> Declaration:
    """The platform's own, in production."""
    return read(ROOT / "infra", "prod", plan_file=None)


@pytest.fixture(scope="module")
def applied(own_declaration: Declaration, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """An account that was started and applied to by other means than a live run's."""
    directory = tmp_path_factory.mktemp("foreign")
    try:
        with applied_cloud(
            own_declaration, ROOT / "infra", cache=user_cache_path("meshproof"), directory=directory, whole=False
        ) as made:
            yield made
    except TargetError as error:
        pytest.skip(str(error))


@pytest.fixture
def login(applied: Cloud, monkeypatch: pytest.MonkeyPatch) -> Callable[[Recorded], None]:
    """Give the user credentials of the account behind a proxy."""

    def made(proxy: Recorded) -> None:
        for name, value in {**applied.account.environment, "AWS_ENDPOINT_URL": proxy.url}.items():
            monkeypatch.setenv(name, value)

    return made


def test_a_run_reads_the_account_and_writes_nothing(
    applied: Cloud, own_declaration: Declaration, login: Callable[[Recorded], None], tmp_path: Path
) -> None:
    """What was applied has no complaint; what nobody has applied is named; all that passes the proxy is reads."""
    report = tmp_path / "report"
    argv = [sys.executable, "-m", "pytest", *FILES, "--target", "live", "--report-dir", str(report), "-q"]
    with recording(applied.account.endpoint) as proxy:
        login(proxy)
        done = run([*argv, "-p", "no:cacheprovider"], cwd=ROOT, env=os.environ, within_s=600)
    assert done.returncode == 1, done.stdout
    controls = {one["id"]: one for one in json.loads((report / "run.json").read_text(encoding="utf-8"))["controls"]}
    judged = {key: one for key, one in controls.items() if key.startswith("AWS-2") and one["verdict"] != "unknown"}
    complaints = {row["address"] for one in judged.values() for row in one["where"]}

    assert {key: controls[key]["verdict"] for key in ("AWS-214", "AWS-221")} == {"AWS-214": "pass", "AWS-221": "pass"}
    assert complaints
    assert complaints & set(applied.targets) == set()
    assert complaints <= {one.address for one in own_declaration.records}
    assert writes(proxy.requests) == []


def writes(lines: list[str]) -> list[str]:
    """What of these is no read: by its verb, or by its action where every verb is POST."""
    words = ("Get", "Describe", "HEAD", "GET")
    return [one for one in lines if not one.split("/")[-1].split()[-1].startswith(words) and not one.startswith(words)]


@dataclass(frozen=True, slots=True)
class Right:
    """A check, the question of it that is refused (by what the proxy writes down), and the right that is missing."""

    check: Callable[[Platform, AskedAccount], None]
    refused: str
    right: str


ROWS = (
    Right(test_cloud_storage.test_buckets_encrypt, r"\?encryption$", "s3:GetEncryptionConfiguration"),
    Right(test_cloud_storage.test_buckets_keep_versions, r"\?versioning$", "s3:GetBucketVersioning"),
    Right(test_cloud_storage.test_buckets_stay_closed, r"\?publicAccessBlock$", "s3:GetBucketPublicAccessBlock"),
    Right(test_cloud_storage.test_tables_are_recoverable, " DescribeTable$", "dynamodb:DescribeTable"),
    Right(test_cloud_storage.test_tables_are_recoverable, " DescribeCont", "dynamodb:DescribeContinuousBackups"),
    Right(test_cloud_storage.test_keys_turn, " DescribeKey$", "kms:DescribeKey"),
    Right(test_cloud_storage.test_keys_turn, " GetKeyRotationStatus$", "kms:GetKeyRotationStatus"),
    Right(test_cloud_storage.test_secrets_are_encrypted, " DescribeSecret$", "secretsmanager:DescribeSecret"),
    Right(test_cloud_watch.test_trail_records, " GetTrail$", "cloudtrail:GetTrail"),
    Right(test_cloud_watch.test_trail_records, " GetTrailStatus$", "cloudtrail:GetTrailStatus"),
    Right(test_cloud_watch.test_trail_records, r"\?object-lock$", "s3:GetBucketObjectLockConfiguration"),
    Right(test_cloud_watch.test_alarms_tell, " DescribeAlarms$", "cloudwatch:DescribeAlarms"),
    Right(test_cloud_watch.test_messages_are_encrypted, " GetTopicAttributes$", "sns:GetTopicAttributes"),
    Right(test_cloud_watch.test_messages_are_encrypted, " GetQueueUrl$", "sqs:GetQueueUrl"),
    Right(test_cloud_watch.test_messages_are_encrypted, " GetQueueAttributes$", "sqs:GetQueueAttributes"),
    Right(test_cloud_watch.test_budgets_warn, " DescribeNotif", "budgets:ViewBudget"),
    Right(test_cloud_watch.test_budgets_warn, " DescribeSubscr", "budgets:ViewBudget"),
    Right(test_cloud_state.test_state_is_kept, "^HEAD ", "s3:GetObject"),
)


@pytest.mark.parametrize("row", ROWS, ids=lambda one: f"{one.right} {one.check.__name__}")
def test_one_right_less_is_unknown_and_named(
    applied: Cloud, own_declaration: Declaration, login: Callable[[Recorded], None], row: Right
) -> None:
    """With all of them the same check has nothing to complain of."""
    with recording(applied.account.endpoint, refuses=lambda line: re.search(row.refused, line) is not None) as proxy:
        login(proxy)
        asked = replace(live_asked(live_account(own_declaration), own_declaration), holds=applied.asked.holds)
        says = f"a right is missing in the AWS account: {row.right}; `meshproof rights` prints them all"
        with pytest.raises(ProbeError, match=says):
            row.check(Platform(own_declaration), asked)


def test_every_right_that_a_check_needs_has_its_row() -> None:
    """But for the cluster's, which is no control's: a run says so by itself."""
    assert {one.right for one in ROWS} == set(ACTIONS.values()) - {"eks:DescribeCluster"}

"""Terraform against an emulated account: twice, with drift, and with the account gone in the middle."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from platformdirs import user_cache_path

from meshproof.components.moto import Account, emulated_account
from meshproof.components.provisioner import Provisioner, compose
from meshproof.declaration.terraform_program import locate
from meshproof.declaration.terraform_run import Terraform
from meshproof.errors import TargetError
from meshproof.probes.aws import Clients
from meshproof.targets.embedded.addresses import free_ports
from meshproof.waiting import until

INFRA = Path(__file__).parents[2] / "infra"
ROOT = """
terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}
provider "aws" {
  region              = "eu-west-1"
  allowed_account_ids = ["111122223333"]
  max_retries         = 1
}
resource "aws_s3_bucket" "main" {
  bucket = "orders-of-a-test"
}
resource "aws_s3_bucket_versioning" "main" {
  bucket = aws_s3_bucket.main.id
  versioning_configuration {
    status = "Enabled"
  }
}
"""
#: The provider waits twenty seconds for each key to settle.
SLOW = 'resource "aws_kms_key" "main" {\n  enable_key_rotation = true\n}\n'
VERSIONING = "aws_s3_bucket_versioning.main"


@pytest.fixture(scope="module")
def terraform() -> Terraform:
    """Terraform with the provider; a machine without them skips what needs them."""
    found = locate(INFRA, cache=user_cache_path("meshproof"))
    if "hashicorp/aws" not in found.offered:
        pytest.skip("Terraform's AWS provider cannot be had here")
    return found


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Account]:
    """An account of this test's own, that it may kill."""
    (port,) = free_ports(1)
    with emulated_account("111122223333", port=port, directory=tmp_path) as account:
        yield account


def _provisioner(terraform: Terraform, directory: Path, account: Account, more: str = "") -> Provisioner:
    root = directory / "root"
    root.mkdir()
    (root / "main.tf").write_text(ROOT + more)
    made = Provisioner(terraform, root, account)
    made.prepare()
    return made


def test_drift_by_other_means_is_a_change_of_the_next_plan(
    terraform: Terraform, tmp_path: Path, account: Account
) -> None:
    """Nothing before it, its address and attribute after it; a copy of the account is none the wiser.

    What needs what is known from the root alone.
    """
    made = _provisioner(terraform, tmp_path, account)
    applied = made.apply([])

    assert made.dependencies() == {VERSIONING: frozenset({"aws_s3_bucket.main"})}
    assert set(applied.addresses) == {"aws_s3_bucket.main", VERSIONING}
    assert applied.refused == ()
    assert made.changes() == ()
    with account.copied() as copy:
        Clients(account.environment).of("s3", "eu-west-1").put_bucket_versioning(
            Bucket="orders-of-a-test", VersioningConfiguration={"Status": "Suspended"}
        )
        (found,) = made.changes()

        assert (found.address, found.actions) == (VERSIONING, ("update",))
        assert found.attributes == ("versioning_configuration",)
        assert made.at(copy, tmp_path / "copy").changes() == ()


def test_an_account_that_dies_in_the_middle_is_one_sentence(
    terraform: Terraform, tmp_path: Path, started: Account
) -> None:
    """Nothing of what was applied before is presented as applied."""
    made = _provisioner(terraform, tmp_path, started, SLOW)
    client = Clients(started.environment).of("s3", "eu-west-1")

    def kill_in_the_middle() -> None:
        until(lambda: client.list_buckets()["Buckets"], bool, within_s=60, what="the first bucket")
        assert started.process is not None
        started.process.signal(signal.SIGKILL)

    killer = threading.Thread(target=kill_in_the_middle)
    killer.start()
    with pytest.raises(TargetError, match=r"^the emulated AWS account 111122223333 has ended.*nothing .* is judged$"):
        made.apply([])
    killer.join()


def test_a_missing_provider_is_one_sentence_with_the_command(tmp_path: Path) -> None:
    """Nothing is started for it."""
    bare = Terraform(path=Path("/nowhere/terraform"), version="1.11.4", environment={}, offered={})
    with pytest.raises(TargetError, match="terraform providers mirror"):
        compose(INFRA, "prod", frozenset({"global/state"}), terraform=bare, cache=tmp_path, directory=tmp_path / "root")

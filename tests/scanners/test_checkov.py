"""Checkov sees what belongs together, also where two modules use one name."""

from __future__ import annotations

from meshproof.declaration.model import UNKNOWN, Record
from meshproof.judgement import Place
from meshproof.scanners.checkov import scan
from meshproof.verdict import Assurance

#: "Ensure all data stored in the S3 bucket have versioning enabled" (a bucket and what is attached to it).
UNVERSIONED = "CKV_AWS_21"
#: "Ensure DynamoDB Tables are encrypted using a KMS Customer Managed CMK".
NO_KEY = "CKV_AWS_119"


def _record(address: str, values: dict[str, object], references: dict[str, tuple[str, ...]]) -> Record:
    kind, name = address.split(".")[-2:]
    return Record(
        family="terraform",
        kind=kind,
        address=address,
        name=name,
        values=values,
        place=Place(file="main.tf", line=1),
        assurance=Assurance.RESOLVED,
        references=references,
    )


def test_each_resource_is_judged_with_what_refers_to_it() -> None:
    """Two modules with a bucket `main`: the versioning of one is not taken for the other's."""
    versioning = {"bucket": UNKNOWN, "versioning_configuration": [{"status": "Enabled"}]}
    records = [
        _record("module.bare.aws_s3_bucket.main", {"bucket": "bare"}, {}),
        _record("module.kept.aws_s3_bucket.main", {"bucket": "kept"}, {}),
        _record(
            "module.kept.aws_s3_bucket_versioning.main", versioning, {"bucket": ("module.kept.aws_s3_bucket.main",)}
        ),
    ]

    found = scan(records)

    assert [one.address for one in found.failed if one.id == UNVERSIONED] == ["module.bare.aws_s3_bucket.main"]


def test_a_block_keeps_what_it_refers_to() -> None:
    """A key that is known after apply is still a key, and none is none."""
    block: dict[str, object] = {"enabled": True, "kms_key_arn": UNKNOWN}
    records = [
        _record("module.a.aws_kms_key.main", {"enable_key_rotation": True}, {}),
        _record(
            "module.a.aws_dynamodb_table.main",
            {"name": "a", "server_side_encryption": [block]},
            {"server_side_encryption.0.kms_key_arn": ("module.a.aws_kms_key.main",)},
        ),
        _record("module.b.aws_dynamodb_table.main", {"name": "b", "server_side_encryption": [{"enabled": True}]}, {}),
    ]

    found = scan(records)

    assert [one.address for one in found.failed if one.id == NO_KEY] == ["module.b.aws_dynamodb_table.main"]

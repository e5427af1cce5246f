"""What an account holds at rest, as its own API tells it after the declaration was applied."""

from collections.abc import Iterator
from typing import Any

from fixtures.cloud.asked import AskedAccount, alias_of
from meshproof import Control, Level, Pillar, checks, edit, judge
from meshproof.declaration.platform import Platform
from meshproof.observation import Observed
from meshproof.probes.aws import there

SHOWN_BY = ("embedded", "kind", "live")
S3 = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/security-best-practices.html"
DYNAMODB = "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-backup.html"
FLAGS = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")
#: What takes access logs cannot use a customer's key: log delivery refuses it.
#: https://docs.aws.amazon.com/AmazonS3/latest/userguide/enable-server-access-logging.html
LOG_BUCKET = "access_log"


def _control(number: int, title: str, remedy: str, mutants: list[Any], **more: Any) -> Control:
    return Control(
        id=f"AWS-{number}",
        title=title,
        system=more.pop("system", "terraform"),
        pillar=more.pop("pillar", Pillar.SECURITY),
        level=Level.MUST,
        since="1.0",
        source=more.pop("source", S3),
        remedy=remedy,
        targets=more.pop("targets", SHOWN_BY),
        mutants=mutants,
        **more,
    )


def _asked(aws: AskedAccount, platform: Platform, operation: str, *absent: str) -> Iterator[Observed[Any]]:
    """The answer to one question about each bucket, None where the account says that there is no such thing."""
    for item in aws.held(platform, "aws_s3_bucket"):
        client = aws.client("s3", item)
        yield aws.observed(item, there(getattr(client, operation), "NoSuchBucket", *absent, Bucket=item.text("bucket")))


ENCRYPTED = _control(
    201,
    "Every bucket of an account MUST encrypt by itself, with a key of the platform where it is no access log",
    "Apply aws_s3_bucket_server_side_encryption_configuration with sse_algorithm aws:kms and the key of the purpose.",
    [
        edit(
            "aws_s3_bucket_server_side_encryption_configuration",
            "module.primary_table.*.export",
            {
                "rule": [
                    {
                        "apply_server_side_encryption_by_default": [
                            {"sse_algorithm": "AES256", "kms_master_key_id": None}
                        ]
                    }
                ]
            },
            says="module.primary_table.aws_s3_bucket.export: encrypts with AES256",
        )
    ],
    system="audit",
    frameworks={"nist": "SC-28", "pci": "3.5.1", "hipaa": "164.312(a)(2)(iv)", "soc2": "CC6.1"},
)


@checks(ENCRYPTED)
def test_buckets_encrypt(platform: Platform, aws: AskedAccount) -> None:
    """Asked of each bucket."""
    asked = _asked(aws, platform, "get_bucket_encryption", "ServerSideEncryptionConfigurationNotFoundError")
    findings = judge(asked, _encrypts)

    assert not findings.broken, findings.table()


def _encrypts(seen: Observed[Any]) -> str | None:
    if seen.value is None:
        return "encrypts nothing"
    rule = seen.value["ServerSideEncryptionConfiguration"]["Rules"][0]["ApplyServerSideEncryptionByDefault"]
    algorithm = rule["SSEAlgorithm"]
    if seen.address.endswith(f".{LOG_BUCKET}"):
        return None if algorithm == "AES256" else f"encrypts with {algorithm}, which log delivery refuses"
    if algorithm != "aws:kms":
        return f"encrypts with {algorithm}"
    return None if rule.get("KMSMasterKeyID") else "encrypts with no key of the platform"


VERSIONED = _control(
    202,
    "Every bucket of an account MUST keep what was overwritten or deleted",
    "Apply aws_s3_bucket_versioning with status Enabled.",
    [
        edit(
            "aws_s3_bucket_versioning",
            "module.primary_table.*.export",
            {"versioning_configuration": [{"status": "Suspended"}]},
            says="module.primary_table.aws_s3_bucket.export: versioning is Suspended",
        )
    ],
    pillar=Pillar.RELIABILITY,
    system="audit",
    frameworks={"nist": "CP-9", "soc2": "A1.2"},
)


@checks(VERSIONED)
def test_buckets_keep_versions(platform: Platform, aws: AskedAccount) -> None:
    """Asked of each bucket."""
    findings = judge(
        _asked(aws, platform, "get_bucket_versioning"),
        lambda seen: (
            None
            if (status := (seen.value or {}).get("Status")) == "Enabled"
            else f"versioning is {status or 'not switched on'}"
        ),
    )

    assert not findings.broken, findings.table()


CLOSED = _control(
    203,
    "A bucket of an account MUST NOT be able to become public",
    "Apply aws_s3_bucket_public_access_block with all four flags.",
    [
        edit(
            "aws_s3_bucket_public_access_block",
            "module.global_state.*.main",
            {"block_public_policy": False},
            says="module.global_state.aws_s3_bucket.main: BlockPublicPolicy is off",
        )
    ],
    system="audit",
    frameworks={"nist": "AC-3", "pci": "1.4.4", "cis": "AWS 2.1.4", "soc2": "CC6.1"},
)


@checks(CLOSED)
def test_buckets_stay_closed(platform: Platform, aws: AskedAccount) -> None:
    """Asked of each bucket."""
    asked = _asked(aws, platform, "get_public_access_block", "NoSuchPublicAccessBlockConfiguration")
    findings = judge(asked, _stays_closed)

    assert not findings.broken, findings.table()


def _stays_closed(seen: Observed[Any]) -> list[str]:
    flags = (seen.value or {}).get("PublicAccessBlockConfiguration", {})
    return [f"{name} is off" for name in FLAGS if flags.get(name) is not True]


TABLES = _control(
    204,
    "Every table of an account MUST be recoverable to any second, encrypted with a key of the platform, and hard to delete",
    "Apply point_in_time_recovery, server_side_encryption with the key, and deletion_protection_enabled.",
    [
        edit(
            "aws_dynamodb_table",
            'module.primary_table.aws_dynamodb_table.main["catalogue"]',
            {"deletion_protection_enabled": False},
            says='module.primary_table.aws_dynamodb_table.main["catalogue"]: can be deleted at once',
        ),
    ],
    pillar=Pillar.RELIABILITY,
    system="nosql",
    source=DYNAMODB,
    targets=("embedded", "live"),  # LocalStack downloads what holds its tables when it is first asked for one
    frameworks={"nist": "CP-9", "soc2": "A1.2"},
)


@checks(TABLES)
def test_tables_are_recoverable(platform: Platform, aws: AskedAccount) -> None:
    """Asked of each table in its own region."""
    findings = judge(_tables(aws, platform), _is_recoverable)

    assert not findings.broken, findings.table()


def _tables(aws: AskedAccount, platform: Platform) -> Iterator[Observed[Any]]:
    for item in aws.held(platform, "aws_dynamodb_table"):
        client, name = aws.client("dynamodb", item), item.text("name")
        table = there(client.describe_table, "ResourceNotFoundException", TableName=name)
        backups = there(client.describe_continuous_backups, "TableNotFoundException", TableName=name)
        yield aws.observed(item, {"table": table, "backups": backups})


def _is_recoverable(seen: Observed[Any]) -> Iterator[str]:
    if seen.value["table"] is None:
        yield "is not there"
        return
    table = seen.value["table"]["Table"]
    recovery = seen.value["backups"]["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
    if recovery["PointInTimeRecoveryStatus"] != "ENABLED":
        yield "cannot be recovered to a point in time"
    if not table.get("SSEDescription", {}).get("KMSMasterKeyArn"):
        yield "is encrypted with no key of the platform"
    if table.get("DeletionProtectionEnabled") is not True:
        yield "can be deleted at once"


def _keys(aws: AskedAccount, platform: Platform) -> Iterator[Observed[Any]]:
    for item in aws.held(platform, "aws_kms_key"):
        client = aws.client("kms", item)
        key = (there(client.describe_key, "NotFoundException", KeyId=alias_of(item)) or {}).get("KeyMetadata")
        if key is None or key["KeyUsage"] != ENCRYPTS:
            yield aws.observed(item, (key, None))
        else:
            yield aws.observed(item, (key, there(client.get_key_rotation_status, KeyId=key["KeyId"])))


#: Only such keys can be turned: https://docs.aws.amazon.com/kms/latest/developerguide/rotate-keys.html
ENCRYPTS = "ENCRYPT_DECRYPT"

TURNING = _control(
    205,
    "Every key of an account that encrypts MUST turn by itself",
    "Apply enable_key_rotation.",
    [
        edit(
            "aws_kms_key",
            "module.global_audit.aws_kms_key.main",
            {"enable_key_rotation": False, "rotation_period_in_days": None},
            says="module.global_audit.aws_kms_key.main: does not turn",
        )
    ],
    system="secrets",
    source="https://docs.aws.amazon.com/kms/latest/developerguide/rotate-keys.html",
    frameworks={"nist": "SC-12", "pci": "3.7.4", "cis": "AWS 3.6"},
)


@checks(TURNING)
def test_keys_turn(platform: Platform, aws: AskedAccount) -> None:
    """Asked of each key in its own region."""
    findings = judge(_keys(aws, platform), _turns)

    assert not findings.broken, findings.table()


def _turns(seen: Observed[Any]) -> str | None:
    key, status = seen.value
    if key is None:
        return "is not there"
    return None if status is None or status["KeyRotationEnabled"] else "does not turn"


SECRETS = _control(
    206,
    "Every secret of an account MUST be encrypted with a key of the platform and have a copy in another region",
    "Apply kms_key_id and a replica block.",
    [
        edit(
            "aws_secretsmanager_secret",
            'module.primary_secrets.aws_secretsmanager_secret.main["orders-database"]',
            {"kms_key_id": "alias/aws/secretsmanager"},
            says='main["orders-database"]: is encrypted with a key that AWS manages',
        )
    ],
    system="secrets",
    source="https://docs.aws.amazon.com/secretsmanager/latest/userguide/best-practices.html",
    frameworks={"nist": "SC-28", "soc2": "CC6.1"},
)


@checks(SECRETS)
def test_secrets_are_encrypted(platform: Platform, aws: AskedAccount) -> None:
    """Asked of each secret in its own region."""
    findings = judge(_secrets(aws, platform), _is_kept)

    assert not findings.broken, findings.table()


def _secrets(aws: AskedAccount, platform: Platform) -> Iterator[Observed[Any]]:
    for item in aws.held(platform, "aws_secretsmanager_secret"):
        client = aws.client("secretsmanager", item)
        yield aws.observed(item, there(client.describe_secret, "ResourceNotFoundException", SecretId=item.text("name")))


def _is_kept(seen: Observed[Any]) -> Iterator[str]:
    secret = seen.value
    if secret is None:
        yield "is not there"
        return
    if not secret.get("KmsKeyId") or "alias/aws/" in secret["KmsKeyId"]:
        yield "is encrypted with a key that AWS manages"
    if not any(one.get("Region") for one in secret.get("ReplicationStatus", ())):
        yield "has no copy in another region"

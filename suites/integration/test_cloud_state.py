"""Terraform and its state against a real API: applied twice, drift found, locked, encrypted."""

import json
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fixtures.cloud.applied import Cloud, observed
from fixtures.cloud.asked import STATE_UNIT, AskedAccount
from meshproof import Control, Level, Pillar, checks, edit, judge
from meshproof.components.provisioner import StateLockedError
from meshproof.declaration.platform import Platform
from meshproof.observation import Observed
from meshproof.probes.aws import looking
from meshproof.verdict import Assurance

SHOWN_BY = ("embedded", "kind", "live")
BACKEND = "https://developer.hashicorp.com/terraform/language/backend/s3"
DRIFT = "https://developer.hashicorp.com/terraform/tutorials/state/resource-drift"

SETTLED = Control(
    id="AWS-211",
    title="A second plan MUST find nothing to change in an account that was just applied to",
    system="terraform",
    pillar=Pillar.OPERATIONS,
    level=Level.MUST,
    since="1.0",
    source=DRIFT,
    remedy="Declare the value that the API gives back, or undo what was changed by other means.",
    targets=("embedded",),  # a plan takes the lock of the state, and asks for everything
    frameworks={"nist": "CM-3", "soc2": "CC8.1"},
    mutants=[
        edit(
            "aws_s3_bucket_versioning",
            "module.primary_table.*.export",
            {"versioning_configuration": [{"status": "Suspended"}]},
            says="module.primary_table.aws_s3_bucket_versioning.export: update (versioning_configuration",
        ),
    ],
)


@checks(SETTLED)
def test_second_plan_changes_nothing(platform: Platform, cloud: Cloud) -> None:
    """The declaration as built, planned against the account; only what the emulator itself perturbs may differ."""
    unexpected = {one.address: one for one in cloud.lists.unexpected(cloud.changes())}
    applied = [one for one in platform.family("terraform") if one.address in cloud.targets]
    findings = judge([observed(one, unexpected.get(one.address)) for one in applied], _differs)

    assert not findings.broken, findings.table()


def _differs(seen: Observed[Any]) -> str | None:
    change = seen.value
    return None if change is None else f"{' and '.join(change.actions)} ({', '.join(change.attributes)})"


def _suspend_versions(cloud: Cloud, address: str) -> None:
    bucket = cloud.state[address]["bucket"]
    cloud.client("s3", address).put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})


def _open_bucket(cloud: Cloud, address: str) -> None:
    cloud.client("s3", address).delete_public_access_block(Bucket=cloud.state[address]["bucket"])


def _stop_turning(cloud: Cloud, address: str) -> None:
    cloud.client("kms", address).disable_key_rotation(KeyId=cloud.state[address]["key_id"])


def _silence(cloud: Cloud, address: str) -> None:
    alarm = cloud.state[address]["alarm_name"]
    cloud.client("cloudwatch", address).delete_alarms(AlarmNames=[alarm])


#: What somebody does to the account behind Terraform's back.
DRIFTS: dict[str, Callable[[Cloud, str], None]] = {
    "module.global_state.aws_s3_bucket_versioning.replica": _suspend_versions,
    "module.global_state.aws_s3_bucket_public_access_block.main": _open_bucket,
    "module.global_audit.aws_kms_key.main": _stop_turning,
    'module.global_audit.aws_cloudwatch_metric_alarm.main["key-loss"]': _silence,
}

FOUND = Control(
    id="AWS-212",
    title="What is changed in an account by other means MUST be found by the next plan",
    system="terraform",
    pillar=Pillar.OPERATIONS,
    level=Level.MUST,
    since="1.0",
    source=DRIFT,
    remedy="Take the attribute out of ignore_changes, or the resource's own refresh does not read it.",
    targets=("embedded",),  # it changes the account, which only a copy of an emulated one lets it do
    frameworks={"nist": "CM-3", "soc2": "CC8.1"},
    mutants=[
        edit(
            "aws_s3_bucket_versioning",
            "module.global_state.*.replica",
            {"lifecycle": [{"ignore_changes": ["versioning_configuration"]}]},
            says="module.global_state.aws_s3_bucket_versioning.replica: its change is not found",
        ),
        edit(
            "aws_kms_key",
            "module.global_audit.aws_kms_key.main",
            {"lifecycle": [{"ignore_changes": ["enable_key_rotation", "rotation_period_in_days"]}]},
            says="module.global_audit.aws_kms_key.main: its change is not found",
        ),
    ],
)


@checks(FOUND)
def test_drift_is_found(platform: Platform, cloud: Cloud, tmp_path: Path) -> None:
    """Four changes through boto3 in a copy of the account, and a plan of what they touched."""
    addresses = [one for one in DRIFTS if one in cloud.planned]
    items = [one for address in addresses if (one := platform.item(address)) is not None]
    with cloud.copied(tmp_path) as copy, looking("a change by other means"):
        for item in items:
            DRIFTS[item.address](copy, item.address)
        found = {one.address for one in copy.provisioner.changes([one.address for one in items])}
    findings = judge(
        [observed(one, one.address in found, Assurance.OBSERVED) for one in items],
        lambda seen: None if seen.value else "its change is not found",
    )

    assert not findings.broken, findings.table()


LOCKED = Control(
    id="AWS-213",
    title="A second apply MUST be refused while the state is locked",
    system="terraform",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source=BACKEND,
    remedy="Set use_lockfile in the backend.",
    targets=("embedded",),  # it locks the state
    frameworks={"nist": "CM-5", "soc2": "CC8.1"},
    mutants=[
        edit("unit", STATE_UNIT, {"remote_state": {"config": {"use_lockfile": False}}}, says="is applied although"),
    ],
)

#: One small resource: what is asked is only whether it may be touched.
TOUCHED = "module.global_audit.aws_kms_alias.main"


@checks(LOCKED)
def test_locked_state_refuses(platform: Platform, cloud: Cloud, tmp_path: Path) -> None:
    """The lock of another run lies beside the state, in a copy of the account."""
    with cloud.copied(tmp_path) as copy:
        _lock(copy)
        try:
            copy.provisioner.apply([TOUCHED])
            refused = False
        except StateLockedError:
            refused = True
    findings = judge(
        _state(platform, refused),
        lambda seen: None if seen.value else "is applied although another run holds the lock",
    )

    assert not findings.broken, findings.table()


def _lock(cloud: Cloud) -> None:
    held = {"ID": str(uuid.uuid4()), "Operation": "OperationTypeApply", "Who": "another run", "Version": "1.11.4"}
    with looking("the lock"):
        cloud.clients.of("s3", cloud.backend["region"]).put_object(
            Bucket=cloud.backend["bucket"], Key=f"{cloud.backend['key']}.tflock", Body=json.dumps(held).encode()
        )


def _state(platform: Platform, value: Any) -> list[Observed[Any]]:
    unit = platform.item(STATE_UNIT)
    return [observed(unit, value, Assurance.OBSERVED)] if unit is not None else []


KEPT = Control(
    id="AWS-214",
    title="The state of an account MUST lie in it encrypted with the declared key, each version kept and held against deletion",
    system="terraform",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source=BACKEND,
    remedy="Set encrypt and kms_key_id in the backend; give the bucket versioning and Object Lock.",
    targets=SHOWN_BY,
    frameworks={"nist": "SC-28", "pci": "3.5.1", "soc2": "CC6.1"},
    mutants=[
        edit(
            "aws_s3_bucket_versioning",
            "module.global_state.*.main",
            {"versioning_configuration": [{"status": "Suspended"}]},
            says="versions are not kept",
        ),
        edit(
            "aws_s3_bucket_object_lock_configuration",
            "module.global_state.*.main",
            {"rule": [{"default_retention": [{"days": 1}]}]},
            says="holds a version for 1 day",
        ),
    ],
)

#: A state that was damaged is noticed within a quarter: `aws_state.retention.lock_days` of production.
HELD_DAYS = 30


@checks(KEPT)
def test_state_is_kept(platform: Platform, aws: AskedAccount) -> None:
    """The object itself, and what its bucket does with every version of it."""
    backend, unit = aws.backend, platform.item(STATE_UNIT)
    client, keys = (aws.clients.of(name, backend["region"]) for name in ("s3", "kms"))
    with looking("the state's object"):
        value = {
            "object": client.head_object(Bucket=backend["bucket"], Key=backend["key"]),
            "versions": client.get_bucket_versioning(Bucket=backend["bucket"]).get("Status"),
            "lock": client.get_object_lock_configuration(Bucket=backend["bucket"])["ObjectLockConfiguration"],
            "key": keys.describe_key(KeyId=backend["kms_key_id"])["KeyMetadata"]["Arn"],
        }
    seen = [aws.observed(unit, value, Assurance.OBSERVED)] if unit is not None else []
    findings = judge(seen, lambda one: _is_kept(one, backend["kms_key_id"]))

    assert not findings.broken, findings.table()


def _is_kept(seen: Observed[Any], alias: str) -> list[str]:
    found = seen.value["object"]
    retention = seen.value["lock"].get("Rule", {}).get("DefaultRetention", {})
    complaints = []
    # AWS tells the key that the alias led to, an emulator what it was given.
    is_declared = str(found.get("SSEKMSKeyId", "")).endswith((seen.value["key"], alias))
    if found.get("ServerSideEncryption") != "aws:kms" or not is_declared:
        complaints.append(f"is encrypted with {found.get('SSEKMSKeyId', 'no key')}, declared is {alias}")
    if seen.value["versions"] != "Enabled":
        complaints.append("versions are not kept")
    if retention.get("Days", 0) < HELD_DAYS:
        complaints.append(f"holds a version for {retention.get('Days', 0)} day(s)")
    return complaints

"""S3: conditions in a bucket's policy, and another default retention of a bucket that holds something.

As shipped moto takes a statement with a condition as if that held, so that `Deny … unless TLS` denies everybody
everything; here such a statement decides nothing. And it takes another default retention for an empty bucket only; S3
takes it at any time once the bucket's lock is on. Sources:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock-configure.html
"""

from __future__ import annotations

import json

from moto.iam.access_control import IAMPolicy, PermissionResult
from moto.s3.models import FakeBucket, S3Backend

_shipped = S3Backend.put_object_lock_configuration


def get_permission(self: FakeBucket, action: str, resource: str) -> PermissionResult:
    """What the policy's statements without a condition say."""
    if self.policy is None:
        return PermissionResult.NEUTRAL
    policy = json.loads(self.policy)
    listed = policy.get("Statement", [])
    statements = listed if isinstance(listed, list) else [listed]
    decided = [one for one in statements if not one.get("Condition")]
    return IAMPolicy(json.dumps({**policy, "Statement": decided})).is_action_permitted(action, resource)


def put_object_lock_configuration(  # noqa: PLR0913, PLR0917 - as moto calls it
    self: S3Backend,
    bucket_name: str,
    lock_enabled: bool,  # noqa: FBT001 - as moto calls it
    mode: str | None = None,
    days: int | None = None,
    years: int | None = None,
) -> None:
    """Where the lock is on already, only the default changes."""
    bucket = self.get_bucket(bucket_name)
    if not bucket.object_lock_enabled:
        _shipped(self, bucket_name, lock_enabled, mode, days, years)
        return
    bucket.default_lock_mode, bucket.default_lock_days, bucket.default_lock_years = mode, days, years


def extend() -> None:
    """Take the place of moto's own."""
    S3Backend.put_object_lock_configuration = put_object_lock_configuration  # type: ignore[method-assign]
    FakeBucket.get_permission = get_permission  # type: ignore[method-assign]

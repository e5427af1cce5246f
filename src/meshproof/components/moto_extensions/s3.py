"""S3: a bucket policy's statement with a condition decides nothing where the condition cannot be evaluated.

As shipped moto takes such a statement as if its condition held, so that `Deny … unless TLS` denies everybody
everything. Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from __future__ import annotations

import json

from moto.iam.access_control import IAMPolicy, PermissionResult
from moto.s3.models import FakeBucket


def get_permission(self: FakeBucket, action: str, resource: str) -> PermissionResult:
    """What the policy's statements without a condition say."""
    if self.policy is None:
        return PermissionResult.NEUTRAL
    policy = json.loads(self.policy)
    listed = policy.get("Statement", [])
    statements = listed if isinstance(listed, list) else [listed]
    decided = [one for one in statements if not one.get("Condition")]
    return IAMPolicy(json.dumps({**policy, "Statement": decided})).is_action_permitted(action, resource)


def extend() -> None:
    """Take the place of moto's own."""
    FakeBucket.get_permission = get_permission  # type: ignore[method-assign]

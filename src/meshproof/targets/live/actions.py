"""What a live run may ask of an AWS account, and the right that each question needs: the shipped policy names these."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

#: Everybody may ask who he is; there is no right for it.
WHO_AM_I: Final = "sts GetCallerIdentity"
#: By service and operation, as boto3 calls them.
#: https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
ACTIONS: Final[Mapping[str, str]] = {
    "budgets DescribeNotificationsForBudget": "budgets:ViewBudget",
    "budgets DescribeSubscribersForNotification": "budgets:ViewBudget",
    "cloudtrail GetTrail": "cloudtrail:GetTrail",
    "cloudtrail GetTrailStatus": "cloudtrail:GetTrailStatus",
    "cloudwatch DescribeAlarms": "cloudwatch:DescribeAlarms",
    "dynamodb DescribeContinuousBackups": "dynamodb:DescribeContinuousBackups",
    "dynamodb DescribeTable": "dynamodb:DescribeTable",
    "eks DescribeCluster": "eks:DescribeCluster",
    "kms DescribeKey": "kms:DescribeKey",
    "kms GetKeyRotationStatus": "kms:GetKeyRotationStatus",
    "s3 GetBucketEncryption": "s3:GetEncryptionConfiguration",
    "s3 GetBucketVersioning": "s3:GetBucketVersioning",
    "s3 GetObjectLockConfiguration": "s3:GetBucketObjectLockConfiguration",
    "s3 GetPublicAccessBlock": "s3:GetBucketPublicAccessBlock",
    # It has no right of its own. GetObject is not asked, and kms:Decrypt, which that would need, is not in the policy.
    "s3 HeadObject": "s3:GetObject",
    "secretsmanager DescribeSecret": "secretsmanager:DescribeSecret",
    "sns GetTopicAttributes": "sns:GetTopicAttributes",
    "sqs GetQueueAttributes": "sqs:GetQueueAttributes",
    "sqs GetQueueUrl": "sqs:GetQueueUrl",
}

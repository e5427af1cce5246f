"""Notifications of a budget with their subscribers, as botocore's model of the service has them."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from meshproof.components.moto import Account
from meshproof.probes.aws import Clients
from tests.components.moto_extensions.modelled import has_member

NUMBER = "111122223333"
NOTIFICATION = {"NotificationType": "ACTUAL", "ComparisonOperator": "GREATER_THAN", "Threshold": 80.0}
SUBSCRIBERS = [{"SubscriptionType": "EMAIL", "Address": "platform@example.org"}]
TAGS = [{"Key": "owner", "Value": "platform"}]
BUDGET = {
    "BudgetName": "total",
    "BudgetLimit": {"Amount": "10", "Unit": "USD"},
    "TimeUnit": "MONTHLY",
    "BudgetType": "COST",
}


def test_subscribers_are_those_of_the_notification(account: Account) -> None:
    """Asked with the default threshold type, too."""
    client = Clients(account.environment).of("budgets", "us-east-1")
    client.create_budget(AccountId=NUMBER, Budget=BUDGET, ResourceTags=TAGS)
    client.create_notification(AccountId=NUMBER, BudgetName="total", Notification=NOTIFICATION, Subscribers=SUBSCRIBERS)
    asked = {"AccountId": NUMBER, "BudgetName": "total"}
    (found,) = client.describe_notifications_for_budget(**asked)["Notifications"]

    assert found == NOTIFICATION | {"NotificationState": "OK"}
    told = client.describe_subscribers_for_notification(
        **asked, Notification=NOTIFICATION | {"ThresholdType": "PERCENTAGE"}
    )
    assert told["Subscribers"] == SUBSCRIBERS
    arn = f"arn:aws:budgets::{NUMBER}:budget/total"
    assert client.list_tags_for_resource(ResourceARN=arn)["ResourceTags"] == TAGS
    with pytest.raises(ClientError, match="NotFoundException"):
        client.describe_subscribers_for_notification(**asked, Notification=NOTIFICATION | {"Threshold": 90.0})


def test_members_are_the_models() -> None:
    """No member is made up."""
    assert has_member("budgets", "DescribeSubscribersForNotification", "Subscribers.Address")
    assert has_member("budgets", "DescribeNotificationsForBudget", "Notifications.NotificationState")
    assert has_member("budgets", "ListTagsForResource", "ResourceTags.Key")

"""Budgets: the subscribers of a notification and the tags of a budget can be asked for; a notification has a state.

Source: https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_budgets_DescribeSubscribersForNotification.html
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from moto.budgets.exceptions import NotFoundException
from moto.budgets.models import Budget, BudgetsBackend
from moto.budgets.responses import BudgetsResponse

_create_budget = BudgetsResponse.create_budget


def get_notifications(self: Budget) -> Iterable[dict[str, Any]]:
    """Each with the state that no spending leaves it in."""
    return [{"NotificationState": "OK", **one.details} for one in self.notifications]


def describe_subscribers_for_notification(
    self: BudgetsBackend, account_id: str, budget_name: str, notification: dict[str, Any]
) -> list[dict[str, Any]]:
    """Those of the notification of the same type, threshold and comparison."""
    budget = self.budgets[account_id].get(budget_name)
    for one in budget.notifications if budget else ():
        if _key(one.details) == _key(notification):
            return list(one.subscribers)  # type: ignore[arg-type]  # moto calls the list a mapping
    message = f"Unable to get subscribers - the notification of {budget_name} doesn't exist."
    raise NotFoundException(message)


def _key(notification: dict[str, Any]) -> tuple[Any, ...]:
    names = ("NotificationType", "ComparisonOperator", "Threshold")
    return (*(notification.get(name) for name in names), notification.get("ThresholdType", "PERCENTAGE"))


def respond(self: BudgetsResponse) -> str:
    """The answer of DescribeSubscribersForNotification."""
    found = self.backend.describe_subscribers_for_notification(  # type: ignore[attr-defined]  # what this module adds
        account_id=self._get_param("AccountId"),
        budget_name=self._get_param("BudgetName"),
        notification=self._get_param("Notification"),
    )
    return json.dumps({"Subscribers": found, "NextToken": None})


def list_tags(self: BudgetsResponse) -> str:
    """The tags that the budget was made with."""
    account, _, name = self._get_param("ResourceARN").partition(":budget/")
    budget = self.backend.budgets[account.rpartition(":")[2]].get(name)
    return json.dumps({"ResourceTags": getattr(budget, "tags", [])})


def create_budget(self: BudgetsResponse) -> str:
    """As moto does it, with the tags kept."""
    answer: str = _create_budget(self)
    name = self._get_param("Budget")["BudgetName"]
    budget = self.backend.budgets[self._get_param("AccountId")][name]
    budget.tags = self._get_param("ResourceTags") or []  # type: ignore[attr-defined]  # what this module adds
    return answer


def extend() -> None:
    """Take the place of moto's own."""
    Budget.get_notifications = get_notifications  # type: ignore[method-assign]
    BudgetsBackend.describe_subscribers_for_notification = describe_subscribers_for_notification  # type: ignore[attr-defined]
    BudgetsResponse.describe_subscribers_for_notification = respond  # type: ignore[attr-defined]
    BudgetsResponse.list_tags_for_resource = list_tags  # type: ignore[attr-defined]
    BudgetsResponse.create_budget = create_budget  # type: ignore[method-assign]

"""What a backup plan keeps."""

from collections.abc import Mapping

from meshproof.declaration.platform import Platform

Rule = Mapping[str, object]


def number(value: object) -> float:
    """A number as it stands in a plan, 0 where there is none."""
    return float(str(value)) if isinstance(value, (int, float, str)) and str(value).lstrip("-").isdigit() else 0.0


def first(rule: Rule, key: str) -> Rule:
    """The one nested block of this name, empty where there is none."""
    found = rule.get(key)
    block = found[0] if isinstance(found, (list, tuple)) and found else {}
    return block if isinstance(block, Mapping) else {}


def kept_days(rule: Rule) -> float:
    """Days after which a rule deletes."""
    return number(first(rule, "lifecycle").get("delete_after"))


def days_of(platform: Platform) -> list[float]:
    """Days that each rule of each plan keeps."""
    return [kept_days(rule) for plan in platform.all("aws_backup_plan") for rule in plan.mappings("rule")]

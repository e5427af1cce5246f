"""A cache's declared parameters as the program takes them; what is not declared has no default."""

from __future__ import annotations

import pytest

from meshproof.components.redis_parameters import REQUIRED, translated
from meshproof.errors import UsageError

ADDRESS = "module.cache.aws_elasticache_parameter_group.main"
DECLARED = {**dict.fromkeys(REQUIRED, "1"), "activedefrag": "yes", "reserved-memory-percent": "25"}


def _pairs(**changed: str) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in {**DECLARED, **changed}.items()]


def test_what_only_the_service_knows_is_left_out_and_said() -> None:
    """Everything else is an argument."""
    found = translated(_pairs(), ADDRESS)

    assert set(found.dropped) == {"activedefrag", "reserved-memory-percent"}
    assert found.arguments()[:2] == ["--maxmemory-policy", "1"]
    assert len(found.arguments()) == 2 * len(REQUIRED)


@pytest.mark.parametrize("name", REQUIRED)
def test_no_default_stands_in_for_what_is_not_declared(name: str) -> None:
    """The address says where it is to be stated."""
    with pytest.raises(UsageError, match=f"{ADDRESS}: does not declare {name}; state it"):
        translated([one for one in _pairs() if one["name"] != name], ADDRESS)

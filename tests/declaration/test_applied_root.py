"""The root of some units as it is applied: theirs alone, mocked outputs for the rest, and the account's own guard."""

from __future__ import annotations

from pathlib import Path

from meshproof.declaration import terragrunt
from meshproof.declaration.composition import Composer

INFRA = Path(__file__).parents[2] / "infra"
AWS = frozenset({"hashicorp/aws"})
ONLY = frozenset({"primary/table", "primary/kms"})


def test_others_are_what_mock_outputs_say(cache: Path) -> None:
    """A unit that is there is referred to; one that is not is the declared stand-in, not unknown."""
    live = terragrunt.read_live(INFRA, "prod", cache=cache)
    composed = Composer(live, AWS, ONLY).compose()
    call = composed.root["module"]["primary_table"]  # type: ignore[index]

    assert [unit.id for unit in composed.units] == ["primary/kms", "primary/table"]
    assert call["key_arn"] == "${module.primary_kms.key_arns.table}"
    assert call["alarm_topic_arn"] == "${local.mock_observability.alarm_topic_arn}"
    mocked = composed.root["locals"]["mock_observability"]  # type: ignore[index]
    assert mocked["alarm_topic_arn"].startswith("arn:aws:sns:")
    assert "output" not in composed.root


def test_the_provider_asks_whose_account_it_is(cache: Path) -> None:
    """What lets a plan do without an account is not there, the guard against another one is."""
    live = terragrunt.read_live(INFRA, "prod", cache=cache)
    (block, *_) = Composer(live, AWS, ONLY).compose().root["provider"]["aws"]  # type: ignore[index]

    assert block["allowed_account_ids"] == ["777788889999"]
    assert block["max_retries"] == 3
    assert not {"access_key", "skip_credentials_validation", "skip_requesting_account_id"} & block.keys()


def test_a_unit_whose_provider_cannot_be_had_is_named(cache: Path) -> None:
    """Nothing stands in for a provider that must apply."""
    live = terragrunt.read_live(INFRA, "prod", cache=cache)
    composed = Composer(live, AWS, frozenset({"primary/kms", "standby/kms"})).compose()

    assert [unit.id for unit in composed.units] == ["primary/kms"]
    (left,) = composed.left_out
    assert (left.address, left.says) == ("standby/kms", "provider hashicorp/google cannot be had here")


def test_what_terraform_computes_is_left_to_it(cache: Path) -> None:
    """A function of another unit's output is unknown to the subset, but not to who applies it."""
    live = terragrunt.read_live(INFRA, "prod", cache=cache)
    units = frozenset({"primary/stream", "primary/workload-identity"})
    call = Composer(live, AWS, units).compose().root["module"]["primary_workload_identity"]  # type: ignore[index]
    text = str(call)

    assert "${replace(module.primary_stream.cluster_arn" in text
    assert "terraform_data.unknown" not in text

"""What is taken out of the declaration is taken out of the cloud."""

from meshproof import Control, Level, Pillar, checks, edit, judge
from meshproof.declaration.platform import Item, Platform

LEFTOVERS = Control(
    id="TF-008",
    title="No resource MUST outlive its declaration, overwrite what it does not own, or multiply with each change",
    system="terraform",
    pillar=Pillar.OPERATIONS,
    level=Level.MUST,
    since="1.0",
    source="https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/cloudwatch_log_group",
    remedy="Leave the switch that the finding names off; publish versions only where an alias leads to them.",
    frameworks={"nist": "CM-8", "soc2": "CC8.1"},
    mutants=[
        edit("aws_lambda_function", "*peer_observer", {"skip_destroy": True}, says="skip_destroy is on"),
        edit("aws_lambda_function", "*.pager", {"publish": True}, says="publish is on"),
        edit(
            "aws_secretsmanager_secret",
            'module.global_incident.*["pagerduty"]',
            {"force_overwrite_replica_secret": True},
            says="force_overwrite_replica_secret is on",
        ),
    ],
)

#: Switches that leave something behind, take something over, or make one more with each change.
SWITCHES = ("skip_destroy", "force_overwrite_replica_secret", "publish", "abandon_on_destroy", "skip_delete")


@checks(LEFTOVERS)
def test_nothing_outlives_its_declaration(platform: Platform) -> None:
    """What runs is what is declared, after a removal too."""
    aliased = {one.address for alias in platform.all("aws_lambda_alias") for one in alias.refers("function_name")}
    findings = judge(platform.family("terraform"), lambda one: _left(one, aliased))

    assert not findings.broken, findings.table()


def _left(one: Item, aliased: set[str]) -> list[str]:
    on = [key for key in SWITCHES if one.knows(key) and one.get(key) is True]
    return [f"{key} is on" for key in on if key != "publish" or one.address not in aliased]

"""Environments: what each is for, and that everything in it says so."""

from collections.abc import Iterator

from meshproof import Control, Level, Pillar, checks, edit, judge
from meshproof.declaration.platform import Item, Platform
from suites.policy.classes import CLASSES, TAG, class_of

CLASSED = Control(
    id="TF-007",
    title="Everything in an environment MUST state its one class, which MUST NOT be milder than its data allows",
    system="terraform",
    pillar=Pillar.OPERATIONS,
    level=Level.MUST,
    since="1.0",
    source="https://docs.aws.amazon.com/wellarchitected/latest/security-pillar/sec_data_classification_identify_data.html",
    remedy="State `class` in the environment's env.hcl; root.hcl gives it to every resource as a tag and label.",
    frameworks={"nist": "CM-8", "soc2": "CC6.1"},
    mutants=[
        edit("aws_db_subnet_group", "*", {"tags_all": {TAG: "trial"}}, says="is of class trial"),
        edit("aws_kms_key", "module.global_state.*", {"tags_all": {TAG: None}}, says="states no class"),
    ],
)

#: Where a provider shows the tags that a resource ends up with.
SHOWN = "tags_all"

#: Who holds data of customers is bound to keep it from harm, whatever the environment is called.
OF_CUSTOMERS = ("confidential", "restricted")


@checks(CLASSED)
def test_environments_state_their_class(platform: Platform) -> None:
    """No resource stands outside its environment's class, and no trial holds what customers entrusted."""
    whole = class_of(platform)
    bearers = [one for one in platform.family("terraform") if one.has(SHOWN)]
    findings = judge(bearers, lambda one: _classed(one, whole))

    assert not findings.broken, findings.table()


def _classed(one: Item, whole: str) -> Iterator[str]:
    stated = one.text((SHOWN, TAG))
    if stated not in CLASSES:
        yield f"states no class, or none of {', '.join(CLASSES)}"
    elif stated != whole:
        yield f"is of class {stated}, its environment of {whole}"
    if stated == CLASSES[-1] and one.text((SHOWN, "data-classification")) in OF_CUSTOMERS:
        yield f"holds {one.text((SHOWN, 'data-classification'))} data, which no {stated} may"

"""Detection: every region of an account sees the same, and tells it to the same people."""

from collections.abc import Iterator, Mapping

from meshproof import Control, Level, Pillar, checks, edit, judge, remove
from meshproof.declaration.platform import Item, Platform

ALIKE = Control(
    id="AUDIT-010",
    title="Every region with resources MUST be watched by the same detectors, rules, standards and defaults, all of them on",
    system="audit",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source="https://docs.aws.amazon.com/guardduty/latest/ug/guardduty_settingup.html",
    remedy="Use the detection module in each region; add the rule, feature or standard to the module, not to one region.",
    frameworks={"nist": "SI-4", "cis": "AWS 4.16", "pci": "11.5.1", "soc2": "CC7.2"},
    relates=(
        "aws_guardduty_detector_feature",
        "aws_config_config_rule",
        "aws_securityhub_standards_subscription",
        "aws_accessanalyzer_analyzer",
    ),
    mutants=[
        remove("aws_config_config_rule", '*primary_detection*["RDS_STORAGE_ENCRYPTED"]', says="RDS_STORAGE_ENCRYPTED"),
        edit("aws_ebs_encryption_by_default", "*global*", {"enabled": False}, says="enabled is False"),
        edit("aws_guardduty_detector_feature", "*primary*.runtime", {"additional_configuration": [None]}, says="RUNTIME"),
    ],
)  # fmt: skip

#: What watches a region, and the attribute that says what it watches.
WATCHERS: Mapping[str, str] = {
    "aws_accessanalyzer_analyzer": "type",
    "aws_config_config_rule": "source.0.source_identifier",
    "aws_config_configuration_recorder": "recording_group.0.all_supported",
    "aws_ebs_encryption_by_default": "",
    "aws_ebs_snapshot_block_public_access": "state",
    "aws_guardduty_detector": "finding_publishing_frequency",
    "aws_guardduty_detector_feature": "name",
    "aws_securityhub_account": "control_finding_generator",
    "aws_securityhub_standards_subscription": "standards_arn",
}
#: Attributes that must read so where they are stated; default standards would be added to those that are chosen.
SWITCHES: Mapping[str, object] = {
    "auto_enable_controls": True,
    "enable": True,
    "enable_default_standards": False,
    "enabled": True,
    "source.0.owner": "AWS",
    "status": "ENABLED",
}


@checks(ALIKE)
def test_regions_are_watched_alike(platform: Platform) -> None:
    """What is found in one region is found in the other."""
    watchers = platform.all(*WATCHERS)
    sites = {one.site for one in watchers}
    seen = {(one.site, *_what(one)) for one in watchers}

    def alike(watcher: Item) -> Iterator[str]:
        kind, what = _what(watcher)
        yield from (f"{site} has no {kind} {what}" for site in sorted(sites) if (site, kind, what) not in seen)
        for path, due in SWITCHES.items():
            if watcher.has(path) and watcher.get(path) != due:
                yield f"{path} is {watcher.get(path)}"
        if watcher.kind == "aws_config_config_rule" and not watcher.has("source.0"):
            yield "asks nothing"

    findings = judge(watchers, alike)

    assert not findings.broken, findings.table()


def _what(watcher: Item) -> tuple[str, str]:
    path = WATCHERS[watcher.kind]
    parts = [str(one.get("name")) for one in watcher.mappings("additional_configuration")]
    # An ARN holds its region before the name of what it stands for.
    return watcher.kind, " ".join([watcher.text(path).rpartition("::")[2] if path else "", *sorted(parts)]).strip()


TOLD = Control(
    id="AUDIT-011",
    title="Every rule on events MUST lead to a target that is declared, and every finding MUST arrive as a sentence",
    system="audit",
    pillar=Pillar.OPERATIONS,
    level=Level.MUST,
    since="1.0",
    source="https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-targets.html",
    remedy="Give the rule a target; where people read it, an input_transformer with paths and a template.",
    frameworks={"nist": "IR-6", "soc2": "CC7.3"},
    relates=("aws_cloudwatch_event_rule", "aws_cloudwatch_event_target", "aws_sns_topic"),
    mutants=[
        remove("aws_cloudwatch_event_target", "module.primary_secrets.*", says="leads nowhere"),
        edit("aws_cloudwatch_event_target", "module.global_detection.*", {"input_transformer": [{"input_paths": None}]}, says="names no field"),
        edit("aws_cloudwatch_event_target", "module.global_detection.*", {"input_transformer": [None]}, says="arrives as JSON"),
    ],
)  # fmt: skip


@checks(TOLD)
def test_events_arrive(platform: Platform) -> None:
    """What a rule catches, somebody gets; what Security Hub finds, somebody can read."""

    def told(rule: Item) -> Iterator[str]:
        targets = platform.referrers(rule, "aws_cloudwatch_event_target")
        led = [one for one in targets if one.refers("arn")]
        if not led:
            yield "leads nowhere"
        for one in led:
            findings = "Findings" in rule.text("event_pattern")
            if findings and one.refers("arn", "aws_sns_topic") and not one.has("input_transformer.0"):
                yield f"{one.address} arrives as JSON"
            if one.has("input_transformer.0") and not one.mapping("input_transformer.0.input_paths"):
                yield f"{one.address} names no field of the event"

    findings = judge(platform.all("aws_cloudwatch_event_rule"), told)

    assert not findings.broken, findings.table()

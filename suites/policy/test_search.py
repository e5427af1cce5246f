"""OpenSearch: the domain that holds the logs."""

from collections.abc import Mapping

from meshproof import Control, Level, Pillar, checks, edit, judge
from meshproof.declaration.platform import Item, Platform
from suites.policy.classes import ByClass, due
from suites.policy.quantities import outside

DOMAIN = Control(
    id="MET-003",
    title="A search domain MUST be private, encrypted everywhere, audited, spread over its zones, and hold no user of its own",
    system="metrics",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source="https://docs.aws.amazon.com/opensearch-service/latest/developerguide/bp.html",
    remedy="Set the block that the finding names.",
    frameworks={"nist": "SC-28", "pci": "3.5.1", "hipaa": "164.312(a)(2)(iv)", "soc2": "CC6.7"},
    mutants=[
        edit(
            "aws_opensearch_domain",
            "module.primary_observability.*",
            {"domain_endpoint_options": [{"enforce_https": False}]},
            says="enforce_https is False",
        ),
        edit(
            "aws_opensearch_domain",
            "module.primary_observability.*",
            {"cluster_config": [{"instance_count": 1}]},
            says="1 nodes in 3 zones",
        ),
        edit(
            "aws_opensearch_domain", "module.primary_observability.*", {"vpc_options": None}, says="is not inside a VPC"
        ),
    ],
)
#: Masters of their own and a zone in waiting keep the search alive when it is needed most, for twice the price.
STANDS_BY = ByClass(production=True, rehearsal=False, trial=False)

#: What a node's disk holds (GB): the days of logs that are searched.
VOLUME_GB = ByClass(production=(100.0, 1000.0), rehearsal=(20.0, 1000.0), trial=(20.0, 1000.0))

DEMANDED: Mapping[str, object] = {
    "advanced_security_options.0.enabled": True,
    "advanced_security_options.0.anonymous_auth_enabled": False,
    "advanced_security_options.0.internal_user_database_enabled": False,
    "auto_tune_options.0.use_off_peak_window": True,
    "cluster_config.0.dedicated_master_enabled": STANDS_BY,
    "cluster_config.0.multi_az_with_standby_enabled": STANDS_BY,
    "cluster_config.0.zone_awareness_enabled": True,
    "domain_endpoint_options.0.enforce_https": True,
    "domain_endpoint_options.0.custom_endpoint_enabled": False,
    "ebs_options.0.ebs_enabled": True,
    "encrypt_at_rest.0.enabled": True,
    "node_to_node_encryption.0.enabled": True,
    "off_peak_window_options.0.enabled": True,
    "software_update_options.0.auto_software_update_enabled": True,
}
LOGS = {"AUDIT_LOGS", "ES_APPLICATION_LOGS", "INDEX_SLOW_LOGS", "SEARCH_SLOW_LOGS"}


@checks(DOMAIN)
def test_search_domains_are_hardened(platform: Platform) -> None:
    """Switches, zones, logs, network and disk of each domain."""
    findings = judge(platform.all("aws_opensearch_domain"), _is_hardened)

    assert not findings.broken, findings.table()


def _is_hardened(domain: Item) -> list[str]:
    said = [
        f"{path.rpartition('.')[2]} is {domain.get(path)}"
        for path, wanted in DEMANDED.items()
        if domain.get(path) is not due(wanted, domain)
    ]
    zones = domain.number("cluster_config.0.zone_awareness_config.0.availability_zone_count") or 0
    nodes, masters = (
        domain.number("cluster_config.0.instance_count") or 0,
        domain.number("cluster_config.0.dedicated_master_count"),
    )
    if (
        not zones
        or nodes % zones
        or not zones <= nodes <= 4 * zones
        or masters != (zones if STANDS_BY.of(domain) else None)
    ):
        said.append(f"{nodes:g} nodes in {zones:g} zones under {masters} masters")
    published = {
        str(one.get("log_type")) for one in domain.mappings("log_publishing_options") if one.get("enabled") is True
    }
    said += [f"does not publish {one}" for one in sorted(LOGS - published)]
    said += [] if domain.has("vpc_options.0.subnet_ids") else ["is not inside a VPC"]
    said += (
        []
        if domain.has("advanced_security_options.0.master_user_options.0.master_user_arn")
        else ["nobody administers it"]
    )
    said += (
        []
        if domain.text(("advanced_options", "rest.action.multi.allow_explicit_index")) == "false"
        else ["a bulk request escapes its index"]
    )
    disk = {"volume_size": VOLUME_GB.of(domain), "iops": (3000.0, 16000.0), "throughput": (125.0, 1000.0)}
    return said + [
        text for key, bounds in disk.items() if (text := outside(key, domain.number(f"ebs_options.0.{key}"), bounds))
    ]

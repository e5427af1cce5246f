"""Streams of both clouds: nothing acknowledged is lost, on either."""

from meshproof import Control, Level, Pillar, checks, edit, judge, remove
from meshproof.declaration.platform import Item, Platform
from suites.policy.alarms import sound, unwatched
from suites.policy.classes import LOG_DAYS

BROKER_METRICS = ("KafkaDataLogsDiskUsed", "UnderMinIsrPartitionCount", "UnderReplicatedPartitions")
CLUSTER_METRICS = ("ActiveControllerCount", "OfflinePartitionsCount")

#: One missing replica or leader is one too many; a disk is acted on while a third to a tenth is free.
THRESHOLDS = {
    "KafkaDataLogsDiskUsed": (65, 90),
    "UnderMinIsrPartitionCount": (0, 0),
    "UnderReplicatedPartitions": (0, 0),
    "ActiveControllerCount": (1, 1),
    "OfflinePartitionsCount": (0, 0),
}

SAFE = Control(
    id="STREAM-001",
    title="What Kafka acknowledges MUST survive a zone: replicas in each, a majority in sync, no unclean leader",
    system="stream",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source="https://docs.aws.amazon.com/msk/latest/developerguide/bestpractices.html",
    remedy="min.insync.replicas < default.replication.factor <= brokers and subnets; unclean.leader.election.enable=false.",
    relates=("aws_msk_cluster", "aws_msk_configuration"),
    frameworks={"nist": "CP-10", "soc2": "A1.2"},
    mutants=[
        edit(
            "aws_msk_configuration",
            "module.primary_stream.*",
            {"server_properties": "unclean.leader.election.enable=true"},
            says="unclean.leader.election.enable",
        ),
        edit("aws_msk_cluster", "module.primary_stream.*", {"number_of_broker_nodes": 2}, says="2 brokers"),
    ],
)

PROPERTIES = {
    "unclean.leader.election.enable": "false",
    "auto.create.topics.enable": "false",
    "allow.everyone.if.no.acl.found": "false",
    "delete.topic.enable": "false",
}


@checks(SAFE)
def test_acknowledged_messages_survive_a_zone(platform: Platform) -> None:
    """An acknowledged message is on a second zone."""
    findings = judge(platform.all("aws_msk_cluster"), _safe)

    assert not findings.broken, findings.table()


def _properties(cluster: Item) -> dict[str, str]:
    texts = [one.text("server_properties") for one in cluster.refers("configuration_info", "aws_msk_configuration")]
    return {
        key.strip(): value.strip()
        for text in texts
        for key, _, value in (line.partition("=") for line in text.splitlines())
    }


def _safe(cluster: Item) -> list[str]:
    stated = _properties(cluster)
    said = [
        f"{name} is {stated.get(name, 'not stated')}" for name, value in PROPERTIES.items() if stated.get(name) != value
    ]
    brokers, zones = (
        cluster.number("number_of_broker_nodes") or 0,
        len(cluster.refers("broker_node_group_info.0.client_subnets", "aws_subnet")),
    )
    copies, synced = float(stated.get("default.replication.factor", "0")), float(stated.get("min.insync.replicas", "0"))
    if not 2 <= synced < copies <= min(brokers, zones) or brokers % max(zones, 1) or brokers > 3 * zones:  # noqa: PLR2004 - more than three brokers a zone are a decision, not a typing error
        said.append(f"{synced:g} in sync of {copies:g} copies on {brokers:g} brokers in {zones} zones")
    return said


PRIVATE = Control(
    id="STREAM-002",
    title="Kafka MUST speak TLS to known identities only, privately, encrypted by a key of its site",
    system="stream",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source="https://docs.aws.amazon.com/msk/latest/developerguide/iam-access-control.html",
    remedy="client_broker TLS, in_cluster, sasl iam only, public access DISABLED, a customer-managed key.",
    relates=("aws_msk_cluster", "aws_kms_key"),
    frameworks={"nist": "SC-8", "pci": "4.2.1", "hipaa": "164.312(e)(1)", "soc2": "CC6.7"},
    mutants=[
        edit(
            "aws_msk_cluster",
            "module.primary_stream.*",
            {"client_authentication": [{"unauthenticated": True}]},
            says="unauthenticated is not False",
        ),
        edit(
            "aws_msk_cluster",
            "module.primary_stream.*",
            {"encryption_info": [{"encryption_in_transit": [{"client_broker": "TLS_PLAINTEXT"}]}]},
            says="client_broker is not TLS",
        ),
    ],
)

WANTED = {
    "client_authentication.0.unauthenticated": False,
    "client_authentication.0.sasl.0.iam": True,
    "client_authentication.0.sasl.0.scram": False,
    "encryption_info.0.encryption_in_transit.0.client_broker": "TLS",
    "encryption_info.0.encryption_in_transit.0.in_cluster": True,
    "broker_node_group_info.0.connectivity_info.0.public_access.0.type": "DISABLED",
    "open_monitoring.0.prometheus.0.jmx_exporter.0.enabled_in_broker": True,
    "open_monitoring.0.prometheus.0.node_exporter.0.enabled_in_broker": True,
    "logging_info.0.broker_logs.0.cloudwatch_logs.0.enabled": True,
}


@checks(PRIVATE)
def test_kafka_is_private(platform: Platform) -> None:
    """Nobody unknown reads or writes an event."""
    findings = judge(platform.all("aws_msk_cluster"), _private)

    assert not findings.broken, findings.table()


def _private(cluster: Item) -> list[str]:
    said = [f"{path.rpartition('.')[2]} is not {value}" for path, value in WANTED.items() if cluster.get(path) != value]
    if cluster.site not in {
        one.site for one in cluster.refers("encryption_info.0.encryption_at_rest_kms_key_arn", "aws_kms_key")
    }:
        said.append("no key of its site encrypts it")
    return said


DISKS = Control(
    id="STREAM-003",
    title="A broker's disk MUST grow before it alarms, and within a bound; its log MUST be kept",
    system="stream",
    pillar=Pillar.OPERATIONS,
    level=Level.MUST,
    since="1.0",
    source="https://docs.aws.amazon.com/msk/latest/developerguide/msk-autoexpand.html",
    remedy="Target-track storage below the alarm's threshold, from the volume's size to at most eight times it.",
    relates=("aws_msk_cluster", "aws_appautoscaling_policy", "aws_cloudwatch_metric_alarm", "aws_cloudwatch_log_group"),
    frameworks={"nist": "AU-11", "soc2": "A1.1"},
    mutants=[
        edit(
            "aws_appautoscaling_policy",
            "module.primary_stream.*",
            {"target_tracking_scaling_policy_configuration": [{"target_value": 90}]},
            says="grows at 90",
        ),
        edit("aws_cloudwatch_log_group", "module.primary_stream.*", {"retention_in_days": 30}, says="30 days"),
    ],
)

GROWTH = (2, 8)
VOLUME_GB = (50, 1000)


@checks(DISKS)
def test_disks_grow_before_they_alarm(platform: Platform) -> None:
    """A burst of events fills no disk."""
    alarm = min(
        (
            one.number("threshold") or 0
            for one in platform.all("aws_cloudwatch_metric_alarm")
            if one.text("metric_name") == "KafkaDataLogsDiskUsed"
        ),
        default=0,
    )
    findings = judge(platform.all("aws_msk_cluster"), lambda one: _grows(platform, one, alarm))

    assert not findings.broken, findings.table()


def _grows(platform: Platform, cluster: Item, alarm: float) -> list[str]:
    said = []
    volume = cluster.number("broker_node_group_info.0.storage_info.0.ebs_storage_info.0.volume_size") or 0
    targets = platform.referrers(cluster, "aws_appautoscaling_target")
    limits = [one.number("max_capacity") or 0 for one in targets]
    if (
        not VOLUME_GB[0] <= volume <= VOLUME_GB[1]
        or not limits
        or not all(GROWTH[0] * volume <= one <= GROWTH[1] * volume for one in limits)
    ):
        said.append(f"{volume:g} GB grow to {limits}")
    said += ["the least capacity is 1 by the service's rule" for one in targets if one.number("min_capacity") != 1]
    policies = [policy for one in targets for policy in platform.referrers(one, "aws_appautoscaling_policy")]
    said += [] if policies else ["nothing grows its disks"]
    at = "target_tracking_scaling_policy_configuration.0"
    for one in policies:
        value = one.number(f"{at}.target_value") or 0
        if (
            not alarm / 2 < value < alarm
            or one.get(f"{at}.disable_scale_in") is not True
            or not one.mappings(f"{at}.predefined_metric_specification")
        ):
            said.append(f"grows at {value:g} %, alarms at {alarm:g} %, or shrinks")
    groups = cluster.refers("logging_info.0.broker_logs.0.cloudwatch_logs.0.log_group", "aws_cloudwatch_log_group")
    said += [] if groups else ["has no log group"]
    for group in groups:
        days = group.number("retention_in_days") or 0
        low, high = LOG_DAYS.of(group)
        bounded = low <= days <= high and group.get("skip_destroy") is not True
        if not bounded or not group.refers("kms_key_id"):
            said.append(f"the log is kept for {days:g} days, or not encrypted")
    return said


WATCHED = Control(
    id="STREAM-004",
    title="Every broker and the cluster MUST have alarms for replicas, leaders and disks, silence counting as trouble",
    system="stream",
    pillar=Pillar.OPERATIONS,
    level=Level.MUST,
    since="1.0",
    source="https://docs.aws.amazon.com/msk/latest/developerguide/metrics-details.html",
    remedy="Declare an alarm for each metric and broker with treat_missing_data breaching.",
    relates=("aws_msk_cluster", "aws_cloudwatch_metric_alarm"),
    frameworks={"nist": "SI-4", "soc2": "CC7.2"},
    mutants=[
        remove(
            "aws_cloudwatch_metric_alarm",
            'module.primary_stream.aws_cloudwatch_metric_alarm.broker["disk-2"]',
            says="KafkaDataLogsDiskUsed of Broker ID 2",
        ),
        edit(
            "aws_cloudwatch_metric_alarm",
            'module.primary_stream.aws_cloudwatch_metric_alarm.cluster["offline-partitions"]',
            {"threshold": 5},
            says="threshold of 5",
        ),
    ],
)


@checks(WATCHED)
def test_brokers_are_watched(platform: Platform) -> None:
    """A lost replica is known before the next one is lost."""
    alarms = [one for one in platform.all("aws_cloudwatch_metric_alarm") if one.text("namespace") == "AWS/Kafka"]
    findings = judge([*platform.all("aws_msk_cluster"), *alarms], lambda one: _watched(one, alarms))

    assert not findings.broken, findings.table()


def _watched(item: Item, alarms: list[Item]) -> list[str]:
    if item.kind == "aws_cloudwatch_metric_alarm":
        return [
            *sound(item, THRESHOLDS),
            *([] if item.text("treat_missing_data") == "breaching" else ["silence raises no alarm"]),
        ]
    brokers = [str(number + 1) for number in range(int(item.number("number_of_broker_nodes") or 0))]
    return [
        *unwatched(alarms, BROKER_METRICS, "Broker ID", brokers),
        *unwatched(alarms, CLUSTER_METRICS, "Cluster Name", [item.text("cluster_name")]),
    ]


COUNTERPART = Control(
    id="STREAM-005",
    title="Every topic that a site writes MUST have its counterpart on the other cloud, kept as long as Kafka keeps it",
    system="stream",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source="https://cloud.google.com/pubsub/docs/topic-retention",
    remedy="Declare google_pubsub_topic for each topic fact, with message_retention_duration equal to log.retention.hours.",
    relates=("aws_msk_cluster", "google_pubsub_topic", "fact"),
    frameworks={"nist": "CP-9", "soc2": "A1.2"},
    mutants=[
        remove(
            "google_pubsub_topic",
            'module.standby_stream.google_pubsub_topic.main["orders"]',
            says="no topic orders-events",
        ),
        edit(
            "google_pubsub_topic",
            'module.standby_stream.google_pubsub_topic.main["payments"]',
            {"message_retention_duration": "60480s"},
            says="kept for 60480 s",
        ),
    ],
)


@checks(COUNTERPART)
def test_topics_have_their_counterpart(platform: Platform) -> None:
    """A consumer that moves to the standby finds the same events as far back."""
    topics = {one.text("name"): one for one in platform.all("google_pubsub_topic") if one.owner.endswith("/stream")}
    names = {one.text("value").replace(".", "-") for one in platform.all("fact") if one.name.endswith("_topic")}
    findings = judge(platform.all("aws_msk_cluster"), lambda one: _counterpart(one, topics, names))

    assert not findings.broken, findings.table()


def _counterpart(cluster: Item, topics: dict[str, Item], names: set[str]) -> list[str]:
    kept_s = 3600 * float(_properties(cluster).get("log.retention.hours", "0"))
    said = [f"the other cloud has no topic {name}" for name in sorted(names - set(topics))]
    said += [
        f"{name} is kept for {one.text('message_retention_duration')[:-1]} s, here {kept_s:g} s"
        for name, one in topics.items()
        if one.text("message_retention_duration") != f"{kept_s:.0f}s"
    ]
    for name, one in topics.items():
        if not one.refers("kms_key_name", "google_kms_crypto_key") or not one.sequence(
            "message_storage_policy.0.allowed_persistence_regions"
        ):
            said.append(f"{name} is stored anywhere, or under no key")
        # The bridge publishes from the other cloud's region: only storage is bound, not transit.
        if one.get("message_storage_policy.0.enforce_in_transit") is True or (
            name in names and not one.refers("schema_settings", "google_pubsub_schema")
        ):
            said.append(f"{name} refuses the bridge, or accepts anything")
    return said


REACHED = Control(
    id="STREAM-007",
    title="Kafka's group MUST let in the IAM listener and the two exporters, from the nodes only",
    system="stream",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source="https://docs.aws.amazon.com/msk/latest/developerguide/port-info.html",
    remedy="Declare ingress rules for 9098, 11001 and 11002 from the nodes' group.",
    relates=("aws_msk_cluster", "aws_vpc_security_group_ingress_rule"),
    frameworks={"nist": "SC-7", "soc2": "CC6.6"},
    mutants=[
        edit(
            "aws_vpc_security_group_ingress_rule",
            'module.primary_stream.aws_vpc_security_group_ingress_rule.nodes["jmx"]',
            {"from_port": 0},
            says="ports",
        ),
        remove(
            "aws_vpc_security_group_ingress_rule",
            'module.primary_stream.aws_vpc_security_group_ingress_rule.nodes["jmx"]',
            says="ports",
        ),
    ],
)

#: The IAM listener and the exporters of the broker's metrics (MSK, port information).
PORTS = {9098.0, 11001.0, 11002.0}


@checks(REACHED)
def test_kafka_is_reached_on_its_ports(platform: Platform) -> None:
    """Clients and scrapers come in, nobody else."""
    findings = judge(platform.all("aws_msk_cluster"), lambda one: _reached(platform, one))

    assert not findings.broken, findings.table()


def _reached(platform: Platform, cluster: Item) -> list[str]:
    groups = cluster.refers("broker_node_group_info.0.security_groups", "aws_security_group")
    rules = [rule for group in groups for rule in platform.referrers(group, "aws_vpc_security_group_ingress_rule")]
    said = [
        f"{rule.name} is open to more than a declared group"
        for rule in rules
        if not rule.refers("referenced_security_group_id", "aws_security_group")
    ]
    ports = {rule.number(name) for rule in rules for name in ("from_port", "to_port")}
    return said if ports == PORTS else [*said, f"lets in ports {sorted(str(port) for port in ports)}"]

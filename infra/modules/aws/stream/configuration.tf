# Stated also where it equals today's default: a new Kafka version must not
# change what is acknowledged, kept or elected.
locals {
  server_properties = {
    "allow.everyone.if.no.acl.found"           = "false"
    "auto.create.topics.enable"                = "false"
    "compression.type"                         = "producer"
    "default.replication.factor"               = "3"
    "delete.topic.enable"                      = "false"
    "group.initial.rebalance.delay.ms"         = "3000"
    "log.cleanup.policy"                       = "delete"
    "log.message.timestamp.type"               = "CreateTime"
    "log.retention.bytes"                      = "-1"
    "log.retention.hours"                      = tostring(var.log_retention_hours)
    "log.segment.bytes"                        = "536870912"
    "message.max.bytes"                        = "1048588"
    "min.insync.replicas"                      = "2"
    "num.partitions"                           = "12"
    "offsets.retention.minutes"                = "10080"
    "offsets.topic.replication.factor"         = "3"
    "replica.fetch.max.bytes"                  = "1048588"
    "replica.lag.time.max.ms"                  = "30000"
    "replica.selector.class"                   = "org.apache.kafka.common.replica.RackAwareReplicaSelector"
    "transaction.state.log.min.isr"            = "2"
    "transaction.state.log.replication.factor" = "3"
    "unclean.leader.election.enable"           = "false"
  }
}

resource "aws_msk_configuration" "main" {
  name           = var.name
  description    = "Stated properties of ${var.name}"
  kafka_versions = [var.kafka_version]
  server_properties = join("\n", [
    for name, value in local.server_properties : "${name}=${value}"
  ])

  lifecycle {
    create_before_destroy = true
  }
}

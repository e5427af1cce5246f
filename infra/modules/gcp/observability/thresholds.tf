# Each alarm: the metric, how its points are joined, from which value on for how
# long it counts, and whether no point at all counts too. Shares are 0 to 1.
locals {
  _database = "resource.type=\"cloudsql_database\" AND resource.labels.database_id=\"${var.project}:${var.database_instance_name}\""
  _backend  = "resource.type=\"https_lb_rule\" AND resource.labels.backend_target_name=\"${var.backend_service_name}\""

  _thresholds = {
    backend-errors = {
      title  = "Load balancer answers with errors"
      remedy = "See the gateway's logs; a cold cache or an unready mesh answers 503."
      filter = join(" AND ", [
        "metric.type=\"loadbalancing.googleapis.com/https/request_count\"",
        local._backend,
        "metric.labels.response_code_class=500",
      ])
      aligner    = "ALIGN_RATE"
      reducer    = "REDUCE_SUM"
      comparison = "COMPARISON_GT"
      threshold  = 1
      period_s   = 60
      duration_s = 300
      severity   = "CRITICAL"
      silence    = "INACTIVE"
    }
    bridge-silent = {
      title  = "Nothing arrives from the primary's stream"
      remedy = "See the bridge in the primary's cluster; what it has not sent is lost with the primary."
      filter = join(" AND ", [
        "metric.type=\"pubsub.googleapis.com/topic/send_message_operation_count\"",
        "resource.type=\"pubsub_topic\"",
        "resource.labels.topic_id=monitoring.regex.full_match(\"[a-z]+-events\")",
      ])
      aligner    = "ALIGN_RATE"
      reducer    = "REDUCE_SUM"
      comparison = "COMPARISON_LT"
      threshold  = 0.001
      period_s   = 300
      duration_s = 900
      severity   = "WARNING"
      silence    = "ACTIVE"
    }
    database-connections = {
      title  = "Database is running out of connections"
      remedy = "A pool leaks or too many pools start at once; see pg_stat_activity."
      filter = join(" AND ", [
        "metric.type=\"cloudsql.googleapis.com/database/postgresql/num_backends\"",
        local._database,
      ])
      aligner    = "ALIGN_MEAN"
      reducer    = "REDUCE_SUM"
      comparison = "COMPARISON_GT"
      threshold  = var.alarm_connections
      period_s   = 60
      duration_s = 300
      severity   = "WARNING"
      silence    = "INACTIVE"
    }
    database-cpu = {
      title  = "Database is short of processors"
      remedy = "See query insights; after a failover the tier must be the primary's."
      filter = join(" AND ", [
        "metric.type=\"cloudsql.googleapis.com/database/cpu/utilization\"",
        local._database,
      ])
      aligner    = "ALIGN_MEAN"
      reducer    = "REDUCE_MAX"
      comparison = "COMPARISON_GT"
      threshold  = 0.85
      period_s   = 60
      duration_s = 900
      severity   = "WARNING"
      silence    = "INACTIVE"
    }
    database-disk = {
      title  = "Database is running out of disk"
      remedy = "A slot that nobody reads holds the log back; drop it or raise the limit."
      filter = join(" AND ", [
        "metric.type=\"cloudsql.googleapis.com/database/disk/utilization\"",
        local._database,
      ])
      aligner    = "ALIGN_MEAN"
      reducer    = "REDUCE_MAX"
      comparison = "COMPARISON_GT"
      threshold  = 0.85
      period_s   = 300
      duration_s = 600
      severity   = "CRITICAL"
      silence    = "INACTIVE"
    }
    database-down = {
      title      = "Database is down"
      remedy     = "While the primary serves, the standby is not ready to: hold back failover drills."
      filter     = "metric.type=\"cloudsql.googleapis.com/database/up\" AND ${local._database}"
      aligner    = "ALIGN_MIN"
      reducer    = "REDUCE_MIN"
      comparison = "COMPARISON_LT"
      threshold  = 1
      period_s   = 60
      duration_s = 180
      severity   = "CRITICAL"
      silence    = "ACTIVE"
    }
    dead-letters = {
      title  = "Events could not be handled"
      remedy = "Read the dead-letter subscription, mend the consumer, publish again."
      filter = join(" AND ", [
        "metric.type=\"pubsub.googleapis.com/subscription/num_undelivered_messages\"",
        "resource.type=\"pubsub_subscription\"",
        "resource.labels.subscription_id=monitoring.regex.full_match(\".*-dead-letter\")",
      ])
      aligner    = "ALIGN_MAX"
      reducer    = "REDUCE_MAX"
      comparison = "COMPARISON_GT"
      threshold  = 0
      period_s   = 60
      duration_s = 300
      severity   = "WARNING"
      silence    = "INACTIVE"
    }
    interconnect-down = {
      title  = "A link to the primary is down"
      remedy = "The other link carries everything; call the facility before it is lost as well."
      filter = join(" AND ", [
        "metric.type=\"interconnect.googleapis.com/network/interconnect/operational\"",
        "resource.type=\"interconnect\"",
      ])
      aligner    = "ALIGN_FRACTION_TRUE"
      reducer    = "REDUCE_MIN"
      comparison = "COMPARISON_LT"
      threshold  = 1
      period_s   = 60
      duration_s = 120
      severity   = "CRITICAL"
      silence    = "INACTIVE"
    }
    nat-drops = {
      title  = "The NAT drops packets"
      remedy = "All ports of a node are in use: raise the maximum or add an address."
      filter = join(" AND ", [
        "metric.type=\"router.googleapis.com/nat/dropped_sent_packets_count\"",
        "resource.type=\"nat_gateway\"",
      ])
      aligner    = "ALIGN_RATE"
      reducer    = "REDUCE_SUM"
      comparison = "COMPARISON_GT"
      threshold  = 0
      period_s   = 300
      duration_s = 600
      severity   = "WARNING"
      silence    = "INACTIVE"
    }
    routes-lost = {
      title  = "A session of the router is down"
      remedy = "See the peer's BFD state; replication goes on over the other link."
      filter = join(" AND ", [
        "metric.type=\"router.googleapis.com/bgp/session_up\"",
        "resource.type=\"gce_router\"",
      ])
      aligner    = "ALIGN_MIN"
      reducer    = "REDUCE_MIN"
      comparison = "COMPARISON_LT"
      threshold  = 1
      period_s   = 60
      duration_s = 120
      severity   = "CRITICAL"
      silence    = "INACTIVE"
    }
    table-cpu = {
      title  = "Bigtable is short of processors"
      remedy = "The autoscaler has reached its maximum: raise it, or slow the import."
      filter = join(" AND ", [
        "metric.type=\"bigtable.googleapis.com/cluster/cpu_load\"",
        "resource.type=\"bigtable_cluster\"",
        "resource.labels.instance=\"${var.table_instance_name}\"",
      ])
      aligner    = "ALIGN_MEAN"
      reducer    = "REDUCE_MAX"
      comparison = "COMPARISON_GT"
      threshold  = 0.85
      period_s   = 60
      duration_s = 900
      severity   = "WARNING"
      silence    = "INACTIVE"
    }
  }

  # Events that are never in order, however rare.
  _events = {
    firewall-opened = {
      title  = "A firewall rule was changed"
      remedy = "Unless the pipeline is applying, undo it and find out who did it."
      filter = join(" AND ", [
        "protoPayload.serviceName=\"compute.googleapis.com\"",
        "protoPayload.methodName=~\"compute.firewalls.(insert|patch|update|delete)\"",
      ])
      severity = "WARNING"
    }
    key-destroyed = {
      title  = "A version of a key is to be destroyed"
      remedy = "Restore the version before its time is up; what it encrypts is lost with it."
      filter = join(" AND ", [
        "protoPayload.serviceName=\"cloudkms.googleapis.com\"",
        "protoPayload.methodName=\"DestroyCryptoKeyVersion\"",
      ])
      severity = "CRITICAL"
    }
    unattested-image = {
      title  = "An image without attestation was refused"
      remedy = "Find out who started it; the pipeline attests what it publishes."
      filter = join(" AND ", [
        "resource.type=\"k8s_cluster\"",
        "protoPayload.response.reason=\"VIOLATES_POLICY\"",
      ])
      severity = "WARNING"
    }
  }
}

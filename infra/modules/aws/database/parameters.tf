# Whatever the standby, a failover or a measurement depends on is stated, also
# where it equals today's default: a new engine version must not change it.
# max_connections is left to the instance class on purpose: Aurora derives it
# from memory, and PgBouncer keeps far below it.

locals {
  family = "aurora-postgresql${split(".", var.engine_version)[0]}"

  # Read at start-up only.
  static_parameters = {
    "max_logical_replication_workers" = "8"
    "max_replication_slots"           = "20"
    "max_wal_senders"                 = "25"
    "max_worker_processes"            = "24"
    "rds.logical_replication"         = "1"
    "shared_preload_libraries"        = "pg_stat_statements,pgaudit,auto_explain"
    "track_commit_timestamp"          = "1"
  }

  # Commits wait once every secondary is further behind than this.
  recovery_parameters = {
    "rds.global_db_rpo" = tostring(var.recovery_point_s)
  }

  # Times are in milliseconds unless named otherwise.
  dynamic_parameters = {
    "deadlock_timeout"                    = "1000"
    "idle_in_transaction_session_timeout" = "60000"
    "lock_timeout"                        = "10000"
    "log_autovacuum_min_duration"         = "1000"
    "log_connections"                     = "1"
    "log_disconnections"                  = "1"
    "log_lock_waits"                      = "1"
    "log_min_duration_statement"          = "500"
    "log_replication_commands"            = "1"
    "log_statement"                       = "ddl"
    "log_temp_files"                      = "10240"
    "logical_decoding_work_mem"           = "65536"
    "password_encryption"                 = "scram-sha-256"
    "pgaudit.log"                         = "ddl,role"
    "rds.force_admin_logging_level"       = "log"
    "rds.force_ssl"                       = "1"
    "ssl_min_protocol_version"            = "TLSv1.2"
    "statement_timeout"                   = "30000"
    "synchronous_commit"                  = "on"
    "tcp_keepalives_count"                = "3"
    "tcp_keepalives_idle"                 = "30"
    "tcp_keepalives_interval"             = "10"
    "timezone"                            = "UTC"
    "wal_receiver_timeout"                = "30000"
    "wal_sender_timeout"                  = "30000"
  }

  parameters = merge(
    {
      for name, value in local.static_parameters :
      name => { value = value, apply_method = "pending-reboot" }
    },
    {
      for name, value in merge(
        local.dynamic_parameters,
        local.recovery_parameters,
      ) :
      name => { value = value, apply_method = "immediate" }
    },
  )

  instance_parameters = {
    "auto_explain.log_min_duration" = "1000"
    "pg_stat_statements.track"      = "all"
    "track_io_timing"               = "1"
  }
}

resource "aws_rds_cluster_parameter_group" "primary" {
  name        = var.name
  description = "Stated parameters of ${var.name}"
  family      = local.family

  dynamic "parameter" {
    for_each = local.parameters
    content {
      name         = parameter.key
      value        = parameter.value.value
      apply_method = parameter.value.apply_method
    }
  }

  lifecycle {
    create_before_destroy = true
  }
}

# A promoted peer must behave as the primary did.
resource "aws_rds_cluster_parameter_group" "peer" {
  provider = aws.peer

  name        = "${var.name}-peer"
  description = "Stated parameters of ${var.name}, peer region"
  family      = local.family

  dynamic "parameter" {
    for_each = local.parameters
    content {
      name         = parameter.key
      value        = parameter.value.value
      apply_method = parameter.value.apply_method
    }
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_db_parameter_group" "primary" {
  name        = var.name
  description = "Stated instance parameters of ${var.name}"
  family      = local.family

  dynamic "parameter" {
    for_each = local.instance_parameters
    content {
      name         = parameter.key
      value        = parameter.value
      apply_method = "immediate"
    }
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_db_parameter_group" "peer" {
  provider = aws.peer

  name        = "${var.name}-peer"
  description = "Stated instance parameters of ${var.name}, peer region"
  family      = local.family

  dynamic "parameter" {
    for_each = local.instance_parameters
    content {
      name         = parameter.key
      value        = parameter.value
      apply_method = "immediate"
    }
  }

  lifecycle {
    create_before_destroy = true
  }
}

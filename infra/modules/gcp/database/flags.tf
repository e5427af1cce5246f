# Whatever a replication, a failover or a measurement depends on is stated, also
# where it equals today's default, and equal to what Aurora has on the primary.
# Times are in milliseconds unless named otherwise.
locals {
  _replication_flags = {
    "cloudsql.logical_decoding"         = "on"
    "logical_decoding_work_mem"         = "65536"
    "max_logical_replication_workers"   = "8"
    "max_replication_slots"             = "20"
    "max_slot_wal_keep_size"            = tostring(var.slot_retention_gb * 1024)
    "max_sync_workers_per_subscription" = "4"
    "max_wal_senders"                   = "25"
    "max_worker_processes"              = "24"
    "synchronous_commit"                = "on"
    "track_commit_timestamp"            = "on"
    "wal_receiver_timeout"              = "30000"
    "wal_sender_timeout"                = "30000"
  }

  _session_flags = {
    "cloudsql.iam_authentication"         = "on"
    "deadlock_timeout"                    = "1000"
    "idle_in_transaction_session_timeout" = "60000"
    "lock_timeout"                        = "10000"
    "max_connections"                     = tostring(var.max_connections)
    "password_encryption"                 = "scram-sha-256"
    "statement_timeout"                   = "30000"
    # Seconds, as is the interval.
    "tcp_keepalives_count"    = "3"
    "tcp_keepalives_idle"     = "30"
    "tcp_keepalives_interval" = "10"
    "timezone"                = "UTC"
  }

  _log_flags = {
    "auto_explain.log_min_duration" = "1000"
    "cloudsql.enable_auto_explain"  = "on"
    "cloudsql.enable_pgaudit"       = "on"
    "log_autovacuum_min_duration"   = "1000"
    "log_checkpoints"               = "on"
    "log_connections"               = "on"
    "log_disconnections"            = "on"
    "log_duration"                  = "off"
    "log_error_verbosity"           = "default"
    "log_lock_waits"                = "on"
    "log_min_duration_statement"    = "500"
    "log_min_error_statement"       = "error"
    "log_min_messages"              = "warning"
    "log_replication_commands"      = "on"
    "log_statement"                 = "ddl"
    "log_temp_files"                = "10240"
    "pg_stat_statements.track"      = "all"
    "pgaudit.log"                   = "ddl,role"
    "track_io_timing"               = "on"
  }

  _flags = merge(local._log_flags, local._replication_flags, local._session_flags)
}

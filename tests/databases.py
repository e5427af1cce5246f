"""What a cloud declares for a database, small enough for a test."""

from __future__ import annotations

from meshproof.components.postgres_parameters import REQUIRED

DECLARED = {
    **dict.fromkeys(REQUIRED, "8"),
    "rds.logical_replication": "1",
    "deadlock_timeout": "1000",
    "idle_in_transaction_session_timeout": "60000",
    "lock_timeout": "10000",
    "logical_decoding_work_mem": "65536",
    "password_encryption": "scram-sha-256",
    "statement_timeout": "30000",
    "synchronous_commit": "on",
    "timezone": "UTC",
    "wal_receiver_timeout": "30000",
    "wal_sender_timeout": "30000",
    "track_commit_timestamp": "1",
    "shared_preload_libraries": "pg_stat_statements,pgaudit,auto_explain",
    "pgaudit.log": "ddl",
    "rds.force_ssl": "1",
}
del DECLARED["wal_level"]

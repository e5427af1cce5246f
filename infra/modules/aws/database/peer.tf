# The copy in the second region: same engine, own key, never written to until
# it is promoted.
resource "aws_rds_cluster" "peer" {
  provider = aws.peer

  cluster_identifier        = "${var.name}-peer"
  global_cluster_identifier = aws_rds_global_cluster.main.id
  engine                    = aws_rds_global_cluster.main.engine
  engine_version            = var.engine_version
  port                      = var.port
  source_region             = var.region

  db_cluster_parameter_group_name = aws_rds_cluster_parameter_group.peer.name
  db_subnet_group_name            = aws_db_subnet_group.peer.name
  vpc_security_group_ids          = [aws_security_group.peer.id]

  storage_encrypted                   = true
  kms_key_id                          = var.peer_key_arns.database
  iam_database_authentication_enabled = true
  enable_global_write_forwarding      = false

  deletion_protection       = var.deletion_protection
  delete_automated_backups  = false
  skip_final_snapshot       = false
  final_snapshot_identifier = "${var.name}-peer-final"
  backup_retention_period   = var.backup_retention_days
  copy_tags_to_snapshot     = true

  preferred_backup_window      = var.backup_window
  preferred_maintenance_window = var.maintenance_window
  apply_immediately            = false
  allow_major_version_upgrade  = false

  enabled_cloudwatch_logs_exports = ["postgresql"]

  lifecycle {
    ignore_changes = [global_cluster_identifier, replication_source_identifier]
  }

  # A secondary can join only a primary that has an instance.
  depends_on = [
    aws_cloudwatch_log_group.peer,
    aws_rds_cluster_instance.primary,
  ]
}

resource "aws_rds_cluster_instance" "peer" {
  provider = aws.peer
  for_each = var.peer_instances

  identifier         = "${var.name}-peer-${each.key}"
  cluster_identifier = aws_rds_cluster.peer.id
  engine             = aws_rds_cluster.peer.engine
  engine_version     = var.engine_version
  instance_class     = var.instance_class
  availability_zone  = "${var.peer_region}${each.key}"
  promotion_tier     = each.value.promotion_tier

  db_parameter_group_name = aws_db_parameter_group.peer.name
  db_subnet_group_name    = aws_db_subnet_group.peer.name
  ca_cert_identifier      = "rds-ca-rsa2048-g1"
  publicly_accessible     = false

  performance_insights_enabled          = true
  performance_insights_kms_key_id       = var.peer_key_arns.database
  performance_insights_retention_period = var.performance_insights_days
  monitoring_interval                   = var.monitoring_interval_s
  monitoring_role_arn                   = aws_iam_role.monitoring.arn

  auto_minor_version_upgrade   = false
  apply_immediately            = false
  copy_tags_to_snapshot        = true
  preferred_maintenance_window = var.maintenance_window
}

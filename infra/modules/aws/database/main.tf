resource "aws_rds_global_cluster" "main" {
  global_cluster_identifier = var.name
  engine                    = "aurora-postgresql"
  engine_version            = var.engine_version
  storage_encrypted         = true
  deletion_protection       = var.deletion_protection
  force_destroy             = false
}

resource "aws_rds_cluster" "primary" {
  cluster_identifier        = var.name
  global_cluster_identifier = aws_rds_global_cluster.main.id
  engine                    = aws_rds_global_cluster.main.engine
  # The runbook fences and promotes through the Data API, from a place that has no route to the network.
  enable_http_endpoint = true
  engine_version       = var.engine_version
  port                 = var.port

  master_username            = var.master_username
  master_password_wo         = var.master_password
  master_password_wo_version = var.master_password_version

  db_cluster_parameter_group_name = aws_rds_cluster_parameter_group.primary.name
  db_subnet_group_name            = aws_db_subnet_group.primary.name
  vpc_security_group_ids          = [aws_security_group.primary.id]

  storage_encrypted                   = true
  kms_key_id                          = var.key_arns.database
  iam_database_authentication_enabled = true

  deletion_protection       = var.deletion_protection
  delete_automated_backups  = false
  skip_final_snapshot       = false
  final_snapshot_identifier = "${var.name}-final"
  backup_retention_period   = var.backup_retention_days
  copy_tags_to_snapshot     = true

  preferred_backup_window      = var.backup_window
  preferred_maintenance_window = var.maintenance_window
  apply_immediately            = false
  allow_major_version_upgrade  = false

  enabled_cloudwatch_logs_exports = ["postgresql"]

  # After a switchover the roles of the two clusters are exchanged; that is no
  # drift to be undone.
  lifecycle {
    ignore_changes = [global_cluster_identifier, replication_source_identifier]
  }

  depends_on = [aws_cloudwatch_log_group.primary]
}

resource "aws_rds_cluster_instance" "primary" {
  for_each = var.instances

  identifier         = "${var.name}-${each.key}"
  cluster_identifier = aws_rds_cluster.primary.id
  engine             = aws_rds_cluster.primary.engine
  engine_version     = var.engine_version
  instance_class     = var.instance_class
  availability_zone  = "${var.region}${each.key}"
  promotion_tier     = each.value.promotion_tier

  db_parameter_group_name = aws_db_parameter_group.primary.name
  db_subnet_group_name    = aws_db_subnet_group.primary.name
  ca_cert_identifier      = "rds-ca-rsa2048-g1"
  publicly_accessible     = false

  performance_insights_enabled          = true
  performance_insights_kms_key_id       = var.key_arns.database
  performance_insights_retention_period = var.performance_insights_days
  monitoring_interval                   = var.monitoring_interval_s
  monitoring_role_arn                   = aws_iam_role.monitoring.arn

  auto_minor_version_upgrade   = false
  apply_immediately            = false
  copy_tags_to_snapshot        = true
  preferred_maintenance_window = var.maintenance_window
}

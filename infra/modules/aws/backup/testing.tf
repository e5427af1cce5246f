locals {
  # Plans, reports and frameworks admit no hyphens.
  identifier = replace(var.name, "-", "_")
}

resource "aws_backup_restore_testing_plan" "main" {
  name                         = local.identifier
  schedule_expression          = var.restore_test.schedule
  schedule_expression_timezone = "UTC"
  start_window_hours           = 4

  recovery_point_selection {
    algorithm             = "RANDOM_WITHIN_WINDOW"
    include_vaults        = [aws_backup_vault.main.arn]
    recovery_point_types  = ["CONTINUOUS", "SNAPSHOT"]
    selection_window_days = var.restore_test.selection_window_days
  }
}

# Without a rule: a restored copy talks to nobody and nobody to it.
resource "aws_security_group" "restore" {
  name        = "${var.name}-restore-test"
  description = "Restored copies: closed both ways"
  vpc_id      = var.vpc_id

  tags = { Name = "${var.name}-restore-test" }
}

resource "aws_backup_restore_testing_selection" "database" {
  name                      = "database"
  restore_testing_plan_name = aws_backup_restore_testing_plan.main.name
  iam_role_arn              = aws_iam_role.restore.arn
  protected_resource_type   = "Aurora"
  protected_resource_arns   = [var.resource_arns.database]
  validation_window_hours   = var.restore_test.validation_window_hours

  restore_metadata_overrides = {
    dbSubnetGroupName   = var.restore_test.db_subnet_group
    vpcSecurityGroupIds = jsonencode([aws_security_group.restore.id])
  }
}

resource "aws_backup_restore_testing_selection" "table" {
  name                      = "table"
  restore_testing_plan_name = aws_backup_restore_testing_plan.main.name
  iam_role_arn              = aws_iam_role.restore.arn
  protected_resource_type   = "DynamoDB"
  protected_resource_arns = [
    for key, arn in var.resource_arns : arn if key != "database"
  ]
  validation_window_hours = var.restore_test.validation_window_hours

  restore_metadata_overrides = {
    encryptionType = "KMS"
    kmsMasterKeyId = var.restore_test.table_key_arn
  }
}

resource "aws_prometheus_workspace" "main" {
  alias       = var.name
  kms_key_arn = var.key_arn

  logging_configuration {
    log_group_arn = "${aws_cloudwatch_log_group.main["prometheus"].arn}:*"
  }
}

resource "aws_prometheus_workspace_configuration" "main" {
  workspace_id             = aws_prometheus_workspace.main.id
  retention_period_in_days = var.metrics_retention_days
}

resource "aws_xray_encryption_config" "main" {
  type   = "KMS"
  key_id = var.key_arn
}

# The head of the trace decides: a few of each second always, then a share.
resource "aws_xray_sampling_rule" "main" {
  rule_name      = var.name
  priority       = 1000
  version        = 1
  reservoir_size = var.sampling.reservoir_per_s
  fixed_rate     = var.sampling.share
  service_name   = "*"
  service_type   = "*"
  host           = "*"
  http_method    = "*"
  url_path       = "*"
  resource_arn   = "*"
}

# Probes say nothing that the metrics do not.
resource "aws_xray_sampling_rule" "probe" {
  rule_name      = "${var.name}-probe"
  priority       = 100
  version        = 1
  reservoir_size = 0
  fixed_rate     = 0
  service_name   = "*"
  service_type   = "*"
  host           = "*"
  http_method    = "GET"
  url_path       = "/health*"
  resource_arn   = "*"
}

resource "aws_xray_group" "failing" {
  group_name        = "${var.name}-failing"
  filter_expression = "fault = true OR error = true OR responsetime > 1"

  insights_configuration {
    insights_enabled      = true
    notifications_enabled = true
  }
}

resource "aws_securityhub_account" "main" {
  auto_enable_controls      = true
  control_finding_generator = "SECURITY_CONTROL"
  enable_default_standards  = false
}

resource "aws_securityhub_standards_subscription" "main" {
  for_each = toset([
    "aws-foundational-security-best-practices/v/1.0.0",
    "cis-aws-foundations-benchmark/v/3.0.0",
    "nist-800-53/v/5.0.0",
    "pci-dss/v/4.0.1",
  ])

  standards_arn = "arn:aws:securityhub:${var.region}::standards/${each.value}"

  depends_on = [aws_securityhub_account.main]
}

resource "aws_securityhub_finding_aggregator" "main" {
  count = var.home ? 1 : 0

  linking_mode      = "SPECIFIED_REGIONS"
  specified_regions = var.linked_regions

  depends_on = [aws_securityhub_account.main]
}

# The home region hears the findings of all, GuardDuty's among them.
resource "aws_cloudwatch_event_rule" "finding" {
  count = var.home ? 1 : 0

  name        = "${var.name}-finding"
  description = "New findings that cannot wait."
  event_pattern = jsonencode({
    source      = ["aws.securityhub"]
    detail-type = ["Security Hub Findings - Imported"]
    detail = { findings = {
      RecordState = ["ACTIVE"]
      Severity    = { Label = ["CRITICAL", "HIGH"] }
      Workflow    = { Status = ["NEW"] }
    } }
  })
}

resource "aws_cloudwatch_event_target" "finding" {
  count = var.home ? 1 : 0

  rule = aws_cloudwatch_event_rule.finding[0].name
  arn  = var.topic_arn

  input_transformer {
    input_paths = {
      id       = "$.detail.findings[0].Id"
      region   = "$.detail.findings[0].Region"
      severity = "$.detail.findings[0].Severity.Label"
      title    = "$.detail.findings[0].Title"
    }
    input_template = "{\"AlarmArn\": \"<id>\", \"NewStateValue\": \"ALARM\", \"Region\": \"<region>\", \"summary\": \"<severity>: <title>\"}"
  }

  retry_policy {
    maximum_event_age_in_seconds = 3600
    maximum_retry_attempts       = 20
  }

  dead_letter_config {
    arn = var.dead_letter_queue_arn
  }
}

locals {
  # The names are Container Insights' own.
  log_groups = {
    application = "/aws/containerinsights/${var.cluster_name}/application"
    dataplane   = "/aws/containerinsights/${var.cluster_name}/dataplane"
    host        = "/aws/containerinsights/${var.cluster_name}/host"
    performance = "/aws/containerinsights/${var.cluster_name}/performance"
    prometheus  = "/aws/prometheus/${var.name}"
    search      = "/aws/opensearch/${var.name}/application"
    audit       = "/aws/opensearch/${var.name}/audit"
    slow-index  = "/aws/opensearch/${var.name}/slow-index"
    slow-search = "/aws/opensearch/${var.name}/slow-search"
  }
}

resource "aws_cloudwatch_log_group" "main" {
  for_each = local.log_groups

  name              = each.value
  retention_in_days = var.retention_days
  kms_key_id        = var.key_arn
}

data "aws_iam_policy_document" "search_logs" {
  statement {
    actions = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = [
      for key in ["audit", "search", "slow-index", "slow-search"] :
      "${aws_cloudwatch_log_group.main[key].arn}:*"
    ]

    principals {
      type        = "Service"
      identifiers = ["es.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [var.account_id]
    }
  }
}

resource "aws_cloudwatch_log_resource_policy" "search" {
  policy_name     = "${var.name}-search"
  policy_document = data.aws_iam_policy_document.search_logs.json
}

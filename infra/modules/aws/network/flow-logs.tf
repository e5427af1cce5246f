resource "aws_cloudwatch_log_group" "flow" {
  kms_key_id        = var.key_arn
  name              = "/aws/vpc/${var.name}/flow"
  retention_in_days = var.retention_days
}

resource "aws_cloudwatch_log_group" "peer_flow" {
  provider = aws.peer

  kms_key_id        = var.peer_key_arn
  name              = "/aws/vpc/${var.name}-peer/flow"
  retention_in_days = var.retention_days
}

data "aws_iam_policy_document" "flow_trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["vpc-flow-logs.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [var.account_id]
    }

    condition {
      test     = "ArnLike"
      variable = "aws:SourceArn"
      values = [
        "arn:aws:ec2:${var.region}:${var.account_id}:vpc-flow-log/*",
        "arn:aws:ec2:${var.peer_region}:${var.account_id}:vpc-flow-log/*",
      ]
    }
  }
}

data "aws_iam_policy_document" "flow" {
  statement {
    sid = "Write"
    actions = [
      "logs:CreateLogStream",
      "logs:DescribeLogStreams",
      "logs:PutLogEvents",
    ]
    resources = [
      "${aws_cloudwatch_log_group.flow.arn}:*",
      "${aws_cloudwatch_log_group.peer_flow.arn}:*",
    ]
  }
}

resource "aws_iam_role" "flow" {
  assume_role_policy = data.aws_iam_policy_document.flow_trust.json
  description        = "Delivers VPC flow logs"
  name               = "${var.name}-flow-logs"
}

resource "aws_iam_role_policy" "flow" {
  name   = "write"
  policy = data.aws_iam_policy_document.flow.json
  role   = aws_iam_role.flow.id
}

resource "aws_flow_log" "main" {
  iam_role_arn             = aws_iam_role.flow.arn
  log_destination          = aws_cloudwatch_log_group.flow.arn
  log_destination_type     = "cloud-watch-logs"
  max_aggregation_interval = 60
  traffic_type             = "ALL"
  vpc_id                   = aws_vpc.main.id

  tags = { Name = var.name }
}

resource "aws_flow_log" "peer" {
  provider = aws.peer

  iam_role_arn             = aws_iam_role.flow.arn
  log_destination          = aws_cloudwatch_log_group.peer_flow.arn
  log_destination_type     = "cloud-watch-logs"
  max_aggregation_interval = 60
  traffic_type             = "ALL"
  vpc_id                   = aws_vpc.peer.id

  tags = { Name = "${var.name}-peer" }
}

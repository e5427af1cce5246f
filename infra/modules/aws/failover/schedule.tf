resource "aws_iam_role" "schedule" {
  name = "${var.name}-failover-schedule"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "scheduler.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = {
        "aws:SourceAccount" = var.account_id
      } }
    }]
  })
}

resource "aws_iam_role_policy" "schedule" {
  name = "start"
  role = aws_iam_role.schedule.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect = "Allow"
        Action = "lambda:InvokeFunction"
        Resource = [
          "arn:aws:lambda:${var.peer_region}:${var.account_id}:function:${var.name}-keeper",
          "arn:aws:lambda:${var.peer_region}:${var.account_id}:function:${var.name}-observer-east",
          "arn:aws:lambda:${var.region}:${var.account_id}:function:${var.name}-keeper",
          "arn:aws:lambda:${var.region}:${var.account_id}:function:${var.name}-observer-north",
        ]
      },
      {
        Effect   = "Allow"
        Action   = "states:StartExecution"
        Resource = local.runbook_arns.promotion
      },
      {
        Effect   = "Allow"
        Action   = "kms:Decrypt"
        Resource = [aws_kms_key.main.arn, aws_kms_replica_key.peer.arn]
      },
    ]
  })
}

resource "aws_iam_role_policy" "apply" {
  name = "state"
  role = aws_iam_role.main["apply"].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(local.state_read, [{
      Sid      = "WriteState"
      Effect   = "Allow"
      Action   = "s3:PutObject"
      Resource = "${local.state_arn}/*/terraform.tfstate"
    }])
  })
}

resource "aws_iam_role_policy_attachment" "apply" {
  role       = aws_iam_role.main["apply"].name
  policy_arn = aws_iam_policy.apply.arn
}

resource "aws_iam_policy" "apply" {
  name        = "${var.name}-ci-apply"
  description = "The services that the platform is made of."
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "Services"
        Effect   = "Allow"
        Action   = [for service in local.services : "${service}:*"]
        Resource = "*"
      },
      {
        Sid      = "ReadIdentities"
        Effect   = "Allow"
        Action   = ["iam:Get*", "iam:List*"]
        Resource = "*"
      },
      {
        Sid    = "OwnRoles"
        Effect = "Allow"
        Action = [
          "iam:AttachRolePolicy",
          "iam:CreatePolicy",
          "iam:CreatePolicyVersion",
          "iam:CreateRole",
          "iam:DeletePolicy",
          "iam:DeletePolicyVersion",
          "iam:DeleteRole",
          "iam:DeleteRolePolicy",
          "iam:DetachRolePolicy",
          "iam:PutRolePolicy",
          "iam:TagPolicy",
          "iam:TagRole",
          "iam:UntagPolicy",
          "iam:UntagRole",
          "iam:UpdateAssumeRolePolicy",
          "iam:UpdateRole",
        ]
        Resource = local.own_identities
      },
      {
        Sid      = "PassOwnRoles"
        Effect   = "Allow"
        Action   = "iam:PassRole"
        Resource = local.own_identities
        Condition = { StringLike = {
          "iam:PassedToService" = "*.amazonaws.com"
        } }
      },
      {
        Sid    = "AccountSettings"
        Effect = "Allow"
        Action = [
          "iam:AddClientIDToOpenIDConnectProvider",
          "iam:CreateOpenIDConnectProvider",
          "iam:CreateServiceLinkedRole",
          "iam:TagOpenIDConnectProvider",
          "iam:UpdateAccountPasswordPolicy",
        ]
        Resource = "*"
      },
    ]
  })
}

locals {
  own_identities = [
    "arn:aws:iam::${var.account_id}:policy/shop-${var.environment}-*",
    "arn:aws:iam::${var.account_id}:role/shop-${var.environment}-*",
  ]

  services = [
    "access-analyzer", "acm", "aps", "backup", "backup-storage", "bcm-data-exports",
    "budgets", "ce", "cloudtrail", "cloudwatch", "config", "cur", "directconnect",
    "dynamodb", "ec2", "ecr", "eks", "elasticache", "elasticloadbalancing", "es",
    "events", "guardduty", "kafka", "kms", "lambda", "logs", "pipes", "rds",
    "resource-groups", "route53", "s3", "scheduler", "secretsmanager",
    "securityhub", "sns", "sqs", "states", "tag", "wafv2", "xray",
  ]
}

# The managed policies list and describe; neither reads an object, an item or a secret.
resource "aws_iam_role_policy_attachment" "plan" {
  for_each = toset(["SecurityAudit", "job-function/ViewOnlyAccess"])

  role       = aws_iam_role.main["plan"].name
  policy_arn = "arn:aws:iam::aws:policy/${each.value}"
}

resource "aws_iam_role_policy" "plan" {
  name = "state"
  role = aws_iam_role.main["plan"].id
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = local.state_read
  })
}

locals {
  state_read = [
    {
      Sid      = "ListState"
      Effect   = "Allow"
      Action   = "s3:ListBucket"
      Resource = local.state_arn
    },
    {
      Sid      = "ReadState"
      Effect   = "Allow"
      Action   = "s3:GetObject"
      Resource = "${local.state_arn}/*/terraform.tfstate"
    },
    {
      Sid      = "Lock"
      Effect   = "Allow"
      Action   = ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"]
      Resource = "${local.state_arn}/*/terraform.tfstate.tflock"
    },
    {
      Sid      = "StateKey"
      Effect   = "Allow"
      Action   = ["kms:Decrypt", "kms:GenerateDataKey"]
      Resource = "arn:aws:kms:${var.region}:${var.account_id}:key/*"
      Condition = { "ForAnyValue:StringEquals" = {
        "kms:ResourceAliases" = var.state_key_alias
      } }
    },
  ]

  state_arn = "arn:aws:s3:::${var.state_bucket}"
}

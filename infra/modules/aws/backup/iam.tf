data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["backup.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [var.account_id]
    }
  }
}

# Who makes recovery points cannot restore over what is live, and the other
# way round.
resource "aws_iam_role" "backup" {
  name               = "${var.name}-backup"
  description        = "Makes and copies recovery points of ${var.name}"
  assume_role_policy = data.aws_iam_policy_document.trust.json
}

resource "aws_iam_role_policy_attachment" "backup" {
  for_each = {
    backup = "arn:aws:iam::aws:policy/service-role/AWSBackupServiceRolePolicyForBackup"
    s3     = "arn:aws:iam::aws:policy/AWSBackupServiceRolePolicyForS3Backup"
  }

  role       = aws_iam_role.backup.name
  policy_arn = each.value
}

resource "aws_iam_role" "restore" {
  name               = "${var.name}-restore-test"
  description        = "Restores recovery points of ${var.name} to test them"
  assume_role_policy = data.aws_iam_policy_document.trust.json
}

resource "aws_iam_role_policy_attachment" "restore" {
  role       = aws_iam_role.restore.name
  policy_arn = "arn:aws:iam::aws:policy/service-role/AWSBackupServiceRolePolicyForRestores"
}

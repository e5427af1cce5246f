resource "aws_kms_key" "main" {
  for_each = local._purposes

  deletion_window_in_days = var.deletion_window_days
  description             = "${var.name}: ${each.value.description}"
  enable_key_rotation     = true
  multi_region            = each.value.multi_region
  policy = (
    data.aws_iam_policy_document.key["${each.key}/main"].json
  )
  rotation_period_in_days = var.rotation_days

  tags = { Name = "${var.name}-${each.key}" }
}

resource "aws_kms_alias" "main" {
  for_each = local._purposes

  name          = "alias/${var.name}-${each.key}"
  target_key_id = aws_kms_key.main[each.key].key_id
}

# A copy encrypted in one region can be read in the other without a call across
# regions: losing the region of the primary key loses no data.
resource "aws_kms_replica_key" "peer" {
  for_each = local._replicated
  provider = aws.peer

  deletion_window_in_days = var.deletion_window_days
  description             = "${var.name}: ${each.value.description}"
  policy = (
    data.aws_iam_policy_document.key["${each.key}/peer"].json
  )
  primary_key_arn = aws_kms_key.main[each.key].arn

  tags = { Name = "${var.name}-${each.key}" }
}

resource "aws_kms_alias" "peer" {
  for_each = local._replicated
  provider = aws.peer

  name          = "alias/${var.name}-${each.key}"
  target_key_id = aws_kms_replica_key.peer[each.key].key_id
}

# One role for each service account: what a pod may do in AWS is decided by who
# it is in the cluster, and is never shared with its neighbours on the node.

locals {
  _workloads = {
    for key, workload in var.workloads : key => merge(workload, {
      namespace       = split("/", key)[0]
      service_account = split("/", key)[1]
    })
  }
}

data "aws_iam_policy_document" "trust" {
  for_each = local._workloads

  statement {
    actions = ["sts:AssumeRole", "sts:TagSession"]

    principals {
      type        = "Service"
      identifiers = ["pods.eks.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [var.account_id]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = [var.cluster.arn]
    }

    # An association made by mistake for another service account gets nothing.
    condition {
      test     = "StringEquals"
      variable = "aws:RequestTag/kubernetes-namespace"
      values   = [each.value.namespace]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:RequestTag/kubernetes-service-account"
      values   = [each.value.service_account]
    }
  }
}

resource "aws_iam_role" "main" {
  for_each = local._workloads

  assume_role_policy = data.aws_iam_policy_document.trust[each.key].json
  description        = "Pods of ${each.key}: ${each.value.description}"
  name               = "${var.name}-${replace(each.key, "/", "-")}"
}

resource "aws_iam_role_policy" "main" {
  for_each = local._workloads

  name   = "workload"
  policy = data.aws_iam_policy_document.workload[each.key].json
  role   = aws_iam_role.main[each.key].id
}

resource "aws_eks_pod_identity_association" "main" {
  for_each = local._workloads

  cluster_name    = var.cluster.name
  namespace       = each.value.namespace
  role_arn        = aws_iam_role.main[each.key].arn
  service_account = each.value.service_account

  depends_on = [aws_iam_role_policy.main]
}

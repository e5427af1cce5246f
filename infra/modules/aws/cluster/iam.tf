data "aws_iam_policy_document" "cluster_trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["eks.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [var.account_id]
    }
  }
}

data "aws_iam_policy_document" "cluster_key" {
  statement {
    sid       = "EncryptSecrets"
    resources = [var.key_arns.cluster]
    actions = [
      "kms:CreateGrant",
      "kms:Decrypt",
      "kms:DescribeKey",
      "kms:Encrypt",
    ]
  }
}

resource "aws_iam_role" "cluster" {
  assume_role_policy = data.aws_iam_policy_document.cluster_trust.json
  description        = "Control plane of ${var.name}"
  name               = "${var.name}-cluster"
}

resource "aws_iam_role_policy_attachment" "cluster" {
  policy_arn = "arn:aws:iam::aws:policy/AmazonEKSClusterPolicy"
  role       = aws_iam_role.cluster.name
}

resource "aws_iam_role_policy" "cluster_key" {
  name   = "key"
  policy = data.aws_iam_policy_document.cluster_key.json
  role   = aws_iam_role.cluster.id
}

data "aws_iam_policy_document" "node_trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["ec2.amazonaws.com"]
    }
  }
}

# Only what a node itself needs. The network and volume plug-ins have roles of
# their own, so that a pod that reaches the node's role finds nothing to use.
resource "aws_iam_role" "node" {
  assume_role_policy = data.aws_iam_policy_document.node_trust.json
  description        = "Nodes of ${var.name}"
  name               = "${var.name}-node"
}

resource "aws_iam_role_policy_attachment" "node" {
  for_each = toset([
    "AmazonEC2ContainerRegistryPullOnly",
    "AmazonEKSWorkerNodePolicy",
  ])

  policy_arn = "arn:aws:iam::aws:policy/${each.key}"
  role       = aws_iam_role.node.name
}

data "aws_iam_policy_document" "addon_trust" {
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
      values   = [aws_eks_cluster.main.arn]
    }
  }
}

data "aws_iam_policy_document" "volume_key" {
  statement {
    sid       = "EncryptVolumes"
    resources = [var.key_arns.cluster]
    actions = [
      "kms:Decrypt",
      "kms:DescribeKey",
      "kms:GenerateDataKeyWithoutPlaintext",
      "kms:ReEncryptFrom",
      "kms:ReEncryptTo",
    ]
  }

  statement {
    sid       = "GrantVolumes"
    actions   = ["kms:CreateGrant"]
    resources = [var.key_arns.cluster]

    condition {
      test     = "Bool"
      variable = "kms:GrantIsForAWSResource"
      values   = ["true"]
    }
  }
}

resource "aws_iam_role" "network" {
  assume_role_policy = data.aws_iam_policy_document.addon_trust.json
  description        = "Network plug-in of ${var.name}"
  name               = "${var.name}-vpc-cni"
}

resource "aws_iam_role_policy_attachment" "network" {
  policy_arn = "arn:aws:iam::aws:policy/AmazonEKS_CNI_Policy"
  role       = aws_iam_role.network.name
}

resource "aws_iam_role" "volume" {
  assume_role_policy = data.aws_iam_policy_document.addon_trust.json
  description        = "Volume plug-in of ${var.name}"
  name               = "${var.name}-ebs-csi"
}

resource "aws_iam_role_policy_attachment" "volume" {
  policy_arn = (
    "arn:aws:iam::aws:policy/service-role/AmazonEBSCSIDriverPolicy"
  )
  role = aws_iam_role.volume.name
}

resource "aws_iam_role_policy" "volume_key" {
  name   = "key"
  policy = data.aws_iam_policy_document.volume_key.json
  role   = aws_iam_role.volume.id
}

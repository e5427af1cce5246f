locals {
  search_masters = var.search.master_type != null

  search_logs = {
    AUDIT_LOGS          = "audit"
    ES_APPLICATION_LOGS = "search"
    INDEX_SLOW_LOGS     = "slow-index"
    SEARCH_SLOW_LOGS    = "slow-search"
  }
}

resource "aws_opensearch_domain" "main" {
  domain_name     = var.name
  engine_version  = var.search.engine_version
  access_policies = data.aws_iam_policy_document.search.json

  cluster_config {
    instance_type                 = var.search.instance_type
    instance_count                = var.search.instance_count
    dedicated_master_enabled      = local.search_masters
    dedicated_master_count        = local.search_masters ? 3 : null
    dedicated_master_type         = var.search.master_type
    multi_az_with_standby_enabled = local.search_masters
    zone_awareness_enabled        = true

    zone_awareness_config {
      availability_zone_count = 3
    }
  }

  ebs_options {
    ebs_enabled = true
    volume_type = "gp3"
    volume_size = var.search.volume_gb
    iops        = 3000
    throughput  = 125
  }

  vpc_options {
    subnet_ids         = values(var.data_subnet_ids)
    security_group_ids = [aws_security_group.search.id]
  }

  encrypt_at_rest {
    enabled    = true
    kms_key_id = var.key_arn
  }

  node_to_node_encryption {
    enabled = true
  }

  domain_endpoint_options {
    enforce_https       = true
    tls_security_policy = "Policy-Min-TLS-1-2-PFS-2023-10"
  }

  # Who logs in is decided by IAM: there are no users or passwords here.
  advanced_security_options {
    enabled                        = true
    anonymous_auth_enabled         = false
    internal_user_database_enabled = false

    master_user_options {
      master_user_arn = aws_iam_role.search_admin.arn
    }
  }

  advanced_options = {
    "rest.action.multi.allow_explicit_index" = "false"
  }

  dynamic "log_publishing_options" {
    for_each = local.search_logs
    content {
      enabled                  = true
      log_type                 = log_publishing_options.key
      cloudwatch_log_group_arn = aws_cloudwatch_log_group.main[log_publishing_options.value].arn
    }
  }

  auto_tune_options {
    desired_state       = "ENABLED"
    rollback_on_disable = "NO_ROLLBACK"
    use_off_peak_window = true
  }

  off_peak_window_options {
    enabled = true

    off_peak_window {
      window_start_time {
        hours   = 1
        minutes = 0
      }
    }
  }

  software_update_options {
    auto_software_update_enabled = true
  }

  snapshot_options {
    automated_snapshot_start_hour = 0
  }

  depends_on = [
    aws_cloudwatch_log_resource_policy.search,
    aws_iam_service_linked_role.search,
  ]
}

# Lets the service put its network interfaces into the data subnets.
resource "aws_iam_service_linked_role" "search" {
  aws_service_name = "opensearchservice.amazonaws.com"
  description      = "Network interfaces of OpenSearch domains"
}

# The fine-grained roles decide within the domain; from outside the network
# nobody gets this far.
data "aws_iam_policy_document" "search" {
  statement {
    actions   = ["es:ESHttp*"]
    resources = ["arn:aws:es:${var.region}:${var.account_id}:domain/${var.name}/*"]

    principals {
      type        = "AWS"
      identifiers = ["arn:aws:iam::${var.account_id}:root"]
    }
  }
}

data "aws_iam_policy_document" "search_admin_trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "AWS"
      identifiers = ["arn:aws:iam::${var.account_id}:root"]
    }

    condition {
      test     = "Bool"
      variable = "aws:MultiFactorAuthPresent"
      values   = ["true"]
    }
  }
}

resource "aws_iam_role" "search_admin" {
  name                 = "${var.name}-search-admin"
  description          = "Administers the roles within the OpenSearch domain"
  assume_role_policy   = data.aws_iam_policy_document.search_admin_trust.json
  max_session_duration = 3600
}

resource "aws_security_group" "search" {
  name        = "${var.name}-search"
  description = "OpenSearch: HTTPS from the nodes only"
  vpc_id      = var.vpc_id

  tags = { Name = "${var.name}-search" }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_vpc_security_group_ingress_rule" "search" {
  security_group_id            = aws_security_group.search.id
  description                  = "The collector on the cluster's nodes"
  referenced_security_group_id = var.node_security_group_id
  ip_protocol                  = "tcp"
  from_port                    = 443
  to_port                      = 443
}

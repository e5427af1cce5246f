# The subject names the repository and the GitHub environment, whose protection
# rules are the approval. Where something is changed, one workflow of the main branch
# is the only one let in: another in the same environment gets nothing.
resource "aws_iam_role" "main" {
  for_each = local.roles

  name                 = "${var.name}-ci-${each.key}"
  description          = each.value.description
  max_session_duration = each.value.session_s
  permissions_boundary = each.value.boundary

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Federated = local.provider_arn }
      Action    = "sts:AssumeRoleWithWebIdentity"
      Condition = { StringEquals = merge(
        {
          "${local.issuer}:aud"         = local.audience
          "${local.issuer}:sub"         = "repo:${var.repository}:environment:${each.value.environment}"
          "${local.issuer}:repository"  = var.repository
          "${local.issuer}:environment" = each.value.environment
        },
        each.value.workflow == null ? {} : {
          "${local.issuer}:job_workflow_ref" = "${var.repository}/.github/workflows/${each.value.workflow}@${local.trunk}"
          "${local.issuer}:ref"              = local.trunk
        },
      ) }
    }]
  })

  depends_on = [aws_iam_openid_connect_provider.main]
}

locals {
  trunk = "refs/heads/main"

  roles = {
    plan = {
      description = "Reads what a plan compares, never the data it holds."
      environment = "${var.environment}-plan"
      workflow    = null
      session_s   = 3600
      boundary    = null
    }
    apply = {
      description = "Changes the platform within its boundary."
      environment = var.environment
      workflow    = "deploy.yml"
      session_s   = 7200
      boundary    = aws_iam_policy.boundary.arn
    }
    publish = {
      description = "Pushes images and charts, and nothing else."
      environment = var.environment
      workflow    = "service.yml"
      session_s   = 3600
      boundary    = aws_iam_policy.boundary.arn
    }
  }
}

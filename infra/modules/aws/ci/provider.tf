resource "aws_iam_openid_connect_provider" "main" {
  url            = "https://${local.issuer}"
  client_id_list = [local.audience]
}

locals {
  audience = "sts.amazonaws.com"
  issuer   = "token.actions.githubusercontent.com"

  provider_arn = "arn:aws:iam::${var.account_id}:oidc-provider/${local.issuer}"
}

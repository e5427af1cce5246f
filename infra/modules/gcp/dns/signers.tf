# The delegation itself is the failover's, beside the records that it switches.
resource "aws_route53_record" "signers" {
  for_each = length(var.delegation_signers) > 0 ? toset(["DS"]) : toset([])

  zone_id = var.zone_id
  name    = "${var.subdomain}.${var.domain}"
  type    = each.key
  ttl     = var.delegation_ttl_s
  records = var.delegation_signers
}

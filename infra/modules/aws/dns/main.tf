resource "aws_route53_zone" "main" {
  name          = var.domain
  comment       = "Public names of ${var.environment}"
  force_destroy = false
}

# Only these authorities may issue for the domain, in whichever cloud it is served.
resource "aws_route53_record" "caa" {
  zone_id = aws_route53_zone.main.zone_id
  name    = var.domain
  type    = "CAA"
  ttl     = var.caa.ttl_s
  records = concat(
    [for authority in var.caa.authorities : "0 issue \"${authority}\""],
    ["0 issuewild \";\"", "0 iodef \"mailto:${var.caa.contact}\""],
  )
}

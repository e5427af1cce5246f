locals {
  _host = "shop.${var.domain}"

  _validation = one(aws_acm_certificate.main.domain_validation_options)
}

resource "aws_acm_certificate" "main" {
  domain_name       = local._host
  key_algorithm     = "EC_prime256v1"
  validation_method = "DNS"

  # The listener keeps a valid certificate while a new one is issued.
  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_route53_record" "validation" {
  allow_overwrite = true
  name            = local._validation.resource_record_name
  records         = [local._validation.resource_record_value]
  ttl             = 60
  type            = local._validation.resource_record_type
  zone_id         = var.zone_id
}

resource "aws_acm_certificate_validation" "main" {
  certificate_arn         = aws_acm_certificate.main.arn
  validation_record_fqdns = [aws_route53_record.validation.fqdn]
}

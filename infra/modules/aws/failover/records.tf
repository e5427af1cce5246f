# An alias has no TTL of its own: Route 53 answers with the load balancer's, 60 s.
resource "aws_route53_record" "primary" {
  zone_id         = var.zone.id
  name            = local.host
  type            = "A"
  set_identifier  = "primary"
  health_check_id = aws_route53_health_check.in_charge.id

  failover_routing_policy {
    type = "PRIMARY"
  }

  alias {
    name                   = var.primary.load_balancer_dns_name
    zone_id                = var.primary.load_balancer_zone_id
    evaluate_target_health = true
  }
}

resource "aws_route53_record" "standby" {
  zone_id         = var.zone.id
  name            = local.host
  type            = "A"
  ttl             = var.ttl_s.record
  records         = [var.standby.address]
  set_identifier  = "standby"
  health_check_id = aws_route53_health_check.standby.id

  failover_routing_policy {
    type = "SECONDARY"
  }
}

# The name by which Route 53's checkers reach the primary whoever has the traffic.
resource "aws_route53_record" "probe" {
  zone_id = var.zone.id
  name    = "shop-primary.${var.zone.name}"
  type    = "A"

  alias {
    name                   = var.primary.load_balancer_dns_name
    zone_id                = var.primary.load_balancer_zone_id
    evaluate_target_health = false
  }
}

# The standby's own names are served by its own cloud.
resource "aws_route53_record" "delegation" {
  zone_id = var.zone.id
  name    = "standby.${var.zone.name}"
  type    = "NS"
  ttl     = var.ttl_s.delegation
  records = var.standby.name_servers
}

locals {
  alias_ttl_s = 60
  host        = "shop.${var.zone.name}"
}

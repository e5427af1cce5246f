resource "google_certificate_manager_dns_authorization" "main" {
  project = var.project
  name    = var.name
  domain  = local._host
  type    = "PER_PROJECT_RECORD"
}

resource "aws_route53_record" "authorization" {
  zone_id = var.zone_id
  name    = google_certificate_manager_dns_authorization.main.dns_resource_record[0].name
  type    = google_certificate_manager_dns_authorization.main.dns_resource_record[0].type
  ttl     = 300
  records = [google_certificate_manager_dns_authorization.main.dns_resource_record[0].data]
}

resource "google_certificate_manager_certificate" "main" {
  project = var.project
  name    = var.name
  scope   = "DEFAULT"

  managed {
    domains            = [local._host]
    dns_authorizations = [google_certificate_manager_dns_authorization.main.id]
  }

  depends_on = [aws_route53_record.authorization]
}

resource "google_certificate_manager_certificate_map" "main" {
  project = var.project
  name    = var.name
}

resource "google_certificate_manager_certificate_map_entry" "main" {
  project      = var.project
  name         = "shop"
  map          = google_certificate_manager_certificate_map.main.name
  hostname     = local._host
  certificates = [google_certificate_manager_certificate.main.id]
}

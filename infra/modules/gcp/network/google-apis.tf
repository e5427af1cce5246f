# Names of Google's APIs answer with addresses that are routed inside Google
# only, so that the way out needs to be open for nothing else.
locals {
  _google_apis_cidr = "199.36.153.8/30"

  _google_domains = {
    googleapis = "googleapis.com."
    pkg-dev    = "pkg.dev."
    gcr        = "gcr.io."
  }
}

resource "google_dns_managed_zone" "google" {
  for_each = local._google_domains

  project     = var.project
  name        = "${var.name}-${each.key}"
  dns_name    = each.value
  description = "Private addresses of ${each.value}"
  visibility  = "private"

  private_visibility_config {
    networks {
      network_url = google_compute_network.main.id
    }
  }
}

resource "google_dns_record_set" "google_address" {
  for_each = local._google_domains

  project      = var.project
  managed_zone = google_dns_managed_zone.google[each.key].name
  name         = each.key == "googleapis" ? "private.${each.value}" : each.value
  type         = "A"
  ttl          = 300
  rrdatas      = [for host in range(4) : cidrhost(local._google_apis_cidr, host)]
}

resource "google_dns_record_set" "google_alias" {
  for_each = local._google_domains

  project      = var.project
  managed_zone = google_dns_managed_zone.google[each.key].name
  name         = "*.${each.value}"
  type         = "CNAME"
  ttl          = 300
  rrdatas      = [google_dns_record_set.google_address[each.key].name]
}

resource "google_dns_managed_zone" "public" {
  project       = var.project
  name          = "${var.name}-public"
  dns_name      = "${var.subdomain}.${var.domain}."
  description   = "Public names of the standby's cluster"
  visibility    = "public"
  force_destroy = false

  cloud_logging_config {
    enable_logging = true
  }

  dnssec_config {
    state         = "on"
    non_existence = "nsec3"

    default_key_specs {
      algorithm  = "ecdsap256sha256"
      key_length = 256
      key_type   = "keySigning"
    }

    default_key_specs {
      algorithm  = "ecdsap256sha256"
      key_length = 256
      key_type   = "zoneSigning"
    }
  }
}

# The name by which the probes reach the standby whoever has the traffic.
resource "google_dns_record_set" "probe" {
  project      = var.project
  managed_zone = google_dns_managed_zone.public.name
  name         = "shop.${google_dns_managed_zone.public.dns_name}"
  type         = "A"
  ttl          = var.probe.ttl_s
  rrdatas      = [var.probe.address]
}

resource "google_dns_managed_zone" "private" {
  project       = var.project
  name          = "${var.name}-private"
  dns_name      = "internal.${var.domain}."
  description   = "Names of the inside"
  visibility    = "private"
  force_destroy = false

  private_visibility_config {
    networks {
      network_url = var.network_id
    }
  }
}

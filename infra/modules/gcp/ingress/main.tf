locals {
  _host = "shop.${var.domain}"

  # The name that the gateway's service asks its groups to have.
  _neg_name = "${var.name}-gateway"
}

resource "google_compute_global_address" "main" {
  project      = var.project
  name         = var.name
  address_type = "EXTERNAL"
  ip_version   = "IPV4"
}

resource "google_compute_ssl_policy" "main" {
  project         = var.project
  name            = var.name
  profile         = "RESTRICTED"
  min_tls_version = "TLS_1_2"
}

# A request for a name that is not ours is answered here and goes no further.
resource "google_compute_url_map" "main" {
  project         = var.project
  name            = var.name
  default_service = google_compute_backend_service.gateway.id

  default_route_action {
    fault_injection_policy {
      abort {
        http_status = 421
        percentage  = 100
      }
    }
  }

  host_rule {
    hosts        = [local._host]
    path_matcher = "shop"
  }

  path_matcher {
    name            = "shop"
    default_service = google_compute_backend_service.gateway.id
  }
}

resource "google_compute_target_https_proxy" "main" {
  project = var.project
  name    = var.name
  url_map = google_compute_url_map.main.id

  certificate_map = "//certificatemanager.googleapis.com/${google_certificate_manager_certificate_map.main.id}"
  ssl_policy      = google_compute_ssl_policy.main.id

  http_keep_alive_timeout_sec = 610
  quic_override               = "DISABLE"

  # Early data can be replayed, and orders are no reads.
  tls_early_data = "DISABLED"
}

resource "google_compute_global_forwarding_rule" "main" {
  project               = var.project
  name                  = var.name
  load_balancing_scheme = "EXTERNAL_MANAGED"
  network_tier          = "PREMIUM"

  ip_address  = google_compute_global_address.main.id
  ip_protocol = "TCP"
  port_range  = "443"
  target      = google_compute_target_https_proxy.main.id
}

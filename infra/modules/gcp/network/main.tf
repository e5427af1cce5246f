resource "google_compute_network" "main" {
  project = var.project
  name    = var.name

  auto_create_subnetworks         = false
  delete_default_routes_on_create = true
  routing_mode                    = "REGIONAL"
  mtu                             = 1500

  network_firewall_policy_enforcement_order = "AFTER_CLASSIC_FIREWALL"
}

# Logs every name that a workload asks for.
resource "google_dns_policy" "main" {
  project = var.project
  name    = var.name

  enable_inbound_forwarding = false
  enable_logging            = true

  networks {
    network_url = google_compute_network.main.id
  }
}

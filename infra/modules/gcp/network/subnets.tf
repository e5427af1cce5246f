locals {
  _nodes_cidr            = cidrsubnet(var.network_cidr, 4, 0)
  _endpoints_cidr        = cidrsubnet(var.network_cidr, 4, 1)
  _private_services_cidr = cidrsubnet(var.network_cidr, 2, 1)
  _control_plane_cidr    = cidrsubnet(var.network_cidr, 12, 2048)
}

resource "google_compute_subnetwork" "nodes" {
  project = var.project
  name    = "${var.name}-nodes"
  region  = var.region
  network = google_compute_network.main.id

  ip_cidr_range            = local._nodes_cidr
  stack_type               = "IPV4_ONLY"
  private_ip_google_access = true

  secondary_ip_range {
    range_name    = "pods"
    ip_cidr_range = var.pods_cidr
  }

  secondary_ip_range {
    range_name    = "services"
    ip_cidr_range = var.services_cidr
  }

  log_config {
    aggregation_interval = "INTERVAL_1_MIN"
    flow_sampling        = var.flow_log_share
    metadata             = "INCLUDE_ALL_METADATA"
  }
}

resource "google_compute_subnetwork" "endpoints" {
  project = var.project
  name    = "${var.name}-endpoints"
  region  = var.region
  network = google_compute_network.main.id

  ip_cidr_range            = local._endpoints_cidr
  stack_type               = "IPV4_ONLY"
  private_ip_google_access = true

  log_config {
    aggregation_interval = "INTERVAL_1_MIN"
    flow_sampling        = var.flow_log_share
    metadata             = "INCLUDE_ALL_METADATA"
  }
}

resource "google_compute_subnetwork" "control_plane" {
  project = var.project
  name    = "${var.name}-control-plane"
  region  = var.region
  network = google_compute_network.main.id

  ip_cidr_range            = local._control_plane_cidr
  stack_type               = "IPV4_ONLY"
  private_ip_google_access = true

  log_config {
    aggregation_interval = "INTERVAL_1_MIN"
    flow_sampling        = var.flow_log_share
    metadata             = "INCLUDE_ALL_METADATA"
  }
}

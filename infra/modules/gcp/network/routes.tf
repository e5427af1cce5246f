resource "google_compute_route" "internet" {
  project = var.project
  name    = "${var.name}-internet"
  network = google_compute_network.main.name

  dest_range       = "0.0.0.0/0"
  next_hop_gateway = "default-internet-gateway"
  priority         = 1000
}

# More specific than the way through the NAT.
resource "google_compute_route" "google_apis" {
  project = var.project
  name    = "${var.name}-google-apis"
  network = google_compute_network.main.name

  dest_range       = local._google_apis_cidr
  next_hop_gateway = "default-internet-gateway"
  priority         = 900
}

resource "google_compute_address" "nat" {
  for_each = toset(["a", "b"])

  project = var.project
  name    = "${var.name}-nat-${each.key}"
  region  = var.region

  address_type = "EXTERNAL"
  network_tier = "PREMIUM"
}

resource "google_compute_router" "nat" {
  project = var.project
  name    = "${var.name}-nat"
  region  = var.region
  network = google_compute_network.main.id
}

resource "google_compute_router_nat" "main" {
  project = var.project
  name    = var.name
  region  = var.region
  router  = google_compute_router.nat.name

  nat_ip_allocate_option             = "MANUAL_ONLY"
  nat_ips                            = [for address in google_compute_address.nat : address.self_link]
  source_subnetwork_ip_ranges_to_nat = "LIST_OF_SUBNETWORKS"

  subnetwork {
    name                    = google_compute_subnetwork.nodes.id
    source_ip_ranges_to_nat = ["ALL_IP_RANGES"]
  }

  # Dynamic allocation and endpoint-independent mapping exclude each other.
  enable_dynamic_port_allocation      = true
  enable_endpoint_independent_mapping = false
  min_ports_per_vm                    = 64
  max_ports_per_vm                    = 8192

  icmp_idle_timeout_sec            = 30
  tcp_established_idle_timeout_sec = 1200
  tcp_time_wait_timeout_sec        = 120
  tcp_transitory_idle_timeout_sec  = 30
  udp_idle_timeout_sec             = 30

  log_config {
    enable = true
    filter = "ALL"
  }
}

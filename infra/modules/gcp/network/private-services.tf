resource "google_compute_global_address" "private_services" {
  project = var.project
  name    = "${var.name}-private-services"
  network = google_compute_network.main.id

  address_type  = "INTERNAL"
  purpose       = "VPC_PEERING"
  address       = cidrhost(local._private_services_cidr, 0)
  prefix_length = tonumber(split("/", local._private_services_cidr)[1])
}

resource "google_service_networking_connection" "main" {
  network                 = google_compute_network.main.id
  service                 = "servicenetworking.googleapis.com"
  reserved_peering_ranges = [google_compute_global_address.private_services.name]

  # Cloud SQL holds the peering for days after its last instance is gone.
  deletion_policy = "ABANDON"
}

# Cloud SQL subscribes to Aurora, so it has to learn the way there.
resource "google_compute_network_peering_routes_config" "main" {
  project = var.project
  network = google_compute_network.main.name
  peering = google_service_networking_connection.main.peering

  export_custom_routes = true
  import_custom_routes = false

  export_subnet_routes_with_public_ip = false
  import_subnet_routes_with_public_ip = false
}

output "google_apis_cidr" {
  description = "Private addresses of Google's APIs, which the other site may use too."
  value       = local._google_apis_cidr
}

output "nat_addresses" {
  description = "Addresses that the site's calls come from."
  value       = { for key, address in google_compute_address.nat : key => address.address }
}

output "network_id" {
  description = "Id of the network."
  value       = google_compute_network.main.id
}

output "network_name" {
  description = "Name of the network."
  value       = google_compute_network.main.name
}

output "pods_range_name" {
  description = "Secondary range of the pods."
  value       = "pods"
}

output "private_services_cidr" {
  description = "Addresses of the managed services, such as Cloud SQL."
  value       = local._private_services_cidr
}

# An instance can be made only once the peering stands.
output "private_services_range_name" {
  description = "Name of the range that managed services take addresses from."
  value       = google_compute_global_address.private_services.name

  depends_on = [google_compute_network_peering_routes_config.main]
}

output "services_range_name" {
  description = "Secondary range of the services."
  value       = "services"
}

output "subnet_cidr" {
  description = "Addresses of the nodes."
  value       = google_compute_subnetwork.nodes.ip_cidr_range
}

output "subnet_ids" {
  description = "Subnets by use."
  value = {
    control_plane = google_compute_subnetwork.control_plane.id
    endpoints     = google_compute_subnetwork.endpoints.id
    nodes         = google_compute_subnetwork.nodes.id
  }
}

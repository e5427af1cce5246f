output "attachment_ids" {
  description = "Attachments by link."
  value       = { for key, attachment in google_compute_interconnect_attachment.main : key => attachment.id }
}

output "interconnect_ids" {
  description = "Physical links."
  value       = { for key, interconnect in google_compute_interconnect.main : key => interconnect.id }
}

output "peer_ip_addresses" {
  description = "Addresses that the Direct Connect side of each link must have."
  value       = { for key, link in var.links : key => "${cidrhost(link.bgp_range, 2)}/29" }
}

output "router_name" {
  description = "Router of the links."
  value       = google_compute_router.main.name
}

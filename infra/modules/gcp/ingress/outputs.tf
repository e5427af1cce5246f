output "address" {
  description = "Public address of the site."
  value       = google_compute_global_address.main.address
}

output "backend_service_name" {
  description = "Backend, as the metrics name it."
  value       = google_compute_backend_service.gateway.name
}

output "certificate_id" {
  description = "Certificate of the shop."
  value       = google_certificate_manager_certificate.main.id
}

output "health_check_id" {
  description = "Health check of the gateway's pods."
  value       = google_compute_health_check.gateway.id
}

output "host" {
  description = "Public name of the shop: the primary's."
  value       = local._host
}

output "neg_name" {
  description = "Name that the gateway's endpoint groups must have."
  value       = local._neg_name
}

output "security_policy_id" {
  description = "Rules in front of the load balancer."
  value       = google_compute_security_policy.main.id
}

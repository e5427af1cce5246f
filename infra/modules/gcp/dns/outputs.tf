output "domain" {
  description = "Domain of the public zone, without the final dot."
  value       = "${var.subdomain}.${var.domain}"
}

output "name_servers" {
  description = "Name servers of the public zone."
  value       = google_dns_managed_zone.public.name_servers
}

output "private_zone_name" {
  description = "Private zone, as Cloud DNS names it."
  value       = google_dns_managed_zone.private.name
}

output "zone_name" {
  description = "Public zone, as Cloud DNS names it."
  value       = google_dns_managed_zone.public.name
}

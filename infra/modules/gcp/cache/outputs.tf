locals {
  _connection = google_memorystore_instance.main.endpoints[0].connections[0].psc_auto_connection[0]
}

output "endpoint" {
  description = "Host of the primary."
  value       = local._connection.ip_address
}

output "instance_id" {
  description = "Id of the cache."
  value       = google_memorystore_instance.main.id
}

output "port" {
  description = "Port of Valkey."
  value       = local._connection.port
}

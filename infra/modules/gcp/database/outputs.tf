output "connection_name" {
  description = "Name that connectors reach the instance by."
  value       = google_sql_database_instance.main.connection_name
}

output "databases" {
  description = "Databases by owning service."
  value       = { for service, database in google_sql_database.main : service => database.name }
}

output "endpoint" {
  description = "Host of the instance; the server's certificate bears this name."
  value       = google_sql_database_instance.main.dns_name
}

output "federation" {
  description = "What the third place must know to act here: whom it asks, and as whom it acts."
  value = {
    audience        = "//iam.googleapis.com/${google_iam_workload_identity_pool_provider.failover.name}"
    service_account = google_service_account.failover.email
  }
}

output "instance_name" {
  description = "Name of the instance."
  value       = google_sql_database_instance.main.name
}

output "port" {
  description = "Port of PostgreSQL."
  value       = 5432
}

output "private_ip_address" {
  description = "Address of the instance; changes when it is rebuilt."
  value       = google_sql_database_instance.main.private_ip_address
}

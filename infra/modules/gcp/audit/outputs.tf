output "bucket_name" {
  description = "Bucket of the audit logs."
  value       = google_storage_bucket.main.name
}

output "sink_id" {
  description = "Sink that writes them."
  value       = google_logging_project_sink.main.id
}

output "writer_identity" {
  description = "Account that the sink writes as."
  value       = google_logging_project_sink.main.writer_identity
}

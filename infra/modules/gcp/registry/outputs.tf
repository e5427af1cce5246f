locals {
  _host = "${var.region}-docker.pkg.dev/${var.project}"
}

output "chart_registry_url" {
  description = "Where charts are pulled from."
  value       = "${local._host}/${google_artifact_registry_repository.main["charts"].repository_id}"
}

output "image_registry_url" {
  description = "Where images are pulled from; the service's name follows."
  value       = "${local._host}/${google_artifact_registry_repository.main["images"].repository_id}"
}

output "publisher_provider_name" {
  description = "Federation through which the pipeline signs in."
  value       = google_iam_workload_identity_pool_provider.publisher.name
}

output "repository_urls" {
  description = "Where each service's images are."
  value = {
    for service in var.services :
    service => "${local._host}/${google_artifact_registry_repository.main["images"].repository_id}/${service}"
  }
}

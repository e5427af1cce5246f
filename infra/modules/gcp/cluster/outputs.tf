output "attestation_note_id" {
  description = "Note that attestations are attached to."
  value       = google_container_analysis_note.main.id
}

output "attestor_id" {
  description = "Attestor that the admission asks."
  value       = google_binary_authorization_attestor.main.id
}

output "cluster_endpoint" {
  description = "Private address of the API server."
  value       = google_container_cluster.main.endpoint
}

output "cluster_id" {
  description = "Id of the cluster."
  value       = google_container_cluster.main.id
}

output "cluster_name" {
  description = "Name of the cluster."
  value       = google_container_cluster.main.name
}

output "membership_id" {
  description = "Membership in the fleet."
  value       = google_gke_hub_membership.main.id
}

output "node_member" {
  description = "The nodes' account, as IAM names it."
  value       = google_service_account.node.member
}

# The pool is made with the first cluster of the project.
output "workload_pool" {
  description = "Pool of the pods' identities."
  value       = "${var.project}.svc.id.goog"

  depends_on = [google_container_cluster.main]
}

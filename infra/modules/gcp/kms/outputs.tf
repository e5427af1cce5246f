output "attestation_key_id" {
  description = "Key that signs the attestations of images."
  value       = google_kms_crypto_key.attestation.id
}

# A key is of use only to an agent that may use it already.
output "key_ids" {
  description = "Keys by purpose."
  value       = { for purpose, key in google_kms_crypto_key.main : purpose => key.id }

  depends_on = [google_kms_crypto_key_iam_member.main]
}

output "key_ring_id" {
  description = "Key ring of the site."
  value       = google_kms_key_ring.main.id
}

output "project" {
  description = "Project, once its APIs are on."
  value       = var.project

  depends_on = [google_project_service.main]
}

resource "google_iam_workload_identity_pool" "publisher" {
  project                   = var.project
  workload_identity_pool_id = "${var.name}-publish"
  display_name              = "Publishing of ${var.environment}"
  description               = "Workflows that push and attest images"
  disabled                  = false
}

resource "google_iam_workload_identity_pool_provider" "publisher" {
  project                            = var.project
  workload_identity_pool_id          = google_iam_workload_identity_pool.publisher.workload_identity_pool_id
  workload_identity_pool_provider_id = "github"
  display_name                       = "GitHub Actions"
  disabled                           = false

  attribute_mapping = {
    "google.subject"        = "assertion.sub"
    "attribute.repository"  = "assertion.repository"
    "attribute.environment" = "assertion.environment"
  }

  # A fork's workflow bears the fork's name; an environment is entered only
  # through its protection rules.
  attribute_condition = join(" && ", [
    "assertion.repository == '${var.publisher_repository}'",
    "assertion.environment == '${var.environment}'",
    "assertion.ref_type in ['branch', 'tag']",
    "assertion.event_name != 'pull_request'",
  ])

  oidc {
    issuer_uri = "https://token.actions.githubusercontent.com"
  }
}

locals {
  _publisher = "principalSet://iam.googleapis.com/${google_iam_workload_identity_pool.publisher.name}/attribute.repository/${var.publisher_repository}"
}

resource "google_artifact_registry_repository_iam_member" "publisher" {
  for_each = toset(["charts", "images"])

  project    = var.project
  location   = var.region
  repository = google_artifact_registry_repository.main[each.key].repository_id
  role       = "roles/artifactregistry.writer"
  member     = local._publisher
}

# To attest is to sign with the key and to attach to the note.
resource "google_kms_crypto_key_iam_member" "publisher" {
  crypto_key_id = var.attestation_key_id
  role          = "roles/cloudkms.signerVerifier"
  member        = local._publisher
}

resource "google_container_analysis_note_iam_member" "publisher" {
  project = var.project
  note    = var.attestation_note_id
  role    = "roles/containeranalysis.notes.attacher"
  member  = local._publisher
}

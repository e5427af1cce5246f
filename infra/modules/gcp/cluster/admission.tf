resource "google_container_analysis_note" "main" {
  project = var.project
  name    = var.name

  attestation_authority {
    hint {
      human_readable_name = "Built, scanned and signed by the pipeline"
    }
  }
}

resource "google_binary_authorization_attestor" "main" {
  project     = var.project
  name        = var.name
  description = "Images that the pipeline built, scanned and signed"

  attestation_authority_note {
    note_reference = google_container_analysis_note.main.name

    # Keyed by the version of the signing key.
    dynamic "public_keys" {
      for_each = var.attestor_public_keys
      content {
        id      = "//cloudkms.googleapis.com/v1/${var.attestation_key_id}/cryptoKeyVersions/${public_keys.key}"
        comment = "Version ${public_keys.key} of the attestation key"

        pkix_public_key {
          public_key_pem      = public_keys.value
          signature_algorithm = "ECDSA_P256_SHA256"
        }
      }
    }
  }
}

resource "google_binary_authorization_policy" "main" {
  project     = var.project
  description = "Only attested images run, beside Google's own system images"

  global_policy_evaluation_mode = "ENABLE"

  default_admission_rule {
    evaluation_mode         = "REQUIRE_ATTESTATION"
    enforcement_mode        = var.admission_enforcement
    require_attestations_by = [google_binary_authorization_attestor.main.name]
  }
}

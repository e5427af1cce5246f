resource "google_kms_key_ring" "main" {
  project  = var.project
  name     = var.name
  location = var.region

  depends_on = [google_project_service.main]
}

resource "google_kms_crypto_key" "main" {
  for_each = local._agents

  name     = each.key
  key_ring = google_kms_key_ring.main.id
  purpose  = "ENCRYPT_DECRYPT"

  rotation_period            = "${var.rotation_days * 86400}s"
  destroy_scheduled_duration = "${var.destroy_after_days * 86400}s"

  version_template {
    algorithm        = "GOOGLE_SYMMETRIC_ENCRYPTION"
    protection_level = var.protection_level
  }

  # Without its key the data is gone, backups included.
  lifecycle {
    prevent_destroy = true
  }
}

resource "google_kms_crypto_key" "attestation" {
  name     = "attestation"
  key_ring = google_kms_key_ring.main.id
  purpose  = "ASYMMETRIC_SIGN"

  destroy_scheduled_duration = "${var.destroy_after_days * 86400}s"

  version_template {
    algorithm        = "EC_SIGN_P256_SHA256"
    protection_level = var.protection_level
  }

  # A rebuilt key would refuse every image that was attested before.
  lifecycle {
    prevent_destroy = true
  }
}

resource "google_kms_crypto_key_iam_member" "main" {
  for_each = local._grants

  crypto_key_id = google_kms_crypto_key.main[each.value.purpose].id
  role          = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
  member        = each.value.member
}

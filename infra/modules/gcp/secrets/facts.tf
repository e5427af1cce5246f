locals {
  # What this module itself has made belongs to the facts too.
  _facts = merge(var.facts, {
    mesh_signer_secret       = google_secret_manager_secret.main["mesh-signer"].secret_id
    orders_database_secret   = google_secret_manager_secret.main["orders-database"].secret_id
    pager_secret             = google_secret_manager_secret.main["pager"].secret_id
    payments_database_secret = google_secret_manager_secret.main["payments-database"].secret_id
  })
}

resource "google_secret_manager_secret" "facts" {
  project             = var.project
  secret_id           = "platform-facts"
  annotations         = { description = "What the cluster must know of its platform" }
  deletion_protection = var.deletion_protection

  replication {
    user_managed {
      replicas {
        location = var.region

        customer_managed_encryption {
          kms_key_name = var.key_id
        }
      }
    }
  }
}

resource "google_secret_manager_secret_version" "facts" {
  secret          = google_secret_manager_secret.facts.id
  secret_data     = jsonencode(local._facts)
  enabled         = true
  deletion_policy = "DISABLE"
}

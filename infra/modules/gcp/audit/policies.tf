locals {
  _enforced = toset([
    "compute.disableSerialPortAccess",
    "compute.requireOsLogin",
    "compute.requireShieldedVm",
    "compute.skipDefaultNetworkCreation",
    "iam.automaticIamGrantsForDefaultServiceAccounts",
    "iam.disableServiceAccountKeyCreation",
    "iam.disableServiceAccountKeyUpload",
    "sql.restrictPublicIp",
    "storage.publicAccessPrevention",
    "storage.uniformBucketLevelAccess",
  ])
}

resource "google_org_policy_policy" "enforced" {
  for_each = local._enforced

  name   = "projects/${var.project}/policies/${each.key}"
  parent = "projects/${var.project}"

  spec {
    inherit_from_parent = false

    rules {
      enforce = "TRUE"
    }
  }
}

resource "google_org_policy_policy" "external_addresses" {
  name   = "projects/${var.project}/policies/compute.vmExternalIpAccess"
  parent = "projects/${var.project}"

  spec {
    inherit_from_parent = false

    rules {
      deny_all = "TRUE"
    }
  }
}

resource "google_org_policy_policy" "locations" {
  name   = "projects/${var.project}/policies/gcp.resourceLocations"
  parent = "projects/${var.project}"

  # Names and load balancers are global by their nature.
  spec {
    inherit_from_parent = false

    rules {
      values {
        allowed_values = ["global", "in:${var.region}-locations"]
      }
    }
  }
}

# Here a key can be demanded, so data without ours is refused.
resource "google_org_policy_policy" "encryption" {
  name   = "projects/${var.project}/policies/gcp.restrictNonCmekServices"
  parent = "projects/${var.project}"

  spec {
    inherit_from_parent = false

    rules {
      values {
        denied_values = [
          "artifactregistry.googleapis.com",
          "bigtable.googleapis.com",
          "pubsub.googleapis.com",
          "secretmanager.googleapis.com",
          "sqladmin.googleapis.com",
          "storage.googleapis.com",
        ]
      }
    }
  }
}

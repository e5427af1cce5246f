resource "google_gke_hub_membership" "main" {
  project       = var.project
  membership_id = var.name
  location      = var.region

  endpoint {
    gke_cluster {
      resource_link = google_container_cluster.main.id
    }
  }

  authority {
    issuer = "https://container.googleapis.com/v1/${google_container_cluster.main.id}"
  }
}

# The last rule in each direction refuses; GKE adds its own narrow ones between.
locals {
  # Ranges from which Google's load balancers probe and forward.
  _load_balancer_cidrs = ["130.211.0.0/22", "35.191.0.0/16"]

  _inside_cidrs = [var.network_cidr, var.pods_cidr, var.services_cidr]

  _ingress = {
    load-balancer = {
      description = "The load balancer and its probes reach the gateway."
      cidrs       = local._load_balancer_cidrs
      ports       = ["8443", "15021"]
    }
    primary = {
      description = "Meshed calls from the primary enter by the east-west gateway."
      cidrs       = values(var.remote_cidrs)
      ports       = ["15443"]
    }
    # Webhooks of the mesh, cert-manager and the policy controllers.
    webhooks = {
      description = "The control plane calls the webhooks in the cluster."
      cidrs       = [local._control_plane_cidr]
      ports       = ["8443", "9443", "10250", "15017"]
    }
  }

  _egress = {
    google-apis = {
      description = "Google's APIs on their private addresses."
      cidrs       = [local._google_apis_cidr]
      ports       = ["443"]
    }
    # The mesh decides which hosts; the network, that it is TLS.
    internet = {
      description = "TLS to the hosts that the mesh admits."
      cidrs       = ["0.0.0.0/0"]
      ports       = ["443"]
    }
    # PostgreSQL, Kafka with IAM, and the primary's east-west gateway.
    primary = {
      description = "Cloud SQL follows the primary, and meshed calls go there."
      cidrs       = values(var.remote_cidrs)
      ports       = ["5432", "15443"]
    }
  }
}

resource "google_compute_firewall" "ingress" {
  for_each = local._ingress

  project     = var.project
  name        = "${var.name}-ingress-${each.key}"
  network     = google_compute_network.main.name
  description = each.value.description

  direction     = "INGRESS"
  priority      = 1000
  source_ranges = each.value.cidrs

  allow {
    protocol = "tcp"
    ports    = each.value.ports
  }

  log_config {
    metadata = "INCLUDE_ALL_METADATA"
  }
}

resource "google_compute_firewall" "egress" {
  for_each = local._egress

  project     = var.project
  name        = "${var.name}-egress-${each.key}"
  network     = google_compute_network.main.name
  description = each.value.description

  direction          = "EGRESS"
  priority           = 1000
  destination_ranges = each.value.cidrs

  allow {
    protocol = "tcp"
    ports    = each.value.ports
  }

  log_config {
    metadata = "INCLUDE_ALL_METADATA"
  }
}

# Kubernetes' network policies and the mesh rule inside the site.
resource "google_compute_firewall" "egress_inside" {
  project     = var.project
  name        = "${var.name}-egress-inside"
  network     = google_compute_network.main.name
  description = "Nodes, pods, services and managed services of the site."

  direction          = "EGRESS"
  priority           = 1000
  destination_ranges = local._inside_cidrs

  allow {
    protocol = "all"
  }

  log_config {
    metadata = "EXCLUDE_ALL_METADATA"
  }
}

resource "google_compute_firewall" "deny" {
  for_each = toset(["INGRESS", "EGRESS"])

  project     = var.project
  name        = "${var.name}-deny-${lower(each.key)}"
  network     = google_compute_network.main.name
  description = "What no rule admits is refused, and seen."

  direction          = each.key
  priority           = 65534
  source_ranges      = each.key == "INGRESS" ? ["0.0.0.0/0"] : null
  destination_ranges = each.key == "EGRESS" ? ["0.0.0.0/0"] : null

  deny {
    protocol = "all"
  }

  log_config {
    metadata = "INCLUDE_ALL_METADATA"
  }
}

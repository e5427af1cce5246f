resource "google_container_cluster" "main" {
  project     = var.project
  name        = var.name
  location    = var.region
  description = "Warm standby of ${var.environment}"

  enable_autopilot    = true
  allow_net_admin     = true
  deletion_protection = var.deletion_protection

  network         = var.network_id
  subnetwork      = var.subnet_id
  networking_mode = "VPC_NATIVE"

  ip_allocation_policy {
    cluster_secondary_range_name  = var.pods_range_name
    services_secondary_range_name = var.services_range_name
    stack_type                    = "IPV4"
  }

  private_cluster_config {
    enable_private_nodes        = true
    enable_private_endpoint     = true
    private_endpoint_subnetwork = var.control_plane_subnet_id

    master_global_access_config {
      enabled = false
    }
  }

  control_plane_endpoints_config {
    dns_endpoint_config {
      allow_external_traffic = false
    }

    ip_endpoints_config {
      enabled = true
    }
  }

  master_authorized_networks_config {
    gcp_public_cidrs_access_enabled      = false
    private_endpoint_enforcement_enabled = true

    dynamic "cidr_blocks" {
      for_each = var.authorized_cidrs
      content {
        cidr_block   = cidr_blocks.value
        display_name = cidr_blocks.key
      }
    }
  }

  # The mesh brings these definitions, the same on both sites.
  gateway_api_config {
    channel = "CHANNEL_DISABLED"
  }

  cluster_autoscaling {
    auto_provisioning_defaults {
      service_account   = google_service_account.node.email
      oauth_scopes      = ["https://www.googleapis.com/auth/cloud-platform"]
      boot_disk_kms_key = var.key_id
    }
  }

  node_pool_auto_config {
    node_kubelet_config {
      insecure_kubelet_readonly_port_enabled = "FALSE"
    }
  }

  addons_config {
    gke_backup_agent_config {
      enabled = true
    }
  }

  cost_management_config {
    enabled = true
  }

  # Who may, and what may run.
  database_encryption {
    state    = "ENCRYPTED"
    key_name = var.key_id
  }

  binary_authorization {
    evaluation_mode = "PROJECT_SINGLETON_POLICY_ENFORCE"
  }

  authenticator_groups_config {
    security_group = var.security_group
  }

  anonymous_authentication_config {
    mode = "LIMITED"
  }

  rbac_binding_config {
    enable_insecure_binding_system_authenticated   = false
    enable_insecure_binding_system_unauthenticated = false
  }

  master_auth {
    client_certificate_config {
      issue_client_certificate = false
    }
  }

  # Images are scanned where they are kept; GKE's own scan has been retired.
  security_posture_config {
    mode               = "BASIC"
    vulnerability_mode = "VULNERABILITY_DISABLED"
  }

  # What is upgraded when.
  release_channel {
    channel = "REGULAR"
  }

  maintenance_policy {
    recurring_window {
      start_time = var.maintenance_window.start_time
      end_time   = var.maintenance_window.end_time
      recurrence = var.maintenance_window.recurrence
    }

    maintenance_exclusion {
      exclusion_name = "frozen-season"
      start_time     = var.frozen_season.start_time
      end_time       = var.frozen_season.end_time

      exclusion_options {
        scope = "NO_MINOR_OR_NODE_UPGRADES"
      }
    }
  }

  # What is seen.
  logging_config {
    enable_components = [
      "APISERVER",
      "CONTROLLER_MANAGER",
      "KCP_CONNECTION",
      "KCP_SSHD",
      "SCHEDULER",
      "SYSTEM_COMPONENTS",
      "WORKLOADS",
    ]
  }

  monitoring_config {
    enable_components = [
      "APISERVER",
      "CADVISOR",
      "CONTROLLER_MANAGER",
      "DAEMONSET",
      "DEPLOYMENT",
      "HPA",
      "KUBELET",
      "POD",
      "SCHEDULER",
      "STATEFULSET",
      "STORAGE",
      "SYSTEM_COMPONENTS",
    ]

    managed_prometheus {
      enabled = true
    }

    advanced_datapath_observability_config {
      enable_metrics = true
      enable_relay   = false
    }
  }

  depends_on = [google_project_iam_member.node]
}

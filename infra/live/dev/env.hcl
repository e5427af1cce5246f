# Facts of the environment, and what may differ between environments; everything else is the same by construction.
# Its class, production, rehearsal or trial, says what may be lost in it and how its records are kept.

locals {
  environment         = "dev"
  class               = "trial"
  account_id          = "111122223333"
  gcp_project         = "meshproof-dev"
  domain              = "dev.meshproof.example"
  cost_centre         = "shop-dev"
  data_classification = "internal"

  state_bucket    = "meshproof-dev-state"
  state_region    = "eu-north-1"
  state_kms_alias = "alias/meshproof-dev-state"

  networks = {
    primary          = "10.0.0.0/16"
    peer             = "10.1.0.0/16"
    standby          = "10.2.0.0/16"
    standby_pods     = "10.4.0.0/14"
    standby_services = "10.3.0.0/20"
  }

  asns = {
    transit_gateway = 64512
    direct_connect  = 64513
    cloud_router    = 64514
  }

  # One map for each unit whose size or strictness differs: aws_<unit>, gcp_<unit>.

  # The edge network in front of both sites.
  edge_cidrs = {
    edge-a = "198.51.100.0/24"
    edge-b = "203.0.113.0/24"
  }

  aws_kms = {
    deletion_window_days = 30
  }

  # Each zone with the index of its blocks: never renumber one that exists.
  aws_network = {
    nat_gateway_per_zone = false
    peer_zones           = { eu-central-1a = 0, eu-central-1b = 1, eu-central-1c = 2 }
    retention_days       = 30
    zones                = { eu-west-1a = 0, eu-west-1b = 1, eu-west-1c = 2 }
  }

  aws_cluster = {
    kubernetes_version = "1.34"
    retention_days     = 30

    access = {
      auditors = {
        policy        = "AmazonEKSViewPolicy"
        principal_arn = "arn:aws:iam::111122223333:role/platform-auditor"
      }
      operators = {
        policy        = "AmazonEKSClusterAdminPolicy"
        principal_arn = "arn:aws:iam::111122223333:role/platform-operator"
      }
    }

    addon_versions = {
      aws-ebs-csi-driver     = "v1.54.0-eksbuild.1"
      coredns                = "v1.12.4-eksbuild.1"
      eks-pod-identity-agent = "v1.3.10-eksbuild.2"
      kube-proxy             = "v1.34.1-eksbuild.2"
      vpc-cni                = "v1.21.1-eksbuild.1"
    }

    node_groups = {
      baseline = {
        capacity_type  = "ON_DEMAND"
        instance_types = ["m7i.large"]
        max_size       = 6
        min_size       = 3
        volume_gb      = 50
      }
      elastic = {
        capacity_type  = "SPOT"
        instance_types = ["m7i.large", "m7a.large", "m6i.large", "m6a.large"]
        max_size       = 6
        min_size       = 0
        volume_gb      = 50
      }
    }
  }

  aws_registry = {
    retained_images = 20
  }

  aws_ingress = {
    deletion_protection  = false
    rate_limit_per_5_min = 3000
    retention_days       = 30
  }

  aws_interconnect = {
    peer_transit_gateway_asn = 64515

    links = {
      a = { bandwidth = "10Gbps", bgp_range = "169.254.100.0/29", location = "EqLD5", vlan_tag = 1101 }
      b = { bandwidth = "10Gbps", bgp_range = "169.254.100.8/29", location = "EqFA5", vlan_tag = 1102 }
    }
  }

  aws_database = {
    alarm_memory_gb           = 2
    alarm_slot_lag_gb         = 5
    backup_retention_days     = 7
    deletion_protection       = false
    instance_class            = "db.r6g.large"
    master_password_version   = 1
    performance_insights_days = 7
    retention_days            = 30

    instances = {
      a = { promotion_tier = 0 }
      b = { promotion_tier = 1 }
    }

    peer_instances = {
      a = { promotion_tier = 0 }
    }
  }

  aws_cache = {
    node_type               = "cache.t4g.small"
    retention_days          = 30
    snapshot_retention_days = 1
  }

  aws_table = {
    deletion_protection   = false
    export_lock_days      = 1
    export_lock_mode      = "GOVERNANCE"
    export_retention_days = 7
    recovery_period_days  = 7
  }

  aws_stream = {
    instance_type  = "kafka.t3.small"
    retention_days = 30
    volume_gb      = 50
    volume_max_gb  = 200
  }

  # Tags of the registry are immutable, so a version names one image.
  aws_secrets = {
    recovery_window_days   = 7
    retention_days         = 30
    rotation_version       = "1.0.0"
    rotation_interval_days = 30
  }

  aws_observability = {
    metrics_retention_days = 30
    retention_days         = 30
    sampled_share          = 1

    search = {
      engine_version = "OpenSearch_2.19"
      instance_count = 3
      instance_type  = "r7g.medium.search"
      master_type    = null
      volume_gb      = 20
    }
  }

  aws_backup = {
    retention_days = 30

    keep_days = {
      continuous = 7
      daily      = 7
      monthly    = 120
      weekly     = 30
    }

    lock = {
      changeable_for_days = null
      max_retention_days  = 150
      min_retention_days  = 7
    }
  }

  aws_state = {
    retention = {
      access_log_days = 90
      lock_days       = 7
      newer_versions  = 10
      noncurrent_days = 30
    }
  }

  aws_ci = {
    repository = "meshproof/meshproof"
  }

  aws_dns = {
    retention_days = 30
  }

  # retention_days is a promise that nobody can take back: Object Lock in compliance mode.
  aws_audit = {
    log_days       = 30
    retention_days = 60
  }

  aws_incident = {
    retention_days = 30
  }

  aws_cost = {
    anomaly_usd    = 50
    retention_days = 90

    monthly_usd = {
      total = 3000
      services = {
        compute  = { limit = 1200, service = "Amazon Elastic Compute Cloud - Compute" }
        database = { limit = 600, service = "Amazon Relational Database Service" }
        stream   = { limit = 300, service = "Amazon Managed Streaming for Apache Kafka" }
      }
    }

    commitments = {
      compute = {
        baseline               = 6
        committed              = 0
        hourly_usd             = 0
        kind                   = "savings-plan"
        minimum_coverage_share = 0.7
        minimum_use_share      = 0.95
        service                = "Amazon Elastic Compute Cloud - Compute"
        unit                   = "vcpu"
      }
      database = {
        baseline               = 2
        committed              = 0
        hourly_usd             = 0
        kind                   = "reserved"
        minimum_coverage_share = 0.7
        minimum_use_share      = 0.95
        service                = "Amazon Relational Database Service"
        unit                   = "instance"
      }
      cache = {
        baseline               = 2
        committed              = 0
        hourly_usd             = 0
        kind                   = "reserved"
        minimum_coverage_share = 0.7
        minimum_use_share      = 0.95
        service                = "Amazon ElastiCache"
        unit                   = "node"
      }
    }
  }

  aws_failover = {
    deletion_protection = false
    request_interval_s  = 30
    retention_days      = 30
    rpo_s               = 5
    vote_valid_s        = 120
  }

  gcp_project_number  = "481516234201"
  gcp_billing_account = "01A7C4-9D3E52-B860F1"

  gcp_kms = {
    protection_level = "SOFTWARE"
  }

  gcp_network = {
    flow_log_share = 0.1
  }

  # The public halves of the attestation key, by version, once the key is made.
  gcp_cluster = {
    admission_enforcement = "DRYRUN_AUDIT_LOG_ONLY"
    attestor_public_keys  = {}
    deletion_protection   = false

    frozen_season = {
      start_time = "2026-11-15T00:00:00Z"
      end_time   = "2027-01-05T00:00:00Z"
    }
  }

  # The tier is the primary's: a promotion must not halve the capacity.
  gcp_database = {
    backup_retention_days          = 7
    deletion_protection            = false
    disk_gb                        = 50
    disk_limit_gb                  = 200
    max_connections                = 200
    slot_retention_gb              = 20
    tier                           = "db-perf-optimized-N-2"
    transaction_log_retention_days = 7
  }

  gcp_cache = {
    backup_retention_days = 3
    deletion_protection   = false
    node_type             = "SHARED_CORE_NANO"
    replica_count         = 2
  }

  gcp_table = {
    backup_retention_days = 7
    deletion_protection   = false
    nodes                 = { min = 1, max = 2 }
    zones                 = { a = "europe-west4-a" }
  }

  gcp_stream = {
    retention_days = 7
  }

  gcp_registry = {
    untagged_days = 7
    versions_kept = 10
  }

  # A new environment starts without zones, until the gateway first runs.
  gcp_ingress = {
    gateway_zones = { a = "europe-west4-a", b = "europe-west4-b", c = "europe-west4-c" }
  }

  gcp_interconnect = {
    bandwidth = "BPS_1G"

    macsec_key = { name = "first", start_time = "2026-01-05T00:00:00Z" }

    locations = {
      a = "lhr-zone1-832"
      b = "fra-zone2-683"
    }
  }

  gcp_observability = {
    alarm_connections = 140
    retention_days    = 30
    retention_locked  = false
  }

  gcp_backup = {
    delete_lock_days = 1
    retention_days   = 7
    retention_locked = false
  }

  gcp_secrets = {
    deletion_protection  = false
    first_rotation_time  = "2026-02-01T02:00:00Z"
    recovery_window_days = 7
  }

  # The DS record of standby.<domain>, once Google has made the zone's keys.
  gcp_dns = {
    delegation_signers = []
  }

  gcp_audit = {
    retention_days   = 60
    retention_locked = false
  }

  gcp_cost = {
    monthly_usd = 1500

    commitments = {
      cluster = {
        baseline_usd_per_hour  = 0.5
        committed_usd_per_hour = 0.0
        minimum_coverage_share = 0
        service                = "Kubernetes Engine"
        term_years             = 1
      }
      database = {
        baseline_usd_per_hour  = 1.3
        committed_usd_per_hour = 0.0
        minimum_coverage_share = 0
        service                = "Cloud SQL"
        term_years             = 1
      }
    }
  }
}

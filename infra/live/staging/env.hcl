# Facts of the environment, and what may differ between environments; everything else is the same by construction.
# Its class, production, rehearsal or trial, says what may be lost in it and how its records are kept.

locals {
  environment         = "staging"
  class               = "rehearsal"
  account_id          = "444455556666"
  gcp_project         = "meshproof-staging"
  domain              = "staging.meshproof.example"
  cost_centre         = "shop-staging"
  data_classification = "confidential"

  state_bucket    = "meshproof-staging-state"
  state_region    = "eu-north-1"
  state_kms_alias = "alias/meshproof-staging-state"

  networks = {
    primary          = "10.16.0.0/16"
    peer             = "10.17.0.0/16"
    standby          = "10.18.0.0/16"
    standby_pods     = "10.20.0.0/14"
    standby_services = "10.19.0.0/20"
  }

  asns = {
    transit_gateway = 64528
    direct_connect  = 64529
    cloud_router    = 64530
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
    nat_gateway_per_zone = true
    peer_zones           = { eu-central-1a = 0, eu-central-1b = 1, eu-central-1c = 2 }
    retention_days       = 90
    zones                = { eu-west-1a = 0, eu-west-1b = 1, eu-west-1c = 2 }
  }

  aws_cluster = {
    kubernetes_version = "1.34"
    retention_days     = 90

    access = {
      auditors = {
        policy        = "AmazonEKSViewPolicy"
        principal_arn = "arn:aws:iam::444455556666:role/platform-auditor"
      }
      operators = {
        policy        = "AmazonEKSClusterAdminPolicy"
        principal_arn = "arn:aws:iam::444455556666:role/platform-operator"
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
        instance_types = ["m7i.xlarge"]
        max_size       = 9
        min_size       = 3
        volume_gb      = 80
      }
      elastic = {
        capacity_type  = "SPOT"
        instance_types = ["m7i.xlarge", "m7a.xlarge", "m6i.xlarge", "m6a.xlarge"]
        max_size       = 12
        min_size       = 0
        volume_gb      = 80
      }
    }
  }

  aws_registry = {
    retained_images = 50
  }

  aws_ingress = {
    deletion_protection  = true
    rate_limit_per_5_min = 3000
    retention_days       = 90
  }

  aws_interconnect = {
    peer_transit_gateway_asn = 64531

    links = {
      a = { bandwidth = "10Gbps", bgp_range = "169.254.101.0/29", location = "EqLD5", vlan_tag = 1101 }
      b = { bandwidth = "10Gbps", bgp_range = "169.254.101.8/29", location = "EqFA5", vlan_tag = 1102 }
    }
  }

  aws_database = {
    alarm_memory_gb           = 2
    alarm_slot_lag_gb         = 10
    backup_retention_days     = 14
    deletion_protection       = true
    instance_class            = "db.r7g.large"
    master_password_version   = 1
    performance_insights_days = 7
    retention_days            = 90

    instances = {
      a = { promotion_tier = 0 }
      b = { promotion_tier = 1 }
    }

    peer_instances = {
      a = { promotion_tier = 0 }
    }
  }

  aws_cache = {
    node_type               = "cache.m7g.large"
    retention_days          = 90
    snapshot_retention_days = 3
  }

  aws_table = {
    deletion_protection   = true
    export_lock_days      = 3
    export_lock_mode      = "GOVERNANCE"
    export_retention_days = 14
    recovery_period_days  = 14
  }

  aws_stream = {
    instance_type  = "kafka.m7g.large"
    retention_days = 90
    volume_gb      = 200
    volume_max_gb  = 500
  }

  # Tags of the registry are immutable, so a version names one image.
  aws_secrets = {
    recovery_window_days   = 7
    retention_days         = 90
    rotation_version       = "1.0.0"
    rotation_interval_days = 30
  }

  aws_observability = {
    metrics_retention_days = 90
    retention_days         = 90
    sampled_share          = 0.25

    search = {
      engine_version = "OpenSearch_2.19"
      instance_count = 3
      instance_type  = "r7g.medium.search"
      master_type    = null
      volume_gb      = 50
    }
  }

  aws_backup = {
    retention_days = 90

    keep_days = {
      continuous = 14
      daily      = 14
      monthly    = 180
      weekly     = 60
    }

    lock = {
      changeable_for_days = null
      max_retention_days  = 200
      min_retention_days  = 7
    }
  }

  aws_state = {
    retention = {
      access_log_days = 180
      lock_days       = 30
      newer_versions  = 10
      noncurrent_days = 90
    }
  }

  aws_ci = {
    repository = "meshproof/meshproof"
  }

  aws_dns = {
    retention_days = 90
  }

  # retention_days is a promise that nobody can take back: Object Lock in compliance mode.
  aws_audit = {
    log_days       = 90
    retention_days = 180
  }

  aws_incident = {
    retention_days = 90
  }

  aws_cost = {
    anomaly_usd    = 100
    retention_days = 365

    monthly_usd = {
      total = 9000
      services = {
        compute  = { limit = 3500, service = "Amazon Elastic Compute Cloud - Compute" }
        database = { limit = 1800, service = "Amazon Relational Database Service" }
        stream   = { limit = 900, service = "Amazon Managed Streaming for Apache Kafka" }
      }
    }

    commitments = {
      compute = {
        baseline               = 16
        committed              = 0
        hourly_usd             = 0
        kind                   = "savings-plan"
        minimum_coverage_share = 0.7
        minimum_use_share      = 0.95
        service                = "Amazon Elastic Compute Cloud - Compute"
        unit                   = "vcpu"
      }
      database = {
        baseline               = 3
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
    deletion_protection = true
    request_interval_s  = 30
    retention_days      = 90
    rpo_s               = 5
    vote_valid_s        = 120
  }

  gcp_project_number  = "481516234202"
  gcp_billing_account = "01A7C4-9D3E52-B860F1"

  gcp_kms = {
    protection_level = "SOFTWARE"
  }

  gcp_network = {
    flow_log_share = 0.25
  }

  # The public halves of the attestation key, by version, once the key is made.
  gcp_cluster = {
    admission_enforcement = "ENFORCED_BLOCK_AND_AUDIT_LOG"
    attestor_public_keys  = {}
    deletion_protection   = true

    frozen_season = {
      start_time = "2026-11-15T00:00:00Z"
      end_time   = "2027-01-05T00:00:00Z"
    }
  }

  # The tier is the primary's: a promotion must not halve the capacity.
  gcp_database = {
    backup_retention_days          = 14
    deletion_protection            = true
    disk_gb                        = 100
    disk_limit_gb                  = 500
    max_connections                = 400
    slot_retention_gb              = 50
    tier                           = "db-perf-optimized-N-2"
    transaction_log_retention_days = 7
  }

  gcp_cache = {
    backup_retention_days = 7
    deletion_protection   = true
    node_type             = "STANDARD_SMALL"
    replica_count         = 2
  }

  gcp_table = {
    backup_retention_days = 14
    deletion_protection   = true
    nodes                 = { min = 1, max = 3 }
    zones                 = { a = "europe-west4-a" }
  }

  gcp_stream = {
    retention_days = 7
  }

  gcp_registry = {
    untagged_days = 14
    versions_kept = 20
  }

  # A new environment starts without zones, until the gateway first runs.
  gcp_ingress = {
    gateway_zones = { a = "europe-west4-a", b = "europe-west4-b", c = "europe-west4-c" }
  }

  gcp_interconnect = {
    bandwidth = "BPS_2G"

    macsec_key = { name = "first", start_time = "2026-01-05T00:00:00Z" }

    locations = {
      a = "lhr-zone1-832"
      b = "fra-zone2-683"
    }
  }

  gcp_observability = {
    alarm_connections = 280
    retention_days    = 90
    retention_locked  = false
  }

  gcp_backup = {
    delete_lock_days = 7
    retention_days   = 14
    retention_locked = false
  }

  gcp_secrets = {
    deletion_protection  = true
    first_rotation_time  = "2026-02-01T02:00:00Z"
    recovery_window_days = 14
  }

  # The DS record of standby.<domain>, once Google has made the zone's keys.
  gcp_dns = {
    delegation_signers = []
  }

  gcp_audit = {
    retention_days   = 180
    retention_locked = false
  }

  gcp_cost = {
    monthly_usd = 4500

    commitments = {
      cluster = {
        baseline_usd_per_hour  = 0.9
        committed_usd_per_hour = 0.65
        minimum_coverage_share = 0.7
        service                = "Kubernetes Engine"
        term_years             = 1
      }
      database = {
        baseline_usd_per_hour  = 1.5
        committed_usd_per_hour = 1.1
        minimum_coverage_share = 0.7
        service                = "Cloud SQL"
        term_years             = 1
      }
    }
  }
}

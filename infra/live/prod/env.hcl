# Facts of the environment, and what may differ between environments; everything else is the same by construction.
# Its class, production, rehearsal or trial, says what may be lost in it and how its records are kept.

locals {
  environment         = "prod"
  class               = "production"
  account_id          = "777788889999"
  gcp_project         = "meshproof-prod"
  domain              = "prod.meshproof.example"
  cost_centre         = "shop-prod"
  data_classification = "confidential"

  state_bucket    = "meshproof-prod-state"
  state_region    = "eu-north-1"
  state_kms_alias = "alias/meshproof-prod-state"

  networks = {
    primary          = "10.32.0.0/16"
    peer             = "10.33.0.0/16"
    standby          = "10.34.0.0/16"
    standby_pods     = "10.36.0.0/14"
    standby_services = "10.35.0.0/20"
  }

  asns = {
    transit_gateway = 64544
    direct_connect  = 64545
    cloud_router    = 64546
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
    retention_days       = 400
    zones                = { eu-west-1a = 0, eu-west-1b = 1, eu-west-1c = 2 }
  }

  aws_cluster = {
    kubernetes_version = "1.34"
    retention_days     = 400

    access = {
      auditors = {
        policy        = "AmazonEKSViewPolicy"
        principal_arn = "arn:aws:iam::777788889999:role/platform-auditor"
      }
      operators = {
        policy        = "AmazonEKSClusterAdminPolicy"
        principal_arn = "arn:aws:iam::777788889999:role/platform-operator"
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
        instance_types = ["m7i.2xlarge"]
        max_size       = 15
        min_size       = 6
        volume_gb      = 100
      }
      elastic = {
        capacity_type  = "SPOT"
        instance_types = ["m7i.2xlarge", "m7a.2xlarge", "m6i.2xlarge", "m6a.2xlarge"]
        max_size       = 30
        min_size       = 0
        volume_gb      = 100
      }
    }
  }

  aws_registry = {
    retained_images = 100
  }

  aws_ingress = {
    deletion_protection  = true
    rate_limit_per_5_min = 3000
    retention_days       = 400
  }

  aws_interconnect = {
    peer_transit_gateway_asn = 64547

    links = {
      a = { bandwidth = "10Gbps", bgp_range = "169.254.102.0/29", location = "EqLD5", vlan_tag = 1101 }
      b = { bandwidth = "10Gbps", bgp_range = "169.254.102.8/29", location = "EqFA5", vlan_tag = 1102 }
    }
  }

  aws_database = {
    alarm_memory_gb           = 4
    alarm_slot_lag_gb         = 20
    backup_retention_days     = 35
    deletion_protection       = true
    instance_class            = "db.r7g.xlarge"
    master_password_version   = 1
    performance_insights_days = 731
    retention_days            = 400

    instances = {
      a = { promotion_tier = 0 }
      b = { promotion_tier = 1 }
      c = { promotion_tier = 1 }
    }

    peer_instances = {
      a = { promotion_tier = 0 }
      b = { promotion_tier = 1 }
    }
  }

  aws_cache = {
    node_type               = "cache.r7g.large"
    retention_days          = 400
    snapshot_retention_days = 7
  }

  aws_table = {
    deletion_protection   = true
    export_lock_days      = 7
    export_lock_mode      = "COMPLIANCE"
    export_retention_days = 35
    recovery_period_days  = 35
  }

  aws_stream = {
    instance_type  = "kafka.m7g.large"
    retention_days = 400
    volume_gb      = 500
    volume_max_gb  = 2000
  }

  # Tags of the registry are immutable, so a version names one image.
  aws_secrets = {
    recovery_window_days   = 30
    retention_days         = 400
    rotation_version       = "1.0.0"
    rotation_interval_days = 30
  }

  aws_observability = {
    metrics_retention_days = 400
    retention_days         = 400
    sampled_share          = 0.05

    search = {
      engine_version = "OpenSearch_2.19"
      instance_count = 3
      instance_type  = "r7g.large.search"
      master_type    = "m7g.large.search"
      volume_gb      = 200
    }
  }

  aws_backup = {
    retention_days = 400

    keep_days = {
      continuous = 35
      daily      = 35
      monthly    = 400
      weekly     = 90
    }

    lock = {
      changeable_for_days = 7
      max_retention_days  = 450
      min_retention_days  = 7
    }
  }

  aws_state = {
    retention = {
      access_log_days = 400
      lock_days       = 90
      newer_versions  = 10
      noncurrent_days = 365
    }
  }

  aws_ci = {
    repository = "meshproof/meshproof"
  }

  aws_dns = {
    retention_days = 365
  }

  # retention_days is a promise that nobody can take back: Object Lock in compliance mode.
  aws_audit = {
    log_days       = 365
    retention_days = 2555
  }

  aws_incident = {
    retention_days = 365
  }

  aws_cost = {
    anomaly_usd    = 250
    retention_days = 1825

    monthly_usd = {
      total = 42000
      services = {
        compute  = { limit = 14000, service = "Amazon Elastic Compute Cloud - Compute" }
        database = { limit = 9000, service = "Amazon Relational Database Service" }
        stream   = { limit = 5000, service = "Amazon Managed Streaming for Apache Kafka" }
      }
    }

    commitments = {
      compute = {
        baseline               = 40
        committed              = 32
        hourly_usd             = 1.28
        kind                   = "savings-plan"
        minimum_coverage_share = 0.7
        minimum_use_share      = 0.95
        service                = "Amazon Elastic Compute Cloud - Compute"
        unit                   = "vcpu"
      }
      database = {
        baseline               = 4
        committed              = 3
        hourly_usd             = 2.1
        kind                   = "reserved"
        minimum_coverage_share = 0.7
        minimum_use_share      = 0.95
        service                = "Amazon Relational Database Service"
        unit                   = "instance"
      }
      cache = {
        baseline               = 4
        committed              = 3
        hourly_usd             = 0.62
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
    request_interval_s  = 10
    retention_days      = 365
    rpo_s               = 5
    vote_valid_s        = 45
  }

  gcp_project_number  = "481516234203"
  gcp_billing_account = "01A7C4-9D3E52-B860F1"

  gcp_kms = {
    protection_level = "HSM"
  }

  gcp_network = {
    flow_log_share = 0.5
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
    backup_retention_days          = 35
    deletion_protection            = true
    disk_gb                        = 250
    disk_limit_gb                  = 2000
    max_connections                = 800
    slot_retention_gb              = 100
    tier                           = "db-perf-optimized-N-4"
    transaction_log_retention_days = 14
  }

  gcp_cache = {
    backup_retention_days = 14
    deletion_protection   = true
    node_type             = "HIGHMEM_MEDIUM"
    replica_count         = 2
  }

  gcp_table = {
    backup_retention_days = 30
    deletion_protection   = true
    nodes                 = { min = 1, max = 8 }
    zones                 = { a = "europe-west4-a", b = "europe-west4-b" }
  }

  gcp_stream = {
    retention_days = 7
  }

  gcp_registry = {
    untagged_days = 30
    versions_kept = 50
  }

  # A new environment starts without zones, until the gateway first runs.
  gcp_ingress = {
    gateway_zones = { a = "europe-west4-a", b = "europe-west4-b", c = "europe-west4-c" }
  }

  gcp_interconnect = {
    bandwidth = "BPS_10G"

    macsec_key = { name = "first", start_time = "2026-01-05T00:00:00Z" }

    locations = {
      a = "lhr-zone1-832"
      b = "fra-zone2-683"
    }
  }

  gcp_observability = {
    alarm_connections = 560
    retention_days    = 400
    retention_locked  = true
  }

  gcp_backup = {
    delete_lock_days = 14
    retention_days   = 35
    retention_locked = true
  }

  gcp_secrets = {
    deletion_protection  = true
    first_rotation_time  = "2026-02-01T02:00:00Z"
    recovery_window_days = 30
  }

  # The DS record of standby.<domain>, once Google has made the zone's keys.
  gcp_dns = {
    delegation_signers = []
  }

  gcp_audit = {
    retention_days   = 2555
    retention_locked = true
  }

  gcp_cost = {
    monthly_usd = 14000

    commitments = {
      cluster = {
        baseline_usd_per_hour  = 2.4
        committed_usd_per_hour = 1.8
        minimum_coverage_share = 0.7
        service                = "Kubernetes Engine"
        term_years             = 1
      }
      database = {
        baseline_usd_per_hour  = 3.1
        committed_usd_per_hour = 2.4
        minimum_coverage_share = 0.7
        service                = "Cloud SQL"
        term_years             = 1
      }
    }
  }
}

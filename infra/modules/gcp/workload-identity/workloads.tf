locals {
  _secret_ids = merge(var.secret_ids, { platform-facts = var.facts_secret_id })

  _workloads = {
    "cert-manager/cert-manager" = {
      zone = true
    }
    "external-dns/external-dns" = {
      zone = true
    }
    "external-secrets/external-secrets" = {
      secrets = keys(local._secret_ids)
    }
    "monitoring/collector" = {
      project_roles = [
        "roles/logging.logWriter",
        "roles/monitoring.metricWriter",
      ]
    }
    "monitoring/sampler" = {
      project_roles = ["roles/cloudtrace.agent"]
    }
    "shop/catalogue" = {
      cache  = true
      tables = ["catalogue"]
    }
    "shop/notifications" = {
      subscriptions = ["orders/notifications", "payments/notifications"]
      tables        = ["notifications"]
    }
    "shop/orders" = {
      database = true
      topics   = ["orders"]
    }
    "shop/payments" = {
      database = true
      topics   = ["payments"]
    }
  }

  _principals = {
    for workload in keys(local._workloads) : workload => join("", [
      "principal://iam.googleapis.com/projects/${var.project_number}",
      "/locations/global/workloadIdentityPools/${var.workload_pool}",
      "/subject/ns/${split("/", workload)[0]}/sa/${split("/", workload)[1]}",
    ])
  }

  # Rows of the form "<workload>:<resource>".
  _secret_grants = merge([
    for workload, may in local._workloads : {
      for secret in try(may.secrets, []) : "${workload}:${secret}" => {
        member = local._principals[workload]
        secret = local._secret_ids[secret]
      }
    }
  ]...)

  _topic_grants = merge([
    for workload, may in local._workloads : {
      for topic in try(may.topics, []) : "${workload}:${topic}" => {
        member = local._principals[workload]
        topic  = var.topic_names[topic]
      }
    }
  ]...)

  _subscription_grants = merge([
    for workload, may in local._workloads : {
      for subscription in try(may.subscriptions, []) : "${workload}:${subscription}" => {
        member       = local._principals[workload]
        subscription = var.subscription_names[subscription]
      }
    }
  ]...)

  _table_grants = merge([
    for workload, may in local._workloads : {
      for table in try(may.tables, []) : "${workload}:${table}" => {
        member = local._principals[workload]
        table  = var.tables.names[table]
      }
    }
  ]...)

  _project_grants = merge([
    for workload, may in local._workloads : {
      for role in try(may.project_roles, []) : "${workload}:${role}" => {
        member = local._principals[workload]
        role   = role
      }
    }
  ]...)

  _database_grants = {
    for workload, may in local._workloads :
    workload => local._principals[workload] if try(may.database, false)
  }

  _cache_grants = {
    for workload, may in local._workloads :
    workload => local._principals[workload] if try(may.cache, false)
  }

  _zone_grants = {
    for workload, may in local._workloads :
    workload => local._principals[workload] if try(may.zone, false)
  }
}

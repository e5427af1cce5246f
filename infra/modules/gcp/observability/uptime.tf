resource "google_monitoring_uptime_check_config" "shop" {
  project            = var.project
  display_name       = "${var.name}: shop"
  checker_type       = "STATIC_IP_CHECKERS"
  period             = "60s"
  timeout            = "10s"
  log_check_failures = true
  selected_regions   = ["EUROPE", "USA_VIRGINIA", "SOUTH_AMERICA", "ASIA_PACIFIC"]

  monitored_resource {
    type = "uptime_url"

    labels = {
      project_id = var.project
      host       = var.host
    }
  }

  http_check {
    path           = var.uptime_path
    port           = 443
    request_method = "GET"
    use_ssl        = true
    validate_ssl   = true

    accepted_response_status_codes {
      status_class = "STATUS_CLASS_2XX"
    }
  }
}

resource "google_monitoring_alert_policy" "uptime" {
  project               = var.project
  display_name          = "${var.name}: The shop does not answer"
  combiner              = "OR"
  enabled               = true
  severity              = "CRITICAL"
  notification_channels = local._channels.CRITICAL

  # One region may be cut off; two that agree are the shop's own fault.
  conditions {
    display_name = "Two regions without an answer"

    condition_threshold {
      filter = join(" AND ", [
        "metric.type=\"monitoring.googleapis.com/uptime_check/check_passed\"",
        "metric.labels.check_id=\"${google_monitoring_uptime_check_config.shop.uptime_check_id}\"",
        "resource.type=\"uptime_url\"",
      ])
      comparison              = "COMPARISON_GT"
      threshold_value         = 1
      duration                = "120s"
      evaluation_missing_data = "EVALUATION_MISSING_DATA_ACTIVE"

      aggregations {
        alignment_period     = "60s"
        per_series_aligner   = "ALIGN_NEXT_OLDER"
        cross_series_reducer = "REDUCE_COUNT_FALSE"
        group_by_fields      = ["resource.label.host"]
      }

      trigger {
        count = 1
      }
    }
  }

  alert_strategy {
    auto_close = "3600s"
  }

  documentation {
    subject   = "The shop does not answer"
    content   = "Both sites may be affected: start with the failover's runbook."
    mime_type = "text/markdown"
  }
}

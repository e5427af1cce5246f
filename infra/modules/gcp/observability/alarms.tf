resource "google_monitoring_alert_policy" "threshold" {
  for_each = local._thresholds

  project               = var.project
  display_name          = "${var.name}: ${each.value.title}"
  combiner              = "OR"
  enabled               = true
  severity              = each.value.severity
  notification_channels = local._channels[each.value.severity]

  conditions {
    display_name = each.value.title

    condition_threshold {
      filter                  = each.value.filter
      comparison              = each.value.comparison
      threshold_value         = each.value.threshold
      duration                = "${each.value.duration_s}s"
      evaluation_missing_data = "EVALUATION_MISSING_DATA_${each.value.silence}"

      aggregations {
        alignment_period     = "${each.value.period_s}s"
        per_series_aligner   = each.value.aligner
        cross_series_reducer = each.value.reducer
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
    subject   = each.value.title
    content   = each.value.remedy
    mime_type = "text/markdown"
  }
}

resource "google_monitoring_alert_policy" "event" {
  for_each = local._events

  project               = var.project
  display_name          = "${var.name}: ${each.value.title}"
  combiner              = "OR"
  enabled               = true
  severity              = each.value.severity
  notification_channels = local._channels[each.value.severity]

  conditions {
    display_name = each.value.title

    condition_matched_log {
      filter = each.value.filter
    }
  }

  alert_strategy {
    auto_close = "3600s"

    notification_rate_limit {
      period = "300s"
    }
  }

  documentation {
    subject   = each.value.title
    content   = each.value.remedy
    mime_type = "text/markdown"
  }
}

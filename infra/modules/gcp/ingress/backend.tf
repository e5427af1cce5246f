# The gateway's own readiness, not a service's answer: a broken service must not
# take the whole site out of rotation. The numbers are the primary's.
resource "google_compute_health_check" "gateway" {
  project = var.project
  name    = "${var.name}-gateway"

  check_interval_sec  = 10
  timeout_sec         = 5
  healthy_threshold   = 2
  unhealthy_threshold = 2

  http_health_check {
    port_specification = "USE_FIXED_PORT"
    port               = var.gateway.status_port
    proxy_header       = "NONE"
    request_path       = "/healthz/ready"
  }

  log_config {
    enable = true
  }
}

resource "google_compute_backend_service" "gateway" {
  project               = var.project
  name                  = "${var.name}-gateway"
  load_balancing_scheme = "EXTERNAL_MANAGED"
  protocol              = "HTTPS"
  locality_lb_policy    = "LEAST_REQUEST"
  session_affinity      = "NONE"

  timeout_sec                     = 60
  connection_draining_timeout_sec = 30

  enable_cdn       = false
  compression_mode = "DISABLED"
  health_checks    = [google_compute_health_check.gateway.id]
  security_policy  = google_compute_security_policy.main.id

  custom_response_headers = [
    "Strict-Transport-Security: max-age=31536000; includeSubDomains",
  ]

  # A capacity that is never reached by one site: it spreads, it does not shed.
  dynamic "backend" {
    for_each = var.gateway_zones
    content {
      group                 = "projects/${var.project}/zones/${backend.value}/networkEndpointGroups/${local._neg_name}"
      balancing_mode        = "RATE"
      max_rate_per_endpoint = var.max_rate_per_endpoint
      capacity_scaler       = 1.0
    }
  }

  outlier_detection {
    consecutive_gateway_failure           = 5
    enforcing_consecutive_gateway_failure = 100
    consecutive_errors                    = 5
    enforcing_consecutive_errors          = 0
    enforcing_success_rate                = 0
    max_ejection_percent                  = 50

    base_ejection_time {
      seconds = 30
    }

    interval {
      seconds = 10
    }
  }

  log_config {
    enable      = true
    sample_rate = 1.0
  }
}

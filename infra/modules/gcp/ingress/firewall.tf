# In order of priority: what looks like an attack is refused whoever sends it,
# the edge is let in up to a limit for each client, health checkers are let in,
# everybody else is refused.
locals {
  _attacks = {
    "cve-canary"                   = 100
    "lfi-v33-stable"               = 110
    "methodenforcement-v33-stable" = 120
    "protocolattack-v33-stable"    = 130
    "rce-v33-stable"               = 140
    "rfi-v33-stable"               = 150
    "scannerdetection-v33-stable"  = 160
    "sessionfixation-v33-stable"   = 170
    "sqli-v33-stable"              = 180
    "xss-v33-stable"               = 190
  }

  # A rule takes ten networks.
  _edge            = chunklist(values(var.edge_cidrs), 10)
  _health_checkers = chunklist(values(var.health_checker_cidrs), 10)
}

resource "google_compute_security_policy" "main" {
  project     = var.project
  name        = var.name
  description = "Front of ${var.name}"
  type        = "CLOUD_ARMOR"

  adaptive_protection_config {
    layer_7_ddos_defense_config {
      enable          = true
      rule_visibility = "STANDARD"
    }
  }

  advanced_options_config {
    json_parsing            = "STANDARD"
    log_level               = "NORMAL"
    user_ip_request_headers = ["X-Forwarded-For"]
  }

  dynamic "rule" {
    for_each = local._attacks
    content {
      description = "Known attacks: ${rule.key}"
      priority    = rule.value
      action      = "deny(403)"
      preview     = false

      match {
        expr {
          expression = "evaluatePreconfiguredWaf('${rule.key}', {'sensitivity': ${var.attack_sensitivity}})"
        }
      }
    }
  }

  # The edge is the peer of every connection, so the client is the address it
  # writes into the header (it overwrites what a client sent).
  dynamic "rule" {
    for_each = local._edge
    content {
      description = "The edge, up to a limit for each client"
      priority    = 1000 + rule.key
      action      = "throttle"
      preview     = false

      match {
        versioned_expr = "SRC_IPS_V1"

        config {
          src_ip_ranges = rule.value
        }
      }

      rate_limit_options {
        conform_action = "allow"
        exceed_action  = "deny(429)"
        enforce_on_key = "XFF_IP"

        rate_limit_threshold {
          count        = var.rate_limit_per_5_min
          interval_sec = 300
        }
      }
    }
  }

  dynamic "rule" {
    for_each = local._health_checkers
    content {
      description = "Health checkers of Route 53"
      priority    = 2000 + rule.key
      action      = "allow"
      preview     = false

      match {
        versioned_expr = "SRC_IPS_V1"

        config {
          src_ip_ranges = rule.value
        }
      }
    }
  }

  rule {
    description = "Nobody else"
    priority    = 2147483647
    action      = "deny(403)"
    preview     = false

    match {
      versioned_expr = "SRC_IPS_V1"

      config {
        src_ip_ranges = ["*"]
      }
    }
  }
}

resource "aws_lb" "main" {
  client_keep_alive                           = 3600
  desync_mitigation_mode                      = "strictest"
  drop_invalid_header_fields                  = true
  enable_cross_zone_load_balancing            = true
  enable_deletion_protection                  = var.deletion_protection
  enable_http2                                = true
  enable_tls_version_and_cipher_suite_headers = true
  enable_waf_fail_open                        = false
  enable_zonal_shift                          = true
  idle_timeout                                = 60
  internal                                    = false
  load_balancer_type                          = "application"
  name                                        = var.name
  preserve_host_header                        = true
  security_groups                             = [aws_security_group.main.id]
  subnets                                     = values(var.subnet_ids)
  xff_header_processing_mode                  = "append"

  access_logs {
    bucket  = aws_s3_bucket.logs.bucket
    enabled = true
    prefix  = "access"
  }

  connection_logs {
    bucket  = aws_s3_bucket.logs.bucket
    enabled = true
    prefix  = "connection"
  }

  # The load balancer tests the bucket when it is told to log there.
  depends_on = [aws_s3_bucket_policy.logs]
}

# Encrypted once more towards the gateway, whose pods are the targets: a node
# that leaves takes its pods out, and no port of a node is opened.
resource "aws_lb_target_group" "gateway" {
  deregistration_delay              = 30
  load_balancing_algorithm_type     = "least_outstanding_requests"
  load_balancing_cross_zone_enabled = "use_load_balancer_configuration"
  name                              = "${var.name}-gateway"
  port                              = var.gateway.port
  protocol                          = "HTTPS"
  protocol_version                  = "HTTP1"
  slow_start                        = 0
  target_type                       = "ip"
  vpc_id                            = var.network.vpc_id

  # The gateway's own readiness, not a service's answer: a broken service must
  # not take the whole site out of rotation.
  health_check {
    enabled             = true
    healthy_threshold   = 2
    interval            = 10
    matcher             = "200"
    path                = "/healthz/ready"
    port                = var.gateway.status_port
    protocol            = "HTTP"
    timeout             = 5
    unhealthy_threshold = 2
  }

  stickiness {
    enabled = false
    type    = "lb_cookie"
  }

  target_group_health {
    dns_failover {
      minimum_healthy_targets_count      = "1"
      minimum_healthy_targets_percentage = "off"
    }

    unhealthy_state_routing {
      minimum_healthy_targets_count      = 1
      minimum_healthy_targets_percentage = "off"
    }
  }
}

# A request for a name that is not ours is answered here and goes no further.
resource "aws_lb_listener" "main" {
  certificate_arn                      = aws_acm_certificate_validation.main.certificate_arn
  load_balancer_arn                    = aws_lb.main.arn
  port                                 = 443
  protocol                             = "HTTPS"
  routing_http_response_server_enabled = false
  ssl_policy                           = "ELBSecurityPolicy-TLS13-1-2-2021-06"

  routing_http_response_strict_transport_security_header_value = "max-age=31536000; includeSubDomains"

  default_action {
    type = "fixed-response"

    fixed_response {
      content_type = "text/plain"
      status_code  = "421"
    }
  }
}

resource "aws_lb_listener_rule" "shop" {
  listener_arn = aws_lb_listener.main.arn
  priority     = 10

  action {
    target_group_arn = aws_lb_target_group.gateway.arn
    type             = "forward"
  }

  condition {
    host_header {
      values = [local._host]
    }
  }
}

# Route 53's checkers name the record by which they reach this site, and ask for one page.
resource "aws_lb_listener_rule" "probe" {
  listener_arn = aws_lb_listener.main.arn
  priority     = 20

  action {
    target_group_arn = aws_lb_target_group.gateway.arn
    type             = "forward"
  }

  condition {
    host_header {
      values = ["shop-primary.${var.domain}"]
    }
  }

  condition {
    path_pattern {
      values = ["/healthz/ready"]
    }
  }
}

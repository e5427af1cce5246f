resource "aws_backup_report_plan" "main" {
  for_each = {
    backup  = "BACKUP_JOB_REPORT"
    control = "CONTROL_COMPLIANCE_REPORT"
    copy    = "COPY_JOB_REPORT"
    restore = "RESTORE_JOB_REPORT"
  }

  name        = "${local.identifier}_${each.key}"
  description = "Daily ${each.key} report of ${var.name}"

  report_delivery_channel {
    formats        = ["CSV", "JSON"]
    s3_bucket_name = aws_s3_bucket.report.id
    s3_key_prefix  = each.key
  }

  report_setting {
    report_template = each.value
    framework_arns  = each.key == "control" ? [aws_backup_framework.main.arn] : null
  }

  depends_on = [aws_s3_bucket_policy.report]
}

resource "aws_backup_framework" "main" {
  name        = local.identifier
  description = "What a protected resource of ${var.name} is"

  control {
    name = "BACKUP_RESOURCES_PROTECTED_BY_BACKUP_PLAN"

    scope {
      compliance_resource_types = ["Aurora", "DynamoDB"]
    }
  }

  control {
    name = "BACKUP_LAST_RECOVERY_POINT_CREATED"

    input_parameter {
      name  = "recoveryPointAgeValue"
      value = "1"
    }

    input_parameter {
      name  = "recoveryPointAgeUnit"
      value = "days"
    }

    scope {
      compliance_resource_types = ["Aurora", "DynamoDB"]
    }
  }

  control {
    name = "BACKUP_PLAN_MIN_FREQUENCY_AND_MIN_RETENTION_CHECK"

    input_parameter {
      name  = "requiredFrequencyUnit"
      value = "days"
    }

    input_parameter {
      name  = "requiredFrequencyValue"
      value = "1"
    }

    input_parameter {
      name  = "requiredRetentionDays"
      value = tostring(var.lock.min_retention_days)
    }
  }

  control {
    name = "BACKUP_RECOVERY_POINT_MINIMUM_RETENTION_CHECK"

    input_parameter {
      name  = "requiredRetentionDays"
      value = tostring(var.lock.min_retention_days)
    }
  }

  control {
    name = "BACKUP_RECOVERY_POINT_ENCRYPTED"
  }

  control {
    name = "BACKUP_RECOVERY_POINT_MANUAL_DELETION_DISABLED"
  }

  control {
    name = "BACKUP_RESOURCES_PROTECTED_BY_BACKUP_VAULT_LOCK"

    input_parameter {
      name  = "minRetentionDays"
      value = tostring(var.lock.min_retention_days)
    }

    input_parameter {
      name  = "maxRetentionDays"
      value = tostring(var.lock.max_retention_days)
    }

    scope {
      compliance_resource_types = ["Aurora", "DynamoDB"]
    }
  }

  control {
    name = "BACKUP_RESOURCES_PROTECTED_BY_CROSS_REGION"

    input_parameter {
      name  = "crossRegionList"
      value = var.peer_region
    }

    scope {
      compliance_resource_types = ["Aurora", "DynamoDB"]
    }
  }
}

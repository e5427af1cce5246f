# Without the opt-in a selected resource is passed over in silence.
resource "aws_backup_region_settings" "main" {
  resource_type_opt_in_preference = {
    "Aurora"          = true
    "DocumentDB"      = false
    "DynamoDB"        = true
    "EBS"             = true
    "EC2"             = false
    "EFS"             = true
    "FSx"             = false
    "Neptune"         = false
    "RDS"             = true
    "Redshift"        = false
    "S3"              = true
    "Storage Gateway" = false
    "VirtualMachine"  = false
  }

  # Needed for copies of tables to another region.
  resource_type_management_preference = {
    "DynamoDB" = true
    "EFS"      = true
  }
}

resource "aws_backup_plan" "main" {
  name = var.name

  # Any second of the last days, for the kinds that can be restored so.
  rule {
    rule_name                = "continuous"
    target_vault_name        = aws_backup_vault.main.name
    schedule                 = "cron(0 3 * * ? *)"
    enable_continuous_backup = true
    start_window             = 60
    completion_window        = 240

    lifecycle {
      delete_after = var.keep_days.continuous
    }
  }

  rule {
    rule_name         = "daily"
    target_vault_name = aws_backup_vault.main.name
    schedule          = "cron(0 4 * * ? *)"
    start_window      = 60
    completion_window = 240

    lifecycle {
      delete_after = var.keep_days.daily
    }

    copy_action {
      destination_vault_arn = aws_backup_vault.peer.arn

      lifecycle {
        delete_after = var.keep_days.daily
      }
    }
  }

  rule {
    rule_name         = "weekly"
    target_vault_name = aws_backup_vault.main.name
    schedule          = "cron(0 5 ? * SUN *)"
    start_window      = 60
    completion_window = 480

    lifecycle {
      delete_after = var.keep_days.weekly
    }

    copy_action {
      destination_vault_arn = aws_backup_vault.peer.arn

      lifecycle {
        delete_after = var.keep_days.weekly
      }
    }
  }

  # Cold storage is kept, and paid for, for ninety days at least.
  rule {
    rule_name         = "monthly"
    target_vault_name = aws_backup_vault.main.name
    schedule          = "cron(0 6 1 * ? *)"
    start_window      = 60
    completion_window = 720

    lifecycle {
      cold_storage_after = 30
      delete_after       = var.keep_days.monthly
    }

    copy_action {
      destination_vault_arn = aws_backup_vault.peer.arn

      lifecycle {
        cold_storage_after = 30
        delete_after       = var.keep_days.monthly
      }
    }
  }

  depends_on = [aws_backup_region_settings.main]
}

resource "aws_backup_selection" "tagged" {
  name         = "${var.name}-tagged"
  plan_id      = aws_backup_plan.main.id
  iam_role_arn = aws_iam_role.backup.arn
  resources    = ["*"]

  condition {
    string_equals {
      key   = "aws:ResourceTag/backup"
      value = "true"
    }

    string_equals {
      key   = "aws:ResourceTag/environment"
      value = var.environment
    }
  }
}

resource "aws_backup_selection" "named" {
  name         = "${var.name}-named"
  plan_id      = aws_backup_plan.main.id
  iam_role_arn = aws_iam_role.backup.arn
  resources    = values(var.resource_arns)
}

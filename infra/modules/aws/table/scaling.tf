# Provisioned tables follow their load; on-demand tables need nothing here.
locals {
  scaled = merge([
    for key, table in var.tables : {
      "${key}-read" = {
        table     = key
        dimension = "ReadCapacityUnits"
        metric    = "DynamoDBReadCapacityUtilization"
        bounds    = table.read_capacity
      }
      "${key}-write" = {
        table     = key
        dimension = "WriteCapacityUnits"
        metric    = "DynamoDBWriteCapacityUtilization"
        bounds    = table.write_capacity
      }
    } if table.billing_mode == "PROVISIONED"
  ]...)
}

resource "aws_appautoscaling_target" "main" {
  for_each = local.scaled

  service_namespace  = "dynamodb"
  resource_id        = "table/${aws_dynamodb_table.main[each.value.table].name}"
  scalable_dimension = "dynamodb:table:${each.value.dimension}"
  min_capacity       = each.value.bounds.min
  max_capacity       = each.value.bounds.max
}

resource "aws_appautoscaling_policy" "main" {
  for_each = local.scaled

  name               = "${var.name}-${each.key}"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.main[each.key].service_namespace
  resource_id        = aws_appautoscaling_target.main[each.key].resource_id
  scalable_dimension = aws_appautoscaling_target.main[each.key].scalable_dimension

  target_tracking_scaling_policy_configuration {
    target_value       = 70
    scale_in_cooldown  = 300
    scale_out_cooldown = 60

    predefined_metric_specification {
      predefined_metric_type = each.value.metric
    }
  }
}

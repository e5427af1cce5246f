output "budget_names" {
  description = "Names of all budgets."
  value = sort(concat(
    [aws_budgets_budget.total.name],
    [for budget in aws_budgets_budget.commitment : budget.name],
    [for budget in aws_budgets_budget.service : budget.name],
  ))
}

output "bucket_name" {
  description = "Bucket that takes the cost data."
  value       = aws_s3_bucket.main.id
}

output "commitment_coverage_share" {
  description = "Share of the baseline that is bought in advance, by commitment."
  value = { for name, commitment in var.commitments : name =>
    commitment.baseline == 0 ? 0 : commitment.committed / commitment.baseline
  }
}

output "commitment_hourly_usd" {
  description = "What all commitments cost in an hour, used or not."
  value       = sum(concat([0], [for commitment in values(var.commitments) : commitment.hourly_usd]))
}

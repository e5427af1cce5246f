output "principals" {
  description = "Identity of each workload, by namespace/serviceaccount."
  value       = local._principals
}

output "key_aliases" {
  description = "Alias of the key of each purpose."
  value       = { for purpose, a in aws_kms_alias.main : purpose => a.name }
}

output "key_arns" {
  description = "ARN of the key of each purpose."
  value       = { for purpose, key in aws_kms_key.main : purpose => key.arn }
}

output "peer_key_arns" {
  description = "ARN of the replica, in the peer region, of each multi-Region key."
  value = {
    for purpose, key in aws_kms_replica_key.peer : purpose => key.arn
  }
}

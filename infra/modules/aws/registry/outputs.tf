output "mirror_prefixes" {
  description = "Where the images of each mirrored upstream are found."
  value = {
    for name, rule in aws_ecr_pull_through_cache_rule.main :
    name => "${local._registry_host}/${rule.ecr_repository_prefix}"
  }
}

output "registry_host" {
  description = "Host of the registry."
  value       = local._registry_host
}

output "registry_url" {
  description = "Prefix of the shop's images."
  value       = "${local._registry_host}/${local._shop_prefix}"
}

output "repository_arns" {
  description = "Repository of each service."
  value = {
    for service, repository in aws_ecr_repository.shop :
    service => repository.arn
  }
}

output "repository_urls" {
  description = "URL of the repository of each service."
  value = {
    for service, repository in aws_ecr_repository.shop :
    service => repository.repository_url
  }
}

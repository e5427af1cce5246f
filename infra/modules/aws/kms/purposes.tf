# A purpose is one blast radius: whoever may read the tables cannot thereby
# read the secrets. `services` are the AWS services through which the key may be
# used; nobody calls KMS with these keys directly.

locals {
  _purposes = {
    backup = {
      description  = "recovery points in the backup vaults"
      multi_region = true
      services     = ["backup", "dynamodb", "ec2", "rds", "s3", "sns"]
    }
    cache = {
      description  = "cache nodes at rest"
      multi_region = false
      services     = ["elasticache"]
    }
    cluster = {
      description  = "Kubernetes secrets and node volumes"
      multi_region = false
      services     = ["autoscaling", "ec2", "eks"]
    }
    database = {
      description  = "Aurora storage, snapshots and insights"
      multi_region = true
      services     = ["rds", "s3"]
    }
    logs = {
      description  = "log groups, log buckets and alarm topics"
      multi_region = true
      services = [
        "aps", "es", "events", "firehose", "logs", "s3", "sns", "sqs",
      ]
    }
    registry = {
      description  = "container image layers"
      multi_region = true
      services     = ["ecr"]
    }
    secrets = {
      description  = "secrets and the function that rotates them"
      multi_region = true
      services     = ["lambda", "rds", "secretsmanager", "sqs"]
    }
    stream = {
      description  = "Kafka brokers and their archive"
      multi_region = false
      services = [
        "firehose", "kafka", "lambda", "s3", "secretsmanager", "sqs",
      ]
    }
    table = {
      description  = "tables and their exports"
      multi_region = true
      services     = ["dynamodb", "lambda", "s3", "sqs"]
    }
  }

  _replicated = {
    for purpose, key in local._purposes : purpose => key if key.multi_region
  }

  _regions = { main = var.region, peer = var.peer_region }
}

include "root" {
  path = find_in_parent_folders("root.hcl")
}

locals {
  env      = read_terragrunt_config(find_in_parent_folders("env.hcl")).locals
  location = read_terragrunt_config(find_in_parent_folders("location.hcl")).locals
}

terraform {
  source = find_in_parent_folders("modules/aws/workload-identity")
}

dependency "kms" {
  config_path = "../kms"

  mock_outputs = {
    key_arns = {
      secrets = "arn:aws:kms:eu-west-1:111122223333:key/mock"
      table   = "arn:aws:kms:eu-west-1:111122223333:key/mock"
    }
  }
  mock_outputs_allowed_terraform_commands = ["validate"]
}

dependency "cluster" {
  config_path = "../cluster"

  mock_outputs = {
    cluster_arn  = "arn:aws:eks:eu-west-1:111122223333:cluster/mock"
    cluster_name = "mock"
  }
  mock_outputs_allowed_terraform_commands = ["validate"]
}

dependency "cache" {
  config_path = "../cache"

  mock_outputs = {
    arn = "arn:aws:elasticache:eu-west-1:111122223333:replicationgroup:mock"
    user_arns = {
      catalogue = "arn:aws:elasticache:eu-west-1:111122223333:user:mock"
    }
  }
  mock_outputs_allowed_terraform_commands = ["validate"]
}

dependency "table" {
  config_path = "../table"

  mock_outputs = {
    table_arns = {
      catalogue     = "arn:aws:dynamodb:eu-west-1:111122223333:table/mock"
      notifications = "arn:aws:dynamodb:eu-west-1:111122223333:table/mock"
    }
  }
  mock_outputs_allowed_terraform_commands = ["validate"]
}

dependency "stream" {
  config_path = "../stream"

  mock_outputs = {
    cluster_arn = "arn:aws:kafka:eu-west-1:111122223333:cluster/mock/mock"
    topic_names = {
      orders   = "orders.events"
      payments = "payments.events"
    }
  }
  mock_outputs_allowed_terraform_commands = ["validate"]
}

dependency "secrets" {
  config_path = "../secrets"

  mock_outputs = {
    facts_secret_arn = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:mock"
    secret_arns = {
      mesh-signer       = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:mock"
      orders-database   = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:mock"
      pager             = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:mock"
      payments-database = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:mock"
    }
  }
  mock_outputs_allowed_terraform_commands = ["validate"]
}

dependency "ingress" {
  config_path = "../ingress"

  mock_outputs = {
    target_group_arn = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/mock/mock"
  }
  mock_outputs_allowed_terraform_commands = ["validate"]
}

dependency "observability" {
  config_path = "../observability"

  mock_outputs = {
    log_group_names = {
      application = "/mock/application"
      dataplane   = "/mock/dataplane"
      host        = "/mock/host"
    }
    search_domain_arn = "arn:aws:es:eu-west-1:111122223333:domain/mock"
    workspace_arn     = "arn:aws:aps:eu-west-1:111122223333:workspace/mock"
  }
  mock_outputs_allowed_terraform_commands = ["validate"]
}

dependency "global_dns" {
  config_path = "../../../../../global/.terragrunt-stack/platform/.terragrunt-stack/dns"

  mock_outputs = {
    zone_arn = "arn:aws:route53:::hostedzone/Z0000000000000"
  }
  mock_outputs_allowed_terraform_commands = ["validate"]
}

inputs = {
  account_id = local.env.account_id
  cache_arn  = dependency.cache.outputs.arn
  name       = "shop-${local.env.environment}-${local.location.name}"
  region     = local.location.aws_region
  stream_arn = dependency.stream.outputs.cluster_arn
  cluster = {
    arn  = dependency.cluster.outputs.cluster_arn
    name = dependency.cluster.outputs.cluster_name
  }
  key_arns = {
    secrets = dependency.kms.outputs.key_arns.secrets
    table   = dependency.kms.outputs.key_arns.table
  }

  workloads = {
    "shop/orders" = {
      description  = "writes what happened to orders"
      topics_write = { orders = dependency.stream.outputs.topic_names.orders }
    }

    "shop/payments" = {
      description  = "writes what happened to payments"
      topics_write = { payments = dependency.stream.outputs.topic_names.payments }
    }

    "shop/catalogue" = {
      description = "serves the catalogue from its table and cache"
      cache_users = { catalogue = dependency.cache.outputs.user_arns.catalogue }
      tables_rw   = { catalogue = dependency.table.outputs.table_arns.catalogue }
    }

    "shop/notifications" = {
      description = "reads events, remembers what was sent"
      tables_rw   = { notifications = dependency.table.outputs.table_arns.notifications }
      topics_read = {
        orders   = dependency.stream.outputs.topic_names.orders
        payments = dependency.stream.outputs.topic_names.payments
      }
    }

    "data/stream-bridge" = {
      description = "copies the topics to the standby, where its role is known"
      topics_read = {
        orders   = dependency.stream.outputs.topic_names.orders
        payments = dependency.stream.outputs.topic_names.payments
      }
    }

    "external-secrets/external-secrets" = {
      description = "copies secrets into the cluster"
      secrets = {
        facts             = dependency.secrets.outputs.facts_secret_arn
        mesh-signer       = dependency.secrets.outputs.secret_arns["mesh-signer"]
        orders-database   = dependency.secrets.outputs.secret_arns["orders-database"]
        pager             = dependency.secrets.outputs.secret_arns["pager"]
        payments-database = dependency.secrets.outputs.secret_arns["payments-database"]
      }
    }

    # Names below the site's own label only: the shop's public name and the
    # fail-over records are Terraform's.
    "external-dns/external-dns" = {
      description = "publishes the site's own names"
      statements = {
        ChangeOwnNames = {
          actions   = ["route53:ChangeResourceRecordSets"]
          resources = [dependency.global_dns.outputs.zone_arn]
          conditions = [{
            test     = "ForAllValues:StringLike"
            variable = "route53:ChangeResourceRecordSetsNormalizedRecordNames"
            values   = ["*.${local.location.name}.${local.env.domain}"]
          }]
        }
        ReadZone = {
          actions   = ["route53:ListResourceRecordSets", "route53:ListTagsForResource"]
          resources = [dependency.global_dns.outputs.zone_arn]
        }
        # Listing zones knows no resource.
        ListZones = {
          actions   = ["route53:ListHostedZones"]
          resources = ["*"]
        }
      }
    }

    "cert-manager/cert-manager" = {
      description = "answers DNS challenges"
      statements = {
        AnswerChallenges = {
          actions   = ["route53:ChangeResourceRecordSets"]
          resources = [dependency.global_dns.outputs.zone_arn]
          conditions = [
            {
              test     = "ForAllValues:StringLike"
              variable = "route53:ChangeResourceRecordSetsNormalizedRecordNames"
              values   = ["_acme-challenge.*"]
            },
            {
              test     = "ForAllValues:StringEquals"
              variable = "route53:ChangeResourceRecordSetsRecordTypes"
              values   = ["TXT"]
            },
          ]
        }
        ReadZone = {
          actions   = ["route53:ListResourceRecordSets"]
          resources = [dependency.global_dns.outputs.zone_arn]
        }
        AwaitChange = {
          actions   = ["route53:GetChange"]
          resources = ["arn:aws:route53:::change/*"]
        }
        # Listing zones knows no resource.
        ListZones = {
          actions   = ["route53:ListHostedZonesByName"]
          resources = ["*"]
        }
      }
    }

    # Binds pods to the one target group; it makes no load balancer.
    "kube-system/aws-load-balancer-controller" = {
      description = "registers the gateway's pods as targets"
      statements = {
        Register = {
          actions = [
            "elasticloadbalancing:DeregisterTargets",
            "elasticloadbalancing:RegisterTargets",
          ]
          resources = [dependency.ingress.outputs.target_group_arn]
        }
        # Describing knows no resource.
        Describe = {
          actions = [
            "ec2:DescribeAvailabilityZones",
            "ec2:DescribeInstances",
            "ec2:DescribeNetworkInterfaces",
            "ec2:DescribeSecurityGroups",
            "ec2:DescribeSubnets",
            "ec2:DescribeVpcs",
            "elasticloadbalancing:DescribeTargetGroups",
            "elasticloadbalancing:DescribeTargetHealth",
          ]
          resources = ["*"]
        }
      }
    }

    "kube-system/cluster-autoscaler" = {
      description = "sizes the node groups"
      statements = {
        Scale = {
          actions = [
            "autoscaling:SetDesiredCapacity",
            "autoscaling:TerminateInstanceInAutoScalingGroup",
          ]
          resources = ["arn:aws:autoscaling:${local.location.aws_region}:${local.env.account_id}:autoScalingGroup:*"]
          conditions = [{
            test     = "StringEquals"
            variable = "aws:ResourceTag/eks:cluster-name"
            values   = [dependency.cluster.outputs.cluster_name]
          }]
        }
        DescribeGroups = {
          actions   = ["eks:DescribeNodegroup"]
          resources = ["arn:aws:eks:${local.location.aws_region}:${local.env.account_id}:nodegroup/${dependency.cluster.outputs.cluster_name}/*"]
        }
        # Describing knows no resource.
        Describe = {
          actions = [
            "autoscaling:DescribeAutoScalingGroups",
            "autoscaling:DescribeAutoScalingInstances",
            "autoscaling:DescribeLaunchConfigurations",
            "autoscaling:DescribeScalingActivities",
            "autoscaling:DescribeTags",
            "ec2:DescribeImages",
            "ec2:DescribeInstanceTypes",
            "ec2:DescribeLaunchTemplateVersions",
            "ec2:GetInstanceTypesFromInstanceRequirements",
          ]
          resources = ["*"]
        }
      }
    }

    "monitoring/collector" = {
      description = "ships metrics and logs"
      statements = {
        WriteMetrics = {
          actions   = ["aps:RemoteWrite"]
          resources = [dependency.observability.outputs.workspace_arn]
        }
        WriteLogs = {
          actions = [
            "logs:CreateLogStream",
            "logs:DescribeLogStreams",
            "logs:PutLogEvents",
          ]
          resources = [
            "arn:aws:logs:${local.location.aws_region}:${local.env.account_id}:log-group:${dependency.observability.outputs.log_group_names.application}:*",
            "arn:aws:logs:${local.location.aws_region}:${local.env.account_id}:log-group:${dependency.observability.outputs.log_group_names.dataplane}:*",
            "arn:aws:logs:${local.location.aws_region}:${local.env.account_id}:log-group:${dependency.observability.outputs.log_group_names.host}:*",
          ]
        }
        IndexLogs = {
          actions   = ["es:ESHttpPost", "es:ESHttpPut"]
          resources = ["${dependency.observability.outputs.search_domain_arn}/*"]
        }
      }
    }

    "monitoring/sampler" = {
      description = "writes the traces that are kept"
      statements = {
        # Traces know no resource.
        WriteTraces = {
          actions = [
            "xray:GetSamplingRules",
            "xray:GetSamplingTargets",
            "xray:PutTelemetryRecords",
            "xray:PutTraceSegments",
          ]
          resources = ["*"]
        }
      }
    }

    "monitoring/cloudwatch-exporter" = {
      description = "reads what only the cloud measures"
      statements = {
        # Metrics and the search by tag know no resource.
        ReadMetrics = {
          actions = [
            "cloudwatch:GetMetricData",
            "cloudwatch:GetMetricStatistics",
            "cloudwatch:ListMetrics",
            "tag:GetResources",
          ]
          resources = ["*"]
        }
      }
    }

    "monitoring/observer" = {
      description = "measures the stream's brokers, topics and consumers"
      statements = {
        DescribeStream = {
          actions = [
            "kafka-cluster:Connect",
            "kafka-cluster:DescribeCluster",
            "kafka-cluster:DescribeClusterDynamicConfiguration",
            "kafka-cluster:DescribeGroup",
            "kafka-cluster:DescribeTopic",
            "kafka-cluster:DescribeTopicDynamicConfiguration",
          ]
          resources = [
            dependency.stream.outputs.cluster_arn,
            "${replace(dependency.stream.outputs.cluster_arn, ":cluster/", ":topic/")}/*",
            "${replace(dependency.stream.outputs.cluster_arn, ":cluster/", ":group/")}/*",
          ]
        }
      }
    }
  }
}

include "root" {
  path = find_in_parent_folders("root.hcl")
}

locals {
  env      = read_terragrunt_config(find_in_parent_folders("env.hcl")).locals
  location = read_terragrunt_config(find_in_parent_folders("location.hcl")).locals
}

terraform {
  source = find_in_parent_folders("modules/aws/interconnect")
}

dependency "network" {
  config_path = "../network"

  mock_outputs = {
    data_route_table_ids      = { eu-west-1a = "rtb-mock" }
    peer_data_route_table_ids = { eu-central-1a = "rtb-mock" }
    peer_transit_subnet_ids = {
      eu-central-1a = "subnet-mock-a"
      eu-central-1b = "subnet-mock-b"
      eu-central-1c = "subnet-mock-c"
    }
    peer_vpc_cidr           = "10.1.0.0/16"
    peer_vpc_id             = "vpc-mock-peer"
    private_route_table_ids = { eu-west-1a = "rtb-mock" }
    transit_subnet_ids = {
      eu-west-1a = "subnet-mock-a"
      eu-west-1b = "subnet-mock-b"
      eu-west-1c = "subnet-mock-c"
    }
    vpc_cidr = "10.0.0.0/16"
    vpc_id   = "vpc-mock"
  }
  mock_outputs_allowed_terraform_commands = ["validate"]
}

dependency "observability" {
  config_path = "../observability"

  mock_outputs = {
    alarm_topic_arn = "arn:aws:sns:eu-west-1:111122223333:mock"
  }
  mock_outputs_allowed_terraform_commands = ["validate"]
}

inputs = {
  account_id      = local.env.account_id
  alarm_topic_arn = dependency.observability.outputs.alarm_topic_arn
  links           = local.env.aws_interconnect.links
  name            = "shop-${local.env.environment}-${local.location.name}"
  peer_region     = local.location.aws_peer_region
  asns = {
    cloud_router         = local.env.asns.cloud_router
    direct_connect       = local.env.asns.direct_connect
    peer_transit_gateway = local.env.aws_interconnect.peer_transit_gateway_asn
    transit_gateway      = local.env.asns.transit_gateway
  }
  network = {
    data_route_table_ids    = dependency.network.outputs.data_route_table_ids
    private_route_table_ids = dependency.network.outputs.private_route_table_ids
    transit_subnet_ids      = dependency.network.outputs.transit_subnet_ids
    vpc_cidr                = dependency.network.outputs.vpc_cidr
    vpc_id                  = dependency.network.outputs.vpc_id
  }
  peer_network = {
    data_route_table_ids = dependency.network.outputs.peer_data_route_table_ids
    transit_subnet_ids   = dependency.network.outputs.peer_transit_subnet_ids
    vpc_cidr             = dependency.network.outputs.peer_vpc_cidr
    vpc_id               = dependency.network.outputs.peer_vpc_id
  }
  standby_cidrs = {
    standby      = local.env.networks.standby
    standby_pods = local.env.networks.standby_pods
  }
}

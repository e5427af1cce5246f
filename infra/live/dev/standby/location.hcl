locals {
  name            = "standby"
  aws_region      = "eu-west-1"
  aws_peer_region = "eu-central-1"
  gcp_region      = "europe-west4"
}

locals {
  name            = "global"
  aws_region      = "eu-north-1"
  aws_peer_region = "us-east-1"
  gcp_region      = "europe-west4"
}

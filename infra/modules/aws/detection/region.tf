resource "aws_accessanalyzer_analyzer" "external" {
  analyzer_name = "${var.name}-external"
  type          = "ACCOUNT"
}

resource "aws_ebs_encryption_by_default" "main" {
  enabled = true
}

resource "aws_ec2_instance_metadata_defaults" "main" {
  http_endpoint               = "enabled"
  http_tokens                 = "required"
  http_put_response_hop_limit = 1
}

resource "aws_ebs_snapshot_block_public_access" "main" {
  state = "block-all-sharing"
}

# METADATA
# title: An acknowledged message is on two brokers
# description: >-
#   With acks=all a message is acknowledged by min.insync.replicas brokers. Below two the loss of one broker loses
#   it; at the replication factor the loss of one broker stops all writes; an unclean election throws it away.
# related_resources:
# - ref: https://docs.aws.amazon.com/msk/latest/developerguide/bestpractices.html
# custom:
#   id: TF-011
#   severity: critical
package meshproof.terraform.stream

import data.meshproof.lib.terraform

configurations := terraform.resources({"aws_msk_configuration"})

properties(configuration) := {trim_space(pair[0]): trim_space(pair[1]) |
	some line in split(configuration.values.server_properties, "\n")
	contains(line, "=")
	pair := split(line, "=")
}

number(configuration, name) := to_number(properties(configuration)[name])

required := {"default.replication.factor", "min.insync.replicas", "unclean.leader.election.enable"}

deny contains terraform.finding("TF-011", configuration, sprintf("%s is left to the default", [name])) if {
	some configuration in configurations
	some name in required
	terraform.known(configuration, "server_properties")
	not properties(configuration)[name]
}

deny contains terraform.finding("TF-011", configuration, "min.insync.replicas is below two") if {
	some configuration in configurations
	number(configuration, "min.insync.replicas") < 2
}

deny contains terraform.finding("TF-011", configuration, "min.insync.replicas equals the replication factor") if {
	some configuration in configurations
	number(configuration, "min.insync.replicas") >= number(configuration, "default.replication.factor")
}

deny contains terraform.finding("TF-011", configuration, "elects unclean leaders") if {
	some configuration in configurations
	properties(configuration)["unclean.leader.election.enable"] != "false"
}

undecided contains terraform.finding("TF-011", configuration, "its properties are known only after apply") if {
	some configuration in configurations
	terraform.unknown(configuration, "server_properties")
}

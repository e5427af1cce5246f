# METADATA
# title: Sources are named, not numbered
# description: >-
#   Inside the platform a security group admits another security group or a prefix list. An address range is for
#   what has none: a peer network, and then a private one.
# related_resources:
# - ref: https://docs.aws.amazon.com/wellarchitected/latest/framework/sec_network_protection_create_layers.html
# custom:
#   id: TF-002
#   severity: high
package meshproof.terraform.ingress

import data.meshproof.lib.terraform

private := {"10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"}

ranges := {"cidr_ipv4", "cidr_ipv6"}

references := {"prefix_list_id", "referenced_security_group_id"}

within_private(cidr) if {
	some range in private
	net.cidr_contains(range, cidr)
}

rules := terraform.resources({"aws_vpc_security_group_ingress_rule"})

deny contains terraform.finding("TF-002", rule, sprintf("admits %s, which is not private", [rule.values[range]])) if {
	some rule in rules
	some range in ranges
	is_string(rule.values[range])
	not within_private(rule.values[range])
}

# Rules inside the group can not be told apart by address and overwrite those that stand alone.
deny contains terraform.finding("TF-002", group, "states rules inline") if {
	some group in terraform.resources({"aws_security_group"})
	count(terraform.blocks(group, "ingress")) > 0
}

undecided contains terraform.finding("TF-002", rule, "its range is known only after apply") if {
	some rule in rules
	some range in ranges
	terraform.unknown(rule, range)
	not named(rule)
}

named(rule) if {
	some reference in references
	terraform.known(rule, reference)
	rule.values[reference] != null
}

# METADATA
# title: A failover record has its counterpart
# description: >-
#   A primary record without a health check never fails over, one without a secondary has nowhere to go, and an old
#   answer that lives longer than a minute keeps clients at the dead site.
# related_resources:
# - ref: https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/dns-failover.html
# custom:
#   id: TF-007
#   severity: critical
package meshproof.terraform.failover

import data.meshproof.lib.terraform

records(role) := [record |
	some record in terraform.resources({"aws_route53_record"})
	some policy in terraform.blocks(record, "failover_routing_policy")
	policy.type == role
]

counterpart(record, role) if {
	some other in records(role)
	other.values.name == record.values.name
	other.values.type == record.values.type
}

all_records := array.concat(records("PRIMARY"), records("SECONDARY"))

deny contains terraform.finding("TF-007", record, "has no health check") if {
	some record in records("PRIMARY")
	not terraform.set(record, "health_check_id")
}

deny contains terraform.finding("TF-007", record, "has no secondary of its name and type") if {
	some record in records("PRIMARY")
	not counterpart(record, "SECONDARY")
}

deny contains terraform.finding("TF-007", record, "has no primary of its name and type") if {
	some record in records("SECONDARY")
	not counterpart(record, "PRIMARY")
}

deny contains terraform.finding("TF-007", record, sprintf("lives %d s", [record.values.ttl])) if {
	some record in all_records
	record.values.ttl > 60
}

undecided contains terraform.finding("TF-007", record, "its name is known only after apply") if {
	some record in all_records
	terraform.unknown(record, "name")
}

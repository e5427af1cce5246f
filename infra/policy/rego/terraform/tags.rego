# METADATA
# title: Every resource says whose it is
# description: >-
#   Cost, ownership and the class of its data follow a resource by five tags; one that lacks any is nobody's in the
#   bill and in the incident.
# related_resources:
# - ref: https://docs.aws.amazon.com/whitepapers/latest/tagging-best-practices/tagging-best-practices.html
# custom:
#   id: TF-001
#   severity: medium
package meshproof.terraform.tags

import data.meshproof.lib.terraform

required := {"cost-centre", "data-classification", "environment", "location", "owner"}

# Providers merge their defaults into one of these.
labels(resource) := resource.values.tags_all if is_object(resource.values.tags_all)

else := resource.values.effective_labels if is_object(resource.values.effective_labels)

taggable(resource) if {
	some attribute in {"tags", "tags_all", "effective_labels"}
	attribute in object.keys(resource.values)
}

deny contains terraform.finding("TF-001", resource, msg) if {
	some resource in input.resources
	stated := labels(resource)
	present := {name | some name, value in stated; not value in {"", null}}
	missing := required - present
	count(missing) > 0
	msg := sprintf("tags are missing: %s", [concat(", ", sort(missing))])
}

undecided contains terraform.finding("TF-001", resource, "its tags are known only after apply") if {
	some resource in input.resources
	taggable(resource)
	not labels(resource)
}

# METADATA
# title: Confidential data can not be deleted by mistake
# description: >-
#   Whatever holds data that is tagged confidential refuses deletion until someone first says, in a commit, that it
#   may go.
# related_resources:
# - ref: https://docs.aws.amazon.com/wellarchitected/latest/framework/rel_planning_for_recovery_disaster_recovery.html
# custom:
#   id: TF-009
#   severity: high
package meshproof.terraform.protection

import data.meshproof.lib.terraform

attributes := {
	"aws_cognito_user_pool": "deletion_protection",
	"aws_dynamodb_table": "deletion_protection_enabled",
	"aws_lb": "enable_deletion_protection",
	"aws_rds_cluster": "deletion_protection",
	"aws_rds_global_cluster": "deletion_protection",
	"google_bigtable_instance": "deletion_protection",
	"google_container_cluster": "deletion_protection",
	"google_sql_database_instance": "deletion_protection",
}

labelled(resource) if {
	some labels in {"tags_all", "effective_labels"}
	resource.values[labels]["data-classification"] in {"confidential", "restricted"}
}

confidential(resource) if labelled(resource)

# A global cluster has no tags: it is as confidential as anything in the root.
confidential(resource) if {
	resource.type == "aws_rds_global_cluster"
	some other in terraform.resources({"aws_rds_cluster"})
	labelled(other)
}

deny contains terraform.finding("TF-009", resource, sprintf("%s is not true", [attribute])) if {
	some resource in input.resources
	attribute := attributes[resource.type]
	confidential(resource)
	not terraform.set(resource, attribute)
}

# Labels that the provider merges in are not in every plan.
unlabelled(resource) if {
	not is_object(object.get(resource.values, "tags_all", null))
	not is_object(object.get(resource.values, "effective_labels", null))
	resource.type != "aws_rds_global_cluster"
}

undecided contains terraform.finding("TF-009", resource, "it is open to deletion, and its labels are known only after apply") if {
	some resource in input.resources
	attribute := attributes[resource.type]
	unlabelled(resource)
	not terraform.set(resource, attribute)
}

undecided contains terraform.finding("TF-009", resource, sprintf("%s is known only after apply", [attribute])) if {
	some resource in input.resources
	attribute := attributes[resource.type]
	terraform.unknown(resource, attribute)
}

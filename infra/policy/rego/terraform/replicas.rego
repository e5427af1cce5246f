# METADATA
# title: A multi-Region key has its replica
# description: >-
#   A copy of the data in the peer region can only be opened there if its key is there too. A key that was made to
#   be replicated and was not is found out on the day it is needed.
# related_resources:
# - ref: https://docs.aws.amazon.com/kms/latest/developerguide/multi-region-keys-overview.html
# custom:
#   id: TF-008
#   severity: high
package meshproof.terraform.replicas

import data.meshproof.lib.terraform

keys := terraform.resources({"aws_kms_key"})

replicated(key) if {
	some replica in terraform.resources({"aws_kms_replica_key"})
	terraform.module(replica.address) == terraform.module(key.address)
	terraform.key(replica.address) == terraform.key(key.address)
}

deny contains terraform.finding("TF-008", key, "is a multi-Region key without a replica") if {
	some key in keys
	key.values.multi_region == true
	not replicated(key)
}

deny contains terraform.finding("TF-008", key, "can be gone in less than 30 days") if {
	some key in keys
	key.values.deletion_window_in_days < 30
	key.values.tags_all["data-classification"] in {"confidential", "restricted"}
}

undecided contains terraform.finding("TF-008", key, "whether it is replicated is known only after apply") if {
	some key in keys
	terraform.unknown(key, "multi_region")
}

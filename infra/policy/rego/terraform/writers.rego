# METADATA
# title: A failover inside the region has somewhere to go
# description: >-
#   A database cluster with one instance restarts instead of failing over. The next writer is chosen by tier, so the
#   tiers are stated and the instances stand in several zones.
# related_resources:
# - ref: https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Concepts.AuroraHighAvailability.html
# custom:
#   id: TF-013
#   severity: high
package meshproof.terraform.writers

import data.meshproof.lib.terraform

instances_of(cluster) := [instance |
	some instance in terraform.resources({"aws_rds_cluster_instance"})
	instance.values.cluster_identifier == cluster.values.cluster_identifier
]

# A secondary of a global database only has to be promotable.
secondary(cluster) if is_string(cluster.values.replication_source_identifier)

secondary(cluster) if endswith(cluster.address, ".peer")

primaries := [cluster |
	some cluster in terraform.resources({"aws_rds_cluster"})
	not secondary(cluster)
]

deny contains terraform.finding("TF-013", cluster, "has fewer than two instances") if {
	some cluster in primaries
	terraform.known(cluster, "cluster_identifier")
	decided
	count(instances_of(cluster)) < 2
}

deny contains terraform.finding("TF-013", instance, "its promotion tier is left to the default") if {
	some instance in terraform.resources({"aws_rds_cluster_instance"})
	terraform.known(instance, "promotion_tier")
	instance.values.promotion_tier == null
}

# Instances may name their cluster by an id that only apply tells.
decided if {
	every instance in terraform.resources({"aws_rds_cluster_instance"}) {
		terraform.known(instance, "cluster_identifier")
	}
}

undecided contains terraform.finding("TF-013", cluster, "which instances it has is known only after apply") if {
	some cluster in primaries
	not decided
}

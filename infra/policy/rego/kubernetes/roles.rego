# METADATA
# title: Nobody is the administrator but the reconciler
# description: >-
#   Whoever holds cluster-admin, or every verb on every resource, is outside every other rule. The reconciler has to
#   be; nobody else is bound to it.
# related_resources:
# - ref: https://kubernetes.io/docs/concepts/security/rbac-good-practices/
# custom:
#   id: K8S-008
#   severity: critical
package meshproof.kubernetes.roles

import data.meshproof.lib.kubernetes

administrators := {"flux-system/platform-reconciler"}

roles := kubernetes.objects({"ClusterRole", "Role"})

bindings := kubernetes.objects({"ClusterRoleBinding", "RoleBinding"})

# What lets its holder become more than it was given.
escalating := {"bind", "escalate", "impersonate"}

deny contains kubernetes.finding("K8S-008", role, "grants every verb on every resource") if {
	some role in roles
	some rule in role.rules
	"*" in rule.verbs
	"*" in rule.resources
}

deny contains kubernetes.finding("K8S-008", role, sprintf("grants %s", [verb])) if {
	some role in roles
	some rule in role.rules
	some verb in rule.verbs
	verb in escalating
}

deny contains kubernetes.finding("K8S-008", binding, sprintf("makes %s %s administrator", [subject.kind, subject.name])) if {
	some binding in bindings
	binding.roleRef.name == "cluster-admin"
	some subject in binding.subjects
	not sprintf("%s/%s", [object.get(subject, "namespace", ""), subject.name]) in administrators
}

deny contains kubernetes.finding("K8S-008", binding, sprintf("binds %s, which is not declared", [subject.name])) if {
	some binding in bindings
	some subject in binding.subjects
	subject.kind == "ServiceAccount"
	not kubernetes.exists("ServiceAccount", object.get(subject, "namespace", ""), subject.name)
	not object.get(subject, "namespace", "") in kubernetes.released
}

undecided contains kubernetes.finding("K8S-008", binding, sprintf("binds %s, which a Helm release may bring", [subject.name])) if {
	some binding in bindings
	some subject in binding.subjects
	subject.kind == "ServiceAccount"
	not kubernetes.exists("ServiceAccount", object.get(subject, "namespace", ""), subject.name)
	subject.namespace in kubernetes.released
}

# METADATA
# title: How rules look at a plan
# description: >-
#   The input is {"resources": [{"address", "type", "values"}]}, the planned values of the composed root. An attribute
#   that is not in `values` will be known only after apply; one that is null was left unset. A rule that meets an unknown
#   value reports the resource as undecided: it neither passes nor fails.
package meshproof.lib.terraform

resources(types) := [r | some r in input.resources; r.type in types]

known(resource, attribute) if attribute in object.keys(resource.values)

unknown(resource, attribute) if not known(resource, attribute)

# Whether something stands there, be it a value that only apply will tell.
set(resource, attribute) if unknown(resource, attribute)

set(resource, attribute) if not resource.values[attribute] in {null, "", false}

# A nested block, once or many times: plans write a list, evaluated modules a single object.
blocks(resource, name) := resource.values[name] if is_array(resource.values[name])

blocks(resource, name) := [resource.values[name]] if is_object(resource.values[name])

blocks(resource, name) := [] if object.get(resource.values, name, null) == null

# The module of an address: resources made together share it.
module(address) := regex.replace(address, `\.?[a-z0-9_]+\.[A-Za-z0-9_-]+(\[[^\]]*\])?$`, "")

# What stands between the last pair of brackets, or the empty string.
key(address) := trim_suffix(parts[count(parts) - 1], "]") if {
	endswith(address, "]")
	parts := split(address, "[")
}

key(address) := "" if not endswith(address, "]")

finding(id, resource, msg) := {"id": id, "address": resource.address, "msg": msg}

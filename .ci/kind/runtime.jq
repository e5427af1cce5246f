# The OCI specification of a container (its process is a part) or of a process to be run in one.
def less: if .capabilities then .capabilities |= map_values(. - ["CAP_SYS_RESOURCE"]) else . end;
if .process then .process |= less else less end

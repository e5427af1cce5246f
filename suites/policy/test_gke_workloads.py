"""GKE: what runs in the standby's cluster, who lets it in and who watches it."""

from collections.abc import Iterator, Mapping

from meshproof import Control, Level, Pillar, checks, edit, judge, remove
from meshproof.declaration.platform import Item, Platform
from suites.policy.classes import ByClass

#: What must be logged and measured for an incident to be understood afterwards.
LOGS = frozenset({"SYSTEM_COMPONENTS", "APISERVER", "CONTROLLER_MANAGER", "SCHEDULER", "WORKLOADS"})
METRICS = frozenset({"SYSTEM_COMPONENTS", "APISERVER", "SCHEDULER", "CONTROLLER_MANAGER", "POD", "DEPLOYMENT", "HPA"})
#: Kinds that hold a pod template.
WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet", "Rollout", "Job")
#: Volumes of the host that Autopilot admits for reading.
HOST_READABLE = ("/var/log",)

ADMISSION = Control(
    id="GKE-010",
    title="Only images that the pipeline attested MUST be admitted, by a chain with no missing link",
    system="gke",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source="https://cloud.google.com/binary-authorization/docs/overview",
    remedy="Enforce the project's policy in the cluster; the policy requires an attestor with a note and a key.",
    relates=(
        "google_container_cluster",
        "google_binary_authorization_policy",
        "google_binary_authorization_attestor",
        "google_container_analysis_note",
    ),
    frameworks={"nist": "SI-7(15)", "pci": "6.3.2", "cis": "GKE 5.10.4", "soc2": "CC8.1"},
    mutants=[
        edit(
            "google_binary_authorization_policy",
            "module.standby_cluster.*",
            {"default_admission_rule": [{"evaluation_mode": "ALWAYS_ALLOW"}]},
            says="ALWAYS_ALLOW",
        ),
        remove("google_binary_authorization_attestor", "module.standby_cluster.*", says="asks no attestor"),
        edit(
            "google_container_cluster",
            "module.standby_cluster.*",
            {"binary_authorization": [{"evaluation_mode": "DISABLED"}]},
            says="admits any image",
        ),
    ],
)

#: A trial runs what no pipeline built; there it is written down what would be refused.
ENFORCEMENT = ByClass(
    production="ENFORCED_BLOCK_AND_AUDIT_LOG",
    rehearsal="ENFORCED_BLOCK_AND_AUDIT_LOG",
    trial="DRYRUN_AUDIT_LOG_ONLY",
)


@checks(ADMISSION)
def test_only_attested_images_are_admitted(platform: Platform) -> None:
    """From the cluster to the policy, the attestor, its note and its key, every link is declared."""
    policies = platform.all("google_binary_authorization_policy")

    def admits(cluster: Item) -> list[str]:
        if cluster.text("binary_authorization.0.evaluation_mode") != "PROJECT_SINGLETON_POLICY_ENFORCE":
            return ["admits any image"]
        ours = [one for one in policies if one.text("project") == cluster.text("project")]
        return [text for one in ours for text in _requires(one)] if ours else ["its project has no policy"]

    findings = judge(platform.all("google_container_cluster"), admits)

    assert not findings.broken, findings.table()


def _requires(policy: Item) -> list[str]:
    rule = "default_admission_rule.0"
    said = []
    if (mode := policy.text(f"{rule}.evaluation_mode")) != "REQUIRE_ATTESTATION":
        said.append(f"admits by {mode or 'no rule'}")
    if policy.text(f"{rule}.enforcement_mode") != ENFORCEMENT.of(policy):
        said.append("only writes down what it should refuse")
    if policy.text("global_policy_evaluation_mode") != "ENABLE":
        said.append("refuses Google's own system images")
    attestors = policy.refers(f"{rule}.require_attestations_by", "google_binary_authorization_attestor")
    if not attestors:
        said.append("asks no attestor of ours")
    for one in attestors:
        note = "attestation_authority_note.0"
        notes = one.refers(f"{note}.note_reference", "google_container_analysis_note")
        if not notes or not one.refers(f"{note}.public_keys"):
            said.append(f"{one.address} signs with no note and key of ours")
        said += [
            f"{found.address} says not who signs"
            for found in notes
            if not found.text("attestation_authority.0.hint.0.human_readable_name")
        ]
    return said


RECOVERABLE = Control(
    id="GKE-011",
    title="The cluster's objects and volumes MUST be backed up by a plan that refers to it, through its agent",
    system="gke",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source="https://cloud.google.com/kubernetes-engine/docs/add-on/backup-for-gke/concepts/backup-for-gke",
    remedy="Enable gke_backup_agent_config and declare a backup plan of the cluster that is not paused.",
    relates=("google_container_cluster", "google_gke_backup_backup_plan"),
    frameworks={"nist": "CP-9", "pci": "9.4.1", "hipaa": "164.308(a)(7)", "soc2": "A1.2"},
    mutants=[
        edit(
            "google_container_cluster",
            "module.standby_cluster.*",
            {"addons_config": [{"gke_backup_agent_config": [{"enabled": False}]}]},
            says="runs no backup agent",
        ),
        remove("google_gke_backup_backup_plan", "module.standby_backup.*", says="no plan backs it up"),
    ],
)


@checks(RECOVERABLE)
def test_cluster_is_backed_up(platform: Platform) -> None:
    """Each GKE cluster runs the agent, and a live plan names it."""
    plans = platform.all("google_gke_backup_backup_plan")

    def backed(cluster: Item) -> list[str]:
        said = []
        if cluster.get("addons_config.0.gke_backup_agent_config.0.enabled") is not True:
            said.append("runs no backup agent")
        live = [one for one in plans if one.refers("cluster") and not one.get("deactivated")]
        if not any(found.address == cluster.address for one in live for found in one.refers("cluster")):
            said.append("no plan backs it up")
        return said

    findings = judge(platform.all("google_container_cluster"), backed)

    assert not findings.broken, findings.table()


OBSERVED = Control(
    id="GKE-012",
    title="Control plane, nodes, workloads and cost of a GKE cluster MUST be logged and measured",
    system="gke",
    pillar=Pillar.OPERATIONS,
    level=Level.MUST,
    since="1.0",
    source="https://cloud.google.com/kubernetes-engine/docs/concepts/observability",
    remedy="Name the components in logging_config and monitoring_config; enable managed Prometheus and cost data.",
    frameworks={"nist": "AU-12", "pci": "10.2.1", "cis": "GKE 5.7.1", "soc2": "CC7.2"},
    mutants=[
        edit(
            "google_container_cluster",
            "module.standby_cluster.*",
            {"logging_config": [{"enable_components": ["SYSTEM_COMPONENTS"]}]},
            says="does not log APISERVER",
        ),
        edit(
            "google_container_cluster",
            "module.standby_cluster.*",
            {"cost_management_config": [{"enabled": False}]},
            says="what a team costs",
        ),
    ],
)


@checks(OBSERVED)
def test_cluster_is_observed(platform: Platform) -> None:
    """Each GKE cluster logs and measures its control plane and its workloads, and says what each costs."""
    findings = judge(platform.all("google_container_cluster"), _observed)

    assert not findings.broken, findings.table()


def _observed(cluster: Item) -> list[str]:
    logged = set(cluster.sequence("logging_config.0.enable_components"))
    measured = set(cluster.sequence("monitoring_config.0.enable_components"))
    said = [f"does not log {one}" for one in sorted(LOGS - logged)]
    said += [f"does not measure {one}" for one in sorted(METRICS - measured)]
    if cluster.get("monitoring_config.0.managed_prometheus.0.enabled") is not True:
        said.append("collects no metrics of its workloads")
    flows = "monitoring_config.0.advanced_datapath_observability_config.0"
    if cluster.get(f"{flows}.enable_metrics") is not True:
        said.append("does not see which pod's packets are dropped")
    if cluster.get(f"{flows}.enable_relay") is not False:
        said.append("lets anyone in the cluster watch all flows")
    if cluster.get("cost_management_config.0.enabled") is not True:
        said.append("does not say what a team costs")
    return said


IDENTITY = Control(
    id="GKE-013",
    title="Nodes of a GKE cluster MUST run as an account of their own, known to the fleet, with the node's role only",
    system="gke",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source="https://cloud.google.com/kubernetes-engine/docs/how-to/service-accounts",
    remedy="Give the nodes a service account with roles/container.defaultNodeServiceAccount; join the fleet.",
    relates=(
        "google_container_cluster",
        "google_service_account",
        "google_project_iam_member",
        "google_gke_hub_membership",
    ),
    frameworks={"nist": "AC-6", "pci": "7.2.5", "cis": "GKE 5.2.1", "soc2": "CC6.3"},
    mutants=[
        edit(
            "google_project_iam_member",
            "module.standby_cluster.google_project_iam_member.node",
            {"role": "roles/editor"},
            says="roles/editor",
        ),
        remove("google_service_account", "module.standby_cluster.*.node", says="default account"),
        remove("google_gke_hub_membership", "module.standby_cluster.*", says="no fleet"),
    ],
)

#: Google's least role for a node.
NODE_ROLE = "roles/container.defaultNodeServiceAccount"


@checks(IDENTITY)
def test_nodes_have_an_identity_of_their_own(platform: Platform) -> None:
    """The nodes' account is declared, holds the node's role and no other, and the cluster is a fleet's member."""
    members = platform.all("google_project_iam_member")
    fleet = {
        cluster.address
        for one in platform.all("google_gke_hub_membership")
        for path in ("authority.0.issuer", "endpoint.0.gke_cluster.0.resource_link")
        if one.mappings("authority") and one.mappings("endpoint.0.gke_cluster")
        for cluster in one.refers(path, "google_container_cluster")
    }

    def identified(cluster: Item) -> list[str]:
        defaults = "cluster_autoscaling.0.auto_provisioning_defaults.0"
        accounts = cluster.refers(f"{defaults}.service_account", "google_service_account")
        said = [] if accounts else ["its nodes run as the project's default account"]
        for account in accounts:
            roles = {one.text("role") for one in members if account.address in _addresses(one)}
            if roles != {NODE_ROLE}:
                said.append(f"{account.address} holds {', '.join(sorted(roles)) or 'no role'}, not {NODE_ROLE} alone")
        if cluster.address not in fleet:
            said.append("belongs to no fleet, so that the mesh cannot tell its identities")
        return said

    findings = judge(platform.all("google_container_cluster"), identified)

    assert not findings.broken, findings.table()


def _addresses(member: Item) -> set[str]:
    return {one.address for one in member.refers("member")}


ADMITTED = Control(
    id="GKE-014",
    title="Nothing that Autopilot refuses MUST be declared for the standby, and what the mesh needs MUST be allowed",
    system="gke",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source="https://cloud.google.com/kubernetes-engine/docs/concepts/autopilot-security",
    remedy="Take privileged containers and host namespaces out of the standby; allow_net_admin is for the mesh.",
    relates=("google_container_cluster", "Deployment", "Rollout", "PeerAuthentication"),
    frameworks={"nist": "CM-7", "cis": "GKE 5.2.1", "soc2": "CC8.1"},
    mutants=[
        edit(
            "Deployment",
            "standby:istio-ingress/istio-ingressgateway",
            {"spec": {"template": {"spec": {"hostNetwork": True}}}},
            says="hostNetwork",
        ),
        edit(
            "Deployment",
            "standby:data/pgbouncer",
            {"spec": {"template": {"spec": {"containers": [{"securityContext": {"privileged": True}}]}}}},
            says="privileged",
        ),
        edit("google_container_cluster", "module.standby_cluster.*", {"allow_net_admin": False}, says="NET_ADMIN"),
    ],
)


@checks(ADMITTED)
def test_autopilot_admits_what_is_declared(platform: Platform) -> None:
    """No workload of an Autopilot cluster asks for the host, and a meshed cluster lets the mesh redirect."""
    workloads = platform.all(*WORKLOADS)
    meshed = {one.site for one in platform.all("PeerAuthentication")}

    def admitted(cluster: Item) -> list[str]:
        said = [
            f"{one.address} asks for {text}" for one in workloads if one.site == cluster.site for text in _refused(one)
        ]
        if bool(cluster.get("allow_net_admin")) != (cluster.site in meshed):
            said.append("NET_ADMIN is allowed where no mesh redirects, or refused where one must")
        return said

    autopilots = [one for one in platform.all("google_container_cluster") if one.get("enable_autopilot")]
    findings = judge(autopilots, admitted)

    assert not findings.broken, findings.table()


def _refused(workload: Item) -> Iterator[str]:
    pod = "spec.template.spec"
    yield from (name for name in ("hostNetwork", "hostPID", "hostIPC") if workload.get(f"{pod}.{name}"))
    for volume in workload.mappings(f"{pod}.volumes"):
        host = volume.get("hostPath")
        if isinstance(host, Mapping) and not str(host.get("path")).startswith(HOST_READABLE):
            yield f"hostPath {host.get('path')}"
    for group in ("containers", "initContainers"):
        for position in range(len(workload.mappings(f"{pod}.{group}"))):
            if workload.get(f"{pod}.{group}.{position}.securityContext.privileged"):
                yield "a privileged container"

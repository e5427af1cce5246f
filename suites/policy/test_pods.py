"""What a pod may do and where it runs: the restricted profile, its volumes, its spread, its services."""

from collections.abc import Mapping

from meshproof import Control, Level, Pillar, checks, edit, judge
from meshproof.declaration.platform import Item, Platform
from suites.policy.quantities import amount, number_of
from suites.policy.workloads import WORKLOADS, containers, pod_labels, selects

RESTRICTED = Control(
    id="ZT-001",
    title="Every container MUST run unprivileged: no root, no capability, no writable root, a seccomp profile",
    system="zerotrust",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source="https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted",
    remedy="Set the fields of the restricted profile on the pod and on each container, one user and group for both.",
    frameworks={"nist": "AC-6", "cis": "5.2.2", "pci": "2.2.6", "soc2": "CC6.3"},
    mutants=[
        edit(
            "Rollout",
            "primary:shop/orders",
            {"spec": {"template": {"spec": {"containers": [{"securityContext": {"readOnlyRootFilesystem": False}}]}}}},
            says="readOnlyRootFilesystem is False",
        ),
        edit(
            "Deployment",
            "standby:rate-limit/rate-limit",
            {"spec": {"template": {"spec": {"securityContext": {"runAsUser": 0}}}}},
            says="user 0",
        ),
        edit(
            "Rollout",
            "primary:shop/orders",
            {"spec": {"template": {"spec": {"automountServiceAccountToken": True}}}},
            says="carries a token",
        ),
    ],
)

#: What each container's security context says.
UNPRIVILEGED = {
    "allowPrivilegeEscalation": False,
    "privileged": False,
    "readOnlyRootFilesystem": True,
    "runAsNonRoot": True,
}


@checks(RESTRICTED)
def test_every_container_is_unprivileged(platform: Platform) -> None:
    """Each pod keeps the restricted profile, whatever its namespace admits."""
    bound = {
        (binding.site, subject.get("namespace"), subject.get("name"))
        for binding in platform.all("RoleBinding", "ClusterRoleBinding")
        for subject in binding.mappings("subjects")
    }

    def restricted(workload: Item) -> list[str]:
        account = (workload.site, workload.namespace, workload.text("spec.template.spec.serviceAccountName"))
        needless = workload.get("spec.template.spec.automountServiceAccountToken") is not False and account not in bound
        return [
            *_restricted(workload),
            *(["carries a token of the Kubernetes API that no role needs"] if needless else []),
        ]

    findings = judge(platform.all(*WORKLOADS), restricted)

    assert not findings.broken, findings.table()


def _restricted(workload: Item) -> list[str]:
    pod = "spec.template.spec"
    said = [
        f"{one.get('name')}: {key} is {workload.get(f'{path}.securityContext.{key}')}"
        for path, one in containers(workload)
        for key, wanted in UNPRIVILEGED.items()
        if workload.get(f"{path}.securityContext.{key}") is not wanted
    ]
    said += [
        f"{one.get('name')} keeps capabilities"
        for path, one in containers(workload)
        if "ALL" not in workload.sequence(f"{path}.securityContext.capabilities.drop")
    ]
    user, group = (workload.number(f"{pod}.securityContext.runAs{one}") for one in ("User", "Group"))
    owner = workload.number(f"{pod}.securityContext.fsGroup")
    if not user or user != group or owner not in (None, group):
        said.append(f"runs as user {user}, group {group}, volumes of {owner}")
    if workload.get(f"{pod}.securityContext.runAsNonRoot") is not True:
        said.append("the pod may run as root")
    if workload.text(f"{pod}.securityContext.seccompProfile.type") not in ("RuntimeDefault", "Localhost"):
        said.append("the pod has no seccomp profile")
    return said


#: A scratch volume lies in node memory or on its disk: enough for a socket or an upload, never a store.
SCRATCH = (8 * 2**20, 128 * 2**20)

#: Octal bits of a mounted secret that nobody may have: any writing, any reading by others.
FORBIDDEN_MODE = 0o337

VOLUMES = Control(
    id="CON-005",
    title="Every mount MUST have its volume and every volume its mount; settings and secrets MUST be read-only",
    system="contracts",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source="https://kubernetes.io/docs/concepts/storage/volumes/",
    remedy="Mount each declared volume, read-only unless it is a bounded emptyDir, secrets with mode 0440 or less.",
    frameworks={"nist": "AC-3", "cis": "5.4.1"},
    mutants=[
        edit(
            "Rollout",
            "primary:shop/orders",
            {"spec": {"template": {"spec": {"volumes": [{}, {"secret": {"defaultMode": 420}}]}}}},
            says="mode 0644",
        ),
        edit(
            "Rollout",
            "primary:shop/orders",
            {"spec": {"template": {"spec": {"containers": [{"volumeMounts": [{}, {"readOnly": False}]}]}}}},
            says="is writable",
        ),
    ],
)


@checks(VOLUMES)
def test_every_volume_is_mounted_as_it_must(platform: Platform) -> None:
    """Mounts and volumes meet, and only bounded scratch space can be written."""
    findings = judge(platform.all(*WORKLOADS), _volumes)

    assert not findings.broken, findings.table()


def _volumes(workload: Item) -> list[str]:
    volumes = {one.get("name"): one for one in workload.mappings("spec.template.spec.volumes")}
    mounts = [one for path, _ in containers(workload) for one in workload.mappings(f"{path}.volumeMounts")]
    used = {one.get("name") for one in mounts}
    said = [f"volume {name} is mounted nowhere" for name in volumes.keys() - used]
    said += [f"mounts {name}, which is no volume" for name in used - volumes.keys()]
    for mount in mounts:
        volume = volumes.get(mount.get("name"), {})
        if {"configMap", "secret", "projected"} & volume.keys() and mount.get("readOnly") is not True:
            said.append(f"{mount.get('name')} is writable at {mount.get('mountPath')}")
    for name, volume in volumes.items():
        said += _bounded(str(name), volume)
    return said


def _bounded(name: str, volume: Mapping[str, object]) -> list[str]:
    kinds = {key for key in volume if key != "name"}
    if not kinds:
        return [f"volume {name} is made of nothing"]
    scratch, secret = volume.get("emptyDir"), volume.get("secret")
    if isinstance(scratch, Mapping):
        size = amount(scratch.get("sizeLimit"))
        if size is None or not SCRATCH[0] <= size <= SCRATCH[1]:
            return [f"scratch volume {name} may grow to {scratch.get('sizeLimit')}"]
    if isinstance(secret, Mapping) and (mode := number_of(secret.get("defaultMode"))) is not None:
        bits = int(mode)
        if bits < 0 or bits & FORBIDDEN_MODE or not bits & 0o440:
            return [f"secret volume {name} has mode 0{bits:o}"]
    return []


SPREAD = Control(
    id="CON-006",
    title="Every replicated workload MUST be spread over zones, and what scales also over nodes",
    system="contracts",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source="https://docs.aws.amazon.com/eks/latest/best-practices/application.html",
    remedy="Add topologySpreadConstraints of the pods' own labels with maxSkew 1: zone and hostname.",
    frameworks={"nist": "CP-2", "soc2": "A1.2"},
    relates=("Rollout", "HorizontalPodAutoscaler"),
    mutants=[
        edit(
            "Rollout",
            "standby:shop/orders",
            {"spec": {"template": {"spec": {"topologySpreadConstraints": [{"maxSkew": 10}]}}}},
            says="skew of 10",
        ),
        edit(
            "Deployment",
            "primary:istio-ingress/istio-ingressgateway",
            {"spec": {"template": {"spec": {"topologySpreadConstraints": [None]}}}},
            says="not spread over zones",
        ),
    ],
)


@checks(SPREAD)
def test_every_replicated_workload_is_spread(platform: Platform) -> None:
    """The loss of a zone, or of a node, takes only its share of a service."""
    scaled = {
        (one.site, one.namespace, one.text("spec.scaleTargetRef.kind"), one.text("spec.scaleTargetRef.name"))
        for one in platform.all("HorizontalPodAutoscaler")
    }

    def spread(workload: Item) -> list[str]:
        scales = (workload.site, workload.namespace, workload.kind, workload.name) in scaled
        return _spread(workload, scales=scales)

    findings = judge(
        [one for one in platform.all("Deployment", "Rollout") if one.text("spec.strategy.type") != "Recreate"], spread
    )

    assert not findings.broken, findings.table()


def _spread(workload: Item, *, scales: bool) -> list[str]:
    said = []
    rules = workload.mappings("spec.template.spec.topologySpreadConstraints")
    for rule in rules:
        if number_of(rule.get("maxSkew")) != 1:
            said.append(f"allows a skew of {rule.get('maxSkew')} over {rule.get('topologyKey')}")
        if not selects(rule.get("labelSelector"), pod_labels(workload)) or not rule.get("labelSelector"):
            said.append(f"counts other pods than its own over {rule.get('topologyKey')}")
    keys = {rule.get("topologyKey") for rule in rules}
    if "topology.kubernetes.io/zone" not in keys:
        said.append("is not spread over zones")
    if scales and "kubernetes.io/hostname" not in keys:
        said.append("scales, but is not spread over nodes")
    return said

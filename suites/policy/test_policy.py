"""Policy as code: Rego judges what is declared, admission judges what arrives, on every site alike."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from meshproof import Control, Level, Pillar, checks, edit, judge, remove
from meshproof.declaration.model import UNKNOWN
from meshproof.declaration.platform import Item, Platform
from meshproof.scanners.opa import Denial, denials
from suites.policy.parity import counterparts, differences
from suites.policy.workloads import selects

_ADMISSION = "https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/"
_POLICY, _BINDING = "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"

DENIED = Control(
    id="POL-001",
    title="What a Rego policy denies MUST be fixed",
    system="policy",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source="https://www.openpolicyagent.org/docs/terraform",
    remedy="Change what the policy's message names; the policy's metadata says why.",
    frameworks={"nist": "CM-6", "pci": "2.2.1", "soc2": "CC8.1"},
    relates=("Rego", "Kustomization"),
    mutants=[
        edit("HorizontalPodAutoscaler", "primary:shop/orders", {"spec": {"maxReplicas": 4000}}, says="K8S-011"),
        edit("Kustomization", "primary:flux-system/data", {"spec": {"prune": False}}, says="K8S-010"),
    ],
)


@checks(DENIED, runs_a_program=True)
def test_nothing_is_denied(platform: Platform) -> None:
    """No policy of the declaration's own finds anything in the declaration."""
    said = _by_address(platform, decided=True)

    findings = judge(platform.family("terraform", "kubernetes"), lambda item: said.get(item.address))

    assert not findings.broken, findings.table()


def _by_address(platform: Platform, *, decided: bool) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for one in _answers(platform):
        if one.decided is decided:
            found.setdefault(one.address, []).append(f"{one.policy} {one.says}")
    return found


def _answers(platform: Platform) -> list[Denial]:
    """Each site's objects are one cluster's; Terraform's resources are judged together."""
    modules = platform.all("Rego")
    resources, objects = platform.family("terraform"), platform.family("kubernetes")
    if not modules:
        return []
    answers = list(denials(modules, resources))
    for site in platform.sites:
        answers += denials(modules, [one for one in objects if one.site == site])
    return answers


UNDECIDED = Control(
    id="POL-002",
    title="What Rego cannot decide SHOULD rest only on what a provider or a chart decides later",
    system="policy",
    pillar=Pillar.OPERATIONS,
    level=Level.SHOULD,
    since="1.0",
    source="https://www.openpolicyagent.org/docs/policy-testing",
    remedy="State the value in the declaration, or say in the policy why it cannot be known.",
    frameworks={"nist": "CA-7", "soc2": "CC4.1"},
    relates=("Rego", "HelmRelease", "HorizontalPodAutoscaler"),
    mutants=[
        edit("Kustomization", "primary:flux-system/data", {"spec": {"path": "./${nowhere}"}}, says="K8S-010"),
    ],
)


#: Where an object names pods, targets or accounts that the chart of a release may make.
MADE_ELSEWHERE = ("spec.selector", "spec.scaleTargetRef", "subjects")


@checks(UNDECIDED, runs_a_program=True)
def test_what_is_undecided_is_decided_later(platform: Platform) -> None:
    """An answer that a policy owes has a reason in the declaration: a value of the provider's, or a chart's pods."""
    said = _by_address(platform, decided=False)
    released = {(one.site, one.text("spec.targetNamespace") or one.namespace) for one in platform.all("HelmRelease")}

    def later(item: Item) -> bool:
        if item.has("apiVersion"):
            spaces = {item.namespace, *(str(one.get("namespace")) for one in item.mappings("subjects"))}
            refers = any(item.has(path) for path in MADE_ELSEWHERE)
            return refers and any((item.site, one) in released for one in spaces)
        return repr(UNKNOWN) in str(item.get(()))

    findings = judge(
        platform.family("terraform", "kubernetes"), lambda one: [] if later(one) else said.get(one.address, [])
    )

    assert not findings.broken, findings.table()


ENFORCED = Control(
    id="POL-003",
    title="Every admission policy MUST be bound, deny, and fail closed; what it takes as parameters MUST be declared",
    system="policy",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source=_ADMISSION,
    remedy="Bind the policy with validationActions [Deny], set failurePolicy: Fail, declare the parameters.",
    frameworks={"nist": "CM-7", "pci": "2.2.1", "soc2": "CC6.8"},
    relates=(_POLICY, _BINDING, "ConfigMap"),
    mutants=[
        edit(_BINDING, "primary:token-mounting", {"spec": {"validationActions": ["Warn"]}}, says="does not deny"),
        edit(_POLICY, "primary:token-mounting", {"spec": {"failurePolicy": "Ignore"}}, says="fails open"),
        remove(_BINDING, "primary:token-mounting", says="is not bound"),
        remove(_POLICY, "primary:token-mounting", says="binds nothing"),
    ],
)


@checks(ENFORCED)
def test_policies_are_enforced(platform: Platform) -> None:
    """What a policy forbids does not arrive, even when the policy cannot be evaluated."""
    policies, bindings = platform.all(_POLICY), platform.all(_BINDING)
    bound = {(one.site, one.text("spec.policyName")): one for one in bindings}
    known = {(one.site, one.name): one for one in policies}
    parameters = {(one.site, one.namespace, one.name) for one in platform.all("ConfigMap")}

    def enforced(policy: Item) -> Iterator[str]:
        if policy.text("spec.failurePolicy") != "Fail":
            yield "fails open"
        if not policy.mappings("spec.validations"):
            yield "validates nothing"
        if (policy.site, policy.name) not in bound:
            yield "is not bound"

    def denies(binding: Item) -> Iterator[str]:
        policy = known.get((binding.site, binding.text("spec.policyName")))
        if policy is None:
            yield "binds nothing"
            return
        if "Deny" not in binding.sequence("spec.validationActions"):
            yield "does not deny"
        if policy.has("spec.paramKind") != binding.has("spec.paramRef"):
            yield "its policy takes no parameters, or is given none"
        place = (binding.site, binding.text("spec.paramRef.namespace"), binding.text("spec.paramRef.name"))
        if binding.has("spec.paramRef") and place not in parameters:
            yield f"its parameters {'/'.join(place[1:])} are not declared"
        if binding.has("spec.paramRef") and binding.text("spec.paramRef.parameterNotFoundAction") != "Deny":
            yield "admits everything when its parameters are missing"

    shut, bindings_shut = judge(policies, enforced), judge(bindings, denies)

    assert not shut.broken, shut.table()
    assert not bindings_shut.broken, bindings_shut.table()


COMPLETE = Control(
    id="POL-004",
    title="A policy about pods MUST match every kind that makes pods, and each policy a kind in use",
    system="policy",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source=f"{_ADMISSION}#validating-admission-policy-actions",
    remedy="Match pods and every workload kind on CREATE and UPDATE; drop rules for kinds that do not exist.",
    frameworks={"nist": "CM-7", "soc2": "CC6.8"},
    relates=(_POLICY, "Rollout", "Deployment"),
    mutants=[
        edit(
            _POLICY,
            "primary:workload-labels",
            {"spec": {"matchConstraints": {"resourceRules": [{}, {}, {}, None]}}},
            says="does not match rollouts",
        ),
        edit(
            _POLICY,
            "primary:workload-labels",
            {"spec": {"matchConditions": [None]}},
            says="would refuse rollouts that name their pods elsewhere",
        ),
    ],
)
_MAKES_PODS: Final = ("daemonsets", "deployments", "statefulsets", "cronjobs", "jobs")


@checks(COMPLETE)
def test_policies_match_every_kind(platform: Platform) -> None:
    """No detour leads around a policy."""
    kinds = {one.kind.lower() for one in platform.family("kubernetes")}

    def matches(policy: Item) -> Iterator[str]:
        rules = policy.mappings("spec.matchConstraints.resourceRules")
        matched = {str(name) for rule in rules for name in _list(rule.get("resources"))}
        wanted = {*_MAKES_PODS, *(("rollouts",) if "rollout" in kinds else ())} if "pods" in matched else set()
        for name in sorted(wanted - matched):
            yield f"does not match {name}"
        if any({"CREATE", "UPDATE"} - set(_list(rule.get("operations"))) for rule in rules) or not rules:
            yield "does not match both CREATE and UPDATE"
        if "pods" not in matched and not {name.removesuffix("s").removesuffix("ie") for name in matched} & {
            kind.removesuffix("y") for kind in kinds
        }:
            yield f"matches {', '.join(sorted(matched)) or 'nothing'}, of which nothing is declared"
        if "rollouts" in matched and not any(
            "template" in str(c.get("expression")) for c in policy.mappings("spec.matchConditions")
        ):
            yield "would refuse rollouts that name their pods elsewhere"

    findings = judge(platform.all(_POLICY), matches)

    assert not findings.broken, findings.table()


def _list(value: object) -> list[str]:
    return [str(one) for one in value] if isinstance(value, (list, tuple)) else []


SCOPED = Control(
    id="POL-005",
    title="A policy about what every namespace holds MUST cover each declared namespace and spare the cluster's own",
    system="policy",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source=f"{_ADMISSION}#validating-admission-policy-actions",
    remedy="Select in matchResources by a label that every declared namespace carries and the system's do not.",
    frameworks={"nist": "CM-7", "soc2": "A1.2"},
    relates=(_POLICY, _BINDING, "Namespace"),
    mutants=[
        edit(
            _BINDING,
            "primary:workload-labels",
            {"spec": {"matchResources": None}},
            says="binds the cluster's own namespaces too",
        ),
        edit(
            "Namespace",
            "primary:shop",
            {"metadata": {"labels": {"meshproof.example/owner": None}}},
            says="does not cover shop",
        ),
    ],
)
_BUILT_IN: Final = frozenset({"", "apps", "batch", "policy"})


@checks(SCOPED)
def test_bindings_cover_the_namespaces(platform: Platform) -> None:
    """Every team's namespace is governed, and no system pod is refused on a bad day."""
    policies = {(one.site, one.name): one for one in platform.all(_POLICY)}
    namespaces = platform.all("Namespace")

    def scoped(binding: Item) -> Iterator[str]:
        policy = policies.get((binding.site, binding.text("spec.policyName")))
        rules = policy.mappings("spec.matchConstraints.resourceRules") if policy else []
        built_in = any(set(_list(rule.get("apiGroups"))) & _BUILT_IN for rule in rules)
        cluster_wide = any("namespaces" in _list(rule.get("resources")) for rule in rules)
        selector = binding.mapping("spec.matchResources.namespaceSelector")
        demands = [
            *binding.sequence("spec.matchResources.namespaceSelector.matchExpressions"),
            *selector.get("matchLabels", {}),
        ]
        if built_in and not cluster_wide and not demands:
            yield "binds the cluster's own namespaces too"
        for one in namespaces:
            if one.site == binding.site and selector and not selects(selector, one.mapping("metadata.labels")):
                yield f"does not cover {one.name}"

    findings = judge(platform.all(_BINDING), scoped)

    assert not findings.broken, findings.table()


COHERENT = Control(
    id="POL-006",
    title="Every variable of a policy MUST be declared and used, and every refusal MUST say what to change",
    system="policy",
    pillar=Pillar.OPERATIONS,
    level=Level.MUST,
    since="1.0",
    source=f"{_ADMISSION}#variable-composition",
    remedy="Declare what the expressions read, drop what none reads, and give each validation a message.",
    frameworks={"nist": "SI-11", "soc2": "CC8.1"},
    mutants=[
        edit(_POLICY, "primary:named-identities", {"spec": {"variables": [None]}}, says="which is not declared"),
        edit(
            _POLICY,
            "primary:named-identities",
            {"spec": {"validations": [{"message": None}]}},
            says="refuses without a word",
        ),
    ],
)
_READS: Final = re.compile(r"variables\.(\w+)")


@checks(COHERENT)
def test_policies_are_coherent(platform: Platform) -> None:
    """A policy compiles, and whom it refuses learns why."""
    findings = judge(platform.all(_POLICY), _coherent)

    assert not findings.broken, findings.table()


def _coherent(policy: Item) -> Iterator[str]:
    declared = {str(one.get("name")) for one in policy.mappings("spec.variables")}
    read = set(_READS.findall(str(policy.get("spec.validations")) + str(policy.get("spec.variables"))))
    for name in sorted(read - declared):
        yield f"reads variables.{name}, which is not declared"
    for name in sorted(declared - read):
        yield f"declares {name}, which nothing reads"
    for one in policy.mappings("spec.validations"):
        if not one.get("message") and not one.get("messageExpression"):
            yield "refuses without a word"


ALIKE = Control(
    id="POL-007",
    title="Every site MUST admit by the same policies: what one refuses, the other refuses",
    system="policy",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source="https://docs.aws.amazon.com/whitepapers/latest/disaster-recovery-workloads-on-aws/disaster-recovery-options-in-the-cloud.html",
    remedy="Deliver the policies of every site from one base.",
    frameworks={"nist": "CM-2", "soc2": "CC8.1"},
    mutants=[
        edit(
            _POLICY, "standby:unprivileged-pods", {"spec": {"validations": [None]}}, says="differs from its counterpart"
        ),
        remove(_BINDING, "standby:unprivileged-pods", says="has no counterpart"),
    ],
)


@checks(ALIKE)
def test_sites_admit_alike(platform: Platform) -> None:
    """A failover finds the gate that it left."""
    pairs = counterparts(platform, _POLICY, _BINDING)
    apart = {two.address: differences(one, two, "spec", texts=True) for one, two in pairs}
    paired = {one.address for pair in pairs for one in pair}

    def alike(policy: Item) -> Iterator[str]:
        if len(platform.sites) > 1 and policy.address not in paired:
            yield "has no counterpart on the other site"
        for path in apart.get(policy.address, []):
            yield f"differs from its counterpart at {path}"

    findings = judge(platform.all(_POLICY, _BINDING), alike)

    assert not findings.broken, findings.table()

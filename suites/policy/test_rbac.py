"""Who may do what: roles of Kubernetes, and the cloud identities of service accounts."""

from collections.abc import Iterator

from meshproof import Control, Level, Pillar, checks, edit, judge, remove
from meshproof.declaration.platform import Item, Platform
from suites.policy.workloads import texts

ROLES = Control(
    id="ZT-004",
    title="Every role MUST name its groups, resources and verbs, and MUST be bound",
    system="zerotrust",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source="https://kubernetes.io/docs/concepts/security/rbac-good-practices/",
    remedy="List the resources and verbs that are needed, without a star, and bind the role or remove it.",
    frameworks={"nist": "AC-6", "cis": "5.1.3", "pci": "7.2.2", "soc2": "CC6.3"},
    relates=("Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding"),
    mutants=[
        edit("Role", "primary:shop/shop-developer", {"rules": [{"verbs": ["*"]}]}, says="every one of verbs"),
        remove("RoleBinding", "standby:shop/shop-developer", says="is bound to nobody"),
    ],
)


@checks(ROLES)
def test_every_role_is_narrow_and_bound(platform: Platform) -> None:
    """No role holds a star, and none lies about unused."""
    bound = {
        (one.site, one.text("roleRef.kind"), one.text("roleRef.name"))
        for one in platform.all("RoleBinding", "ClusterRoleBinding")
    }

    def narrow(role: Item) -> Iterator[str]:
        if not role.mappings("rules"):
            yield "allows nothing"
        for index, rule in enumerate(role.mappings("rules")):
            for part in (
                ("nonResourceURLs", "verbs") if "nonResourceURLs" in rule else ("apiGroups", "resources", "verbs")
            ):
                if "*" in texts(role.sequence(f"rules.{index}.{part}")) or not role.sequence(f"rules.{index}.{part}"):
                    yield f"rule {index} allows every one of {part}, or none"
        if (role.site, role.kind, role.name) not in bound:
            yield "is bound to nobody"

    findings = judge(platform.all("Role", "ClusterRole"), narrow)

    assert not findings.broken, findings.table()


BOUND = Control(
    id="ZT-005",
    title="Every binding MUST name a declared role and a subject that exists: a service account or a group, never everyone",
    system="zerotrust",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source="https://kubernetes.io/docs/reference/access-authn-authz/rbac/",
    remedy="Bind to declared service accounts or to a group of the identity provider; remove what binds nobody.",
    frameworks={"nist": "AC-2", "cis": "5.1.1", "soc2": "CC6.2"},
    relates=("RoleBinding", "Role", "ServiceAccount"),
    mutants=[
        remove("Role", "primary:shop/shop-developer", says="is no Role"),
        edit(
            "ClusterRoleBinding",
            "primary:platform-viewer",
            {"subjects": [{"name": "system:authenticated"}]},
            says="system:authenticated",
        ),
        remove("ServiceAccount", "primary:flux-system/platform-reconciler", says="platform-reconciler, which is no"),
    ],
)


@checks(BOUND)
def test_every_binding_has_both_ends(platform: Platform) -> None:
    """A binding leads from somebody who exists to a role that exists."""
    roles = {(one.site, one.kind, one.name) for one in platform.all("Role", "ClusterRole")}
    accounts = {(one.site, one.namespace, one.name) for one in platform.all("ServiceAccount")}
    ours = {(one.site, one.namespace) for one in platform.all("ServiceAccount") if one.name != "default"}

    def both(binding: Item) -> Iterator[str]:
        kind, name = binding.text("roleRef.kind"), binding.text("roleRef.name")
        if (binding.site, kind, name) not in roles and name not in ("cluster-admin", "admin", "edit", "view"):
            yield f"{name or 'nothing'} is no {kind or 'Role'}"
        if not binding.mappings("subjects"):
            yield "binds nobody"
        for subject in binding.mappings("subjects"):
            place = (binding.site, str(subject.get("namespace")))
            if str(subject.get("name")).startswith("system:"):
                yield f"binds {subject.get('name')}"
            elif (
                subject.get("kind") == "ServiceAccount"
                and place in ours
                and (*place, str(subject.get("name"))) not in accounts
            ):
                yield f"binds {subject.get('name')}, which is no ServiceAccount"

    findings = judge(platform.all("RoleBinding", "ClusterRoleBinding"), both)

    assert not findings.broken, findings.table()


TOKENS = Control(
    id="ZT-006",
    title="No service account MUST hand its token to pods that did not ask, and every namespace's default account MUST be declared so",
    system="zerotrust",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source="https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/",
    remedy="Set automountServiceAccountToken = false on each ServiceAccount, the default one of each namespace included.",
    frameworks={"nist": "AC-6", "cis": "5.1.6"},
    relates=("ServiceAccount", "Namespace"),
    mutants=[
        edit("ServiceAccount", "primary:shop/orders", {"automountServiceAccountToken": True}, says="hands its token"),
        remove("ServiceAccount", "standby:shop/default", says="default account"),
    ],
)


@checks(TOKENS)
def test_no_account_hands_out_its_token(platform: Platform) -> None:
    """A pod has a token only where it says so itself."""
    accounts = platform.all("ServiceAccount")
    named = {(one.site, one.namespace, one.name) for one in accounts}
    bound = {
        (one.site, subject.get("namespace"), subject.get("name"))
        for one in platform.all("RoleBinding", "ClusterRoleBinding")
        for subject in one.mappings("subjects")
    }

    def kept(account: Item) -> str | None:
        needed = (account.site, account.namespace, account.name) in bound and account.name != "default"
        return (
            None if account.get("automountServiceAccountToken") is False or needed else "hands its token to every pod"
        )

    def declared(namespace: Item) -> str | None:
        return None if (namespace.site, namespace.name, "default") in named else "its default account hands out tokens"

    tokens = judge(accounts, kept)
    defaults = judge(platform.all("Namespace"), declared)

    assert not tokens.broken, tokens.table()
    assert not defaults.broken, defaults.table()

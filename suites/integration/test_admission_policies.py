"""Whether the admission policies refuse what they are written against, and let through what is right."""

from collections.abc import Iterator

from fixtures.cases import Case, Cases
from meshproof import Control, Level, Pillar, checks, edit, judge, remove
from meshproof.declaration.platform import Platform
from meshproof.observation import Observed
from meshproof.probes.kubernetes import Answer
from meshproof.targets.protocols import Mesh
from meshproof.verdict import Assurance

SHOWN_BY = ("embedded", "kind")
SOURCE = "https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/"

DENIES = Control(
    id="ADM-020",
    title="Every admission policy MUST refuse each object that its tests hold against it, in its own name",
    system="policy",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source=SOURCE,
    remedy="Correct the policy's expression, or bind the policy with validationActions [Deny].",
    targets=SHOWN_BY,
    frameworks={"nist": "CM-7", "cis": "5.2", "soc2": "CC6.1"},
    mutants=[
        remove("ValidatingAdmissionPolicyBinding", "internal-services", says="internal-services does not refuse"),
        edit(
            "ValidatingAdmissionPolicyBinding",
            "strict-mutual-tls",
            {"spec": {"validationActions": ["Audit"]}},
            says="strict-mutual-tls does not refuse",
        ),
    ],
)


@checks(DENIES)
def test_policies_refuse_what_they_are_written_against(mesh: Mesh, cases: Cases) -> None:
    """Each object in policy/admission/tests/denied is refused by the policy that its file is named after."""
    findings = judge(_asked(mesh, cases.denied), _is_denied)

    assert not findings.broken, findings.table()


def _is_denied(seen: Observed[tuple[Case, Answer]]) -> str | None:
    case, answer = seen.value
    if f"ValidatingAdmissionPolicy '{case.policy}'" in answer.says:
        return None
    return f"{case.policy} does not refuse {answer.kind} {answer.name}: {answer.says or 'it was accepted'}"


ALLOWS = Control(
    id="ADM-021",
    title="No admission policy MUST stand in the way of an object that keeps every promise",
    system="policy",
    pillar=Pillar.OPERATIONS,
    level=Level.MUST,
    since="1.0",
    source=SOURCE,
    remedy="Narrow the expression of the policy that the API server names.",
    targets=SHOWN_BY,
    frameworks={"soc2": "CC8.1"},
    mutants=[
        edit(
            "ValidatingAdmissionPolicy",
            "strict-mutual-tls",
            {"spec": {"validations": [{"expression": "false", "messageExpression": "'nothing is right'"}]}},
            says="nothing is right",
        ),
    ],
)


@checks(ALLOWS)
def test_policies_let_through_what_is_right(mesh: Mesh, cases: Cases) -> None:
    """Each object in policy/admission/tests/allowed is accepted."""
    findings = judge(_asked(mesh, cases.allowed), _is_allowed)

    assert not findings.broken, findings.table()


def _is_allowed(seen: Observed[tuple[Case, Answer]]) -> str | None:
    _, answer = seen.value
    return None if answer.accepted else f"{answer.kind} {answer.name} is refused: {answer.says}"


TESTED = Control(
    id="ADM-022",
    title="Every admission policy MUST be bound at both sites and have an object that it is known to refuse",
    system="policy",
    pillar=Pillar.OPERATIONS,
    level=Level.MUST,
    since="1.0",
    source=SOURCE,
    remedy="Add a file named after the policy to policy/admission/tests/denied, and bind it with validationActions [Deny].",
    relates=("ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"),
    mutants=[
        remove("ValidatingAdmissionPolicyBinding", "primary:token-mounting", says="is bound by nothing"),
    ],
)


@checks(TESTED)
def test_policies_are_bound_and_tested(platform: Platform, cases: Cases) -> None:
    """A policy that is not bound, or never seen to refuse anything, protects nothing."""
    bound = {(one.site, one.text("spec.policyName")) for one in platform.all("ValidatingAdmissionPolicyBinding")}
    tested = {one.policy for one in cases.denied}
    policies = platform.all("ValidatingAdmissionPolicy")
    findings = judge(
        policies,
        lambda one: (
            ([] if (one.site, one.name) in bound else ["is bound by nothing"])
            + ([] if one.name in tested else ["no test shows that it refuses anything"])
        ),
    )

    assert not findings.broken, findings.table()


def _asked(mesh: Mesh, cases: tuple[Case, ...]) -> Iterator[Observed[tuple[Case, Answer]]]:
    for case in cases:
        answer = mesh.api("primary").apply(case.thing, dry_run=True)
        yield Observed(
            address=f"{case.place.file}#{answer.kind}/{answer.name}",
            place=case.place,
            value=(case, answer),
            assurance=Assurance.ACCEPTED,
        )

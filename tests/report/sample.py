"""A realistic run for the tests of the renderers: every verdict, mutants, survivors, a drill, measurements."""

from __future__ import annotations

import hashlib
import random
from datetime import UTC, datetime

from meshproof.report import model
from meshproof.selection import Selection

SYSTEMS = {
    "eks": "AWS primary: EKS, managed node groups, three zones or more",
    "gke": "GCP standby: GKE Autopilot",
    "network": "VPCs, subnets, egress, endpoints",
    "interconnect": "Transit Gateway and Dedicated Interconnect, both sides",
    "resilience": "Circuit breakers, retries, timeouts, rate limits, pooling",
    "tracing": "Distributed tracing (OpenTelemetry)",
    "istio": "Istio, the same mesh on both clouds",
    "chaos": "Chaos Mesh and Litmus",
    "delivery": "Progressive delivery, chart repository, workflows",
    "gitops": "Argo CD and Flux",
    "certs": "cert-manager",
    "dns": "External DNS, Route 53 and Cloud DNS global failover",
    "aurora": "Aurora PostgreSQL Global Database, logical replication to Cloud SQL",
    "cache": "ElastiCache and Memorystore",
    "nosql": "DynamoDB Global Tables, Bigtable backup",
    "stream": "MSK (Kafka), Pub/Sub",
    "terraform": "Terraform and Terragrunt, many environments, remote state",
    "secrets": "Vault, AWS Secrets Manager, GCP Secret Manager",
    "slo": "SLOs, error budgets, burn-rate alerts",
    "incident": "PagerDuty and Opsgenie (and its successor)",
    "metrics": "Prometheus, Grafana, CloudWatch, OpenSearch",
    "dr": "Active-passive failover and failback",
    "policy": "Policy as code with Open Policy Agent",
    "scaling": "Horizontal scaling at node and pod level",
    "zerotrust": "Defence in depth: network policies, RBAC, pod security",
    "scanning": "IaC and supply-chain scanning, shift-left",
    "cost": "Reserved baseline, spot for elastic work, budgets",
    "audit": "Audit logging, compliance reporting",
    "contracts": "Services of the teams",
}
_TITLES = (
    "Every cluster MUST encrypt its secrets with a customer-managed key",
    "No security group MUST be open to the world on a port that is not 443",
    "Each route MUST have a timeout shorter than its caller's",
    "The health check's interval times threshold + TTL MUST fit the recovery time objective",
    "A workload identity MUST be bound to exactly one service account",
    "Backups MUST outlive the longest audit window and be restorable in the other cloud",
    "A canary SHOULD move traffic in at least three steps and abort on a bad metric",
    "Every topic MUST keep two replicas in sync before it acknowledges",
)
_VERDICTS = (
    ["pass"] * 30 + ["fail"] + ["unknown"] * 2 + ["exempt"] + ["not_applicable"] * 3 + ["not_on_this_target"] * 3
)
_FRAMEWORKS = {"nist": "SC-8, SC-13", "cis": "5.3.1", "pci": "4.2.1", "hipaa": "164.312(e)(1)", "soc2": "CC6.7"}


def digest_of(text: str) -> str:
    """A digest as any other."""
    return hashlib.sha256(text.encode()).hexdigest()


def sample_run(*, controls: int = 150, mutants: int = 300, survivors: int = 480, seed: int = 7) -> model.Run:
    """A run as the plan target would give it; the same for the same numbers."""
    draw = random.Random(seed)  # noqa: S311 - test data
    rows = [_control(draw, number) for number in range(controls)]
    return model.Run(
        complete=True,
        tool=model.Tool(
            version="0.1.0",
            commit="5bbb4a6f2d0c4e0b9a0f7a1f6f8c2b1d3e4f5a6b",
            suite_digest=digest_of("suite"),
            catalogue_digest=digest_of("catalogue"),
        ),
        target="plan",
        tier="gate",
        selection=Selection(environment="prod", left_out=[]),
        infra_digest=digest_of("infra"),
        platform_version="1.4.0",
        started=datetime(2026, 11, 24, 6, 53, 34, tzinfo=UTC),
        seconds=141.7,
        seeds={"generated_mutants": 20261124},
        time_scale=1.0,
        programs=_programs(),
        environment={"python": "3.13.1", "system": "Linux", "machine": "x86_64"},
        summary=summary_of(rows),
        systems=[_system(key, title, rows) for key, title in SYSTEMS.items()],
        controls=rows,
        exemptions=_exemptions(rows),
        mutants=[_mutant(draw, rows, number) for number in range(mutants)],
        generated_mutants=_generated(draw, survivors),
        drills=[_drill()],
        measurements=_measurements(),
        notes=_notes(),
    )


def summary_of(rows: list[model.ControlRun]) -> model.Summary:
    """Counted by verdict."""
    counts: dict[str, int] = {}
    for one in rows:
        counts[one.verdict] = counts.get(one.verdict, 0) + 1
    return model.Summary.model_validate(counts)


def _control(draw: random.Random, number: int) -> model.ControlRun:
    system = list(SYSTEMS)[number % len(SYSTEMS)] if number % 3 else draw.choice(list(SYSTEMS))
    key = f"{system.upper()}-{number + 1:03d}"
    title = _TITLES[number % len(_TITLES)]
    verdict = "fail" if number == 4 else draw.choice(_VERDICTS)
    decided = verdict in ("pass", "fail", "exempt")
    return model.ControlRun(
        id=key,
        title=title,
        level="SHOULD" if "SHOULD" in title else "MUST",
        system=system,
        pillar=("security", "reliability", "cost optimization")[number % 3],
        source="https://docs.aws.amazon.com/wellarchitected/latest/reliability-pillar/welcome.html",
        verdict=verdict,  # type: ignore[arg-type]
        assurance=draw.choice(["declared", "resolved", "resolved", "resolved", "accepted"]) if decided else None,
        fidelity="real" if decided else None,
        target="plan",
        checks=[_check(key, verdict)] if not verdict.startswith("not_on") else [],
        where=_places(draw, system) if verdict in ("fail", "exempt") else [],
        reason=_reason(verdict),
        remedy="Set `kms_key_arn` in the unit's inputs and let the module's policy name the principal.",
        evidence=[_evidence(key)] if decided else [],
        frameworks=_FRAMEWORKS if number % 2 else {"nist": "CP-9"},
        judged=draw.randint(1, 40) if decided else 0,
    )


def _check(key: str, verdict: str) -> model.CheckRun:
    outcomes = {"pass": "passed", "fail": "failed", "exempt": "failed", "not_applicable": "not_applicable"}
    name = f"suites/policy/test_{key.partition('-')[0].lower()}.py::test_{key.lower().replace('-', '_')}"
    return model.CheckRun(nodeid=name, seconds=0.0123, outcome=outcomes.get(verdict, "unknown"))  # type: ignore[arg-type]


def _evidence(key: str) -> model.Evidence:
    digest = digest_of(key)
    return model.Evidence(
        sha256=digest,
        file=f"evidence/{key}-{digest[:12]}.json",
        schema="https://meshproof.example/schemas/evidence/judgements/v1.json",
    )


def _places(draw: random.Random, system: str) -> list[model.Where]:
    return [
        model.Where(
            file=f"infra/modules/aws/{system}/main.tf",
            line=draw.randint(1, 300) if number else None,
            address=f'module.primary_{system}.aws_eks_cluster.main["prod-{number}"]',
            says="encryption_config is missing; secrets are written in the clear",
        )
        for number in range(draw.randint(1, 4))
    ]


def _reason(verdict: str) -> str:
    return {
        "fail": "2 of 14 things do not keep the promise\n<script>alert('never runs')</script> & more",
        "unknown": "module.standby_cluster.google_container_cluster.main: release_channel is known only after apply",
        "not_applicable": "nothing of this kind is declared",
    }.get(verdict, "")


def _system(key: str, title: str, rows: list[model.ControlRun]) -> model.SystemRow:
    mine = [one for one in rows if one.system == key]
    order = ["declared", "resolved", "accepted", "observed", "observed under fault"]
    passed = [order.index(one.assurance) for one in mine if one.verdict == "pass" and one.assurance]
    return model.SystemRow(
        id=key,
        title=title,
        floor="declared" if key in ("gke", "slo") else "resolved",
        best=order[max(passed)] if passed else None,
        floor_layer="observed under fault on embedded" if len(key) % 2 else "",
        summary=summary_of(mine),
    )


def _exemptions(rows: list[model.ControlRun]) -> list[model.ExemptionRun]:
    exempt = [one.id for one in rows if one.verdict == "exempt"]
    return [
        model.ExemptionRun(
            control=key,
            reason="The provider cannot set it before 6.2; tracked until then.",
            owner="platform-team",
            expires="2027-01-31",
            matched=key != "CKV_AWS_999",
        )
        for key in [*exempt, "CKV_AWS_999"]
    ]


def _mutant(draw: random.Random, rows: list[model.ControlRun], number: int) -> model.MutantRun:
    control = rows[number % len(rows)]
    outcome = {17: "survived", 40: "crashed", 41: "misattributed"}.get(number, "killed")
    red = draw.sample([one.id for one in rows], draw.choice([0, 0, 0, 1, 2, 7 if number % 50 == 3 else 1]))
    return model.MutantRun(
        control=control.id,
        name=f"aws_{control.system}.main.encrypted=false #{number}",
        outcome=outcome,  # type: ignore[arg-type]
        seconds=0.031,
        said="aws_eks_cluster.main: encryption_config is missing" if outcome == "killed" else "no complaint",
        also_red=red,
    )


def _generated(draw: random.Random, survivors: int) -> model.GeneratedMutants:
    made = {key: 60 + 10 * (number % 5) for number, key in enumerate(SYSTEMS)}
    left = [
        model.Survivor(
            system=list(SYSTEMS)[number % len(SYSTEMS)],
            address=f"module.primary_{number % 29}.aws_thing.main[{number}]",
            path=f"settings[0].tags.option_{number}",
            operator=draw.choice(["flip", "lower", "raise", "drop", "widen"]),
            was="true",
            became="false",
            equivalent="the name is free" if number % 40 == 0 else "",
        )
        for number in range(survivors)
    ]
    lost = {key: sum(one.system == key for one in left) for key in SYSTEMS}
    made = {key: max(count, lost[key]) for key, count in made.items()}
    return model.GeneratedMutants(
        seed=20261124,
        made=sum(made.values()),
        killed=sum(made.values()) - survivors,
        by_system={key: model.Score(made=count, killed=count - lost[key]) for key, count in made.items()},
        survivors=left,
    )


def _drill() -> model.Drill:
    names = ("fault", "health check red", "DNS answers standby", "first write accepted", "steady")
    return model.Drill(
        id="DR-001 primary lost",
        fault="the primary site stops answering",
        effect="health check endpoint refused 100 % of connections within 2 s",
        recovery="undone after 240 s: the primary answered again",
        stages=[model.Stage(name=name, at_s=at) for name, at in zip(names, (0, 31.2, 92.8, 118.4, 171.0), strict=True)],
        predicted={"health check red": 30.0, "DNS answers standby": 90.0, "first write accepted": 120.0},
    )


def _measurements() -> list[model.Measurement]:
    slo = "infra/observability/slo/orders.yaml"
    return [
        model.Measurement(
            name="recovery time", value=118.4, unit="s", objective=300, objective_source=slo, control="DR-013"
        ),
        model.Measurement(
            name="orders availability", value=0.99962, unit="share", objective=0.9995, objective_source=slo
        ),
        model.Measurement(name="replication lag p99", value=1.84, unit="s"),
    ]


def _notes() -> list[model.NoteRun]:
    return [
        model.NoteRun(subject="terragrunt", where="", says="not on PATH: that it accepts the tree is not known"),
        model.NoteRun(
            subject="function",
            where="infra/live/prod/standby/region.hcl:14",
            says="run_cmd lies outside the subset that is evaluated",
        ),
    ]


def _programs() -> list[model.Program]:
    return [
        model.Program(
            name="terraform", version="1.14.3", declared_version="1.14.3", source="PATH", sha256=digest_of("terraform")
        ),
        model.Program(
            name="opa", version="1.11.0", declared_version="1.11.0", source="official release", sha256=digest_of("opa")
        ),
        model.Program(name="helm", version="3.18.4", declared_version="3.19.0", source="cache", sha256=""),
    ]

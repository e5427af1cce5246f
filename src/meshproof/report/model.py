"""`run.json`: the one model of a run; every other format is rendered from it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from meshproof.selection import Selection
from meshproof.verdict import AssuranceText

SCHEMA = "https://meshproof.example/schemas/run/v1.json"

#: As `sha256sum` prints it.
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
VerdictText = Literal["pass", "fail", "unknown", "not_applicable", "exempt", "not_selected", "not_on_this_target"]
FidelityText = Literal["real", "stand-in", "emulated", "simulated", "scaled"]


class Part(BaseModel):
    """Strict, immutable base: an unknown key in a run file is an error, not a surprise."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Tool(Part):
    """Which engine, suite and catalogue made the run; `commit` is empty where there is no repository."""

    version: str
    commit: str
    suite_digest: Sha256
    catalogue_digest: Sha256


class Program(Part):
    """One real program that took part; `source` says where it came from. Without a digest it is no file here."""

    name: str
    version: str
    declared_version: str
    source: str
    sha256: Sha256 | Literal[""]


class Summary(Part):
    """Controls by verdict; only `pass` is a pass."""

    pass_: int = Field(default=0, alias="pass")
    fail: int = 0
    unknown: int = 0
    not_applicable: int = 0
    exempt: int = 0
    not_selected: int = 0
    not_on_this_target: int = 0

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class SystemRow(Part):
    """One row of systems.toml: the weakest assurance accepted and the best that was reached."""

    id: str
    title: str
    floor: AssuranceText
    best: AssuranceText | None
    floor_layer: str = Field(default="", description="the later layer that shows it, where the floor is not reached")
    held: bool = Field(default=False, description="whether the run is held to the floor: a part of the suites is not")
    summary: Summary


class CheckRun(Part):
    """One test function's run."""

    nodeid: str
    seconds: float
    outcome: Literal["passed", "failed", "unknown", "not_applicable", "error"]


class Where(Part):
    """A place that a finding names; `line` is None where none is known."""

    file: str
    line: int | None
    address: str
    says: str = ""


class Evidence(Part):
    """A file beside run.json, by digest."""

    sha256: Sha256
    file: str
    evidence_schema: str = Field(alias="schema")

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class ControlRun(Part):
    """One control and how it ended."""

    id: str = Field(pattern=r"^[A-Z][A-Z0-9]*-\d{2,3}$")
    title: str
    level: str
    system: str
    pillar: str
    source: str
    verdict: VerdictText
    assurance: AssuranceText | None
    fidelity: FidelityText | None
    target: str
    checks: list[CheckRun]
    where: list[Where]
    reason: str
    remedy: str
    evidence: list[Evidence]
    frameworks: dict[str, str]
    judged: int = Field(default=0, description="how many things the check judged")


class ExemptionRun(Part):
    """A control or scanner finding set aside for a while."""

    control: str
    reason: str
    owner: str
    expires: str
    matched: bool


class MutantRun(Part):
    """A declared mutant and how it ended."""

    control: str
    name: str
    outcome: Literal["killed", "survived", "crashed", "misattributed", "unseen"]
    seconds: float
    said: str
    also_red: list[str] = Field(default_factory=list, description="other controls that the mutant turns red")


class Survivor(Part):
    """A generated mutant that no control noticed."""

    system: str
    address: str
    path: str
    operator: str
    was: str
    became: str
    equivalent: str = Field(default="", description="why no control can notice it, where that is so")


class Score(Part):
    """Generated mutants of one system."""

    made: int
    killed: int


class GeneratedMutants(Part):
    """The mutation score."""

    seed: int
    made: int
    killed: int
    by_system: dict[str, Score]
    survivors: list[Survivor]


class ReplannedMutant(Part):
    """A generated mutant made in HCL as well and planned by Terraform."""

    module: str
    address: str
    path: str
    operator: str
    outcome: Literal["same", "undecided", "differs"]
    follows: list[str] = Field(default_factory=list, description="other values that Terraform derived from the edit")
    said: str


class Stage(Part):
    """One moment of a drill, in seconds from the fault."""

    name: str
    at_s: float


class Drill(Part):
    """A fault, its proof and the recovery."""

    id: str
    fault: str
    effect: str
    recovery: str
    stages: list[Stage]
    predicted: dict[str, float]


class Measurement(Part):
    """A number that a run measured, beside the objective it is held to."""

    name: str
    value: float
    unit: str
    objective: float | None = None
    objective_source: str = ""
    control: str = ""


class NoteRun(Part):
    """Something that could not be read or seen, and why."""

    subject: str
    where: str
    says: str


class Run(Part):
    """Everything that one run found. `complete` is False for an interrupted run."""

    run_schema: str = Field(default=SCHEMA, alias="schema")
    complete: bool
    tool: Tool
    target: str
    tier: str
    selection: Selection
    infra_digest: Sha256
    platform_version: str
    started: AwareDatetime
    seconds: float
    seeds: dict[str, int]
    time_scale: float
    programs: list[Program]
    environment: dict[str, str]
    summary: Summary
    systems: list[SystemRow]
    controls: list[ControlRun]
    exemptions: list[ExemptionRun] = Field(default_factory=list)
    mutants: list[MutantRun] = Field(default_factory=list)
    generated_mutants: GeneratedMutants | None = None
    replanned_mutants: list[ReplannedMutant] = Field(default_factory=list)
    drills: list[Drill] = Field(default_factory=list)
    measurements: list[Measurement] = Field(default_factory=list)
    notes: list[NoteRun] = Field(default_factory=list)
    shards: list[str] = Field(default_factory=list)

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

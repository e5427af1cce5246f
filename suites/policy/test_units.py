"""What Terragrunt units ask of one another and of their modules."""

from collections.abc import Iterator

from meshproof import Control, Level, Pillar, checks, edit, judge
from meshproof.declaration.platform import Item, Platform
from meshproof.declaration.terragrunt_render import Rendering, agrees

DEPENDENCIES = "https://terragrunt.gruntwork.io/docs/reference/hcl/blocks/#dependency"

LOCKS = "https://developer.hashicorp.com/terraform/language/files/dependency-lock"

OUTPUTS = Control(
    id="TF-003",
    title="Every output that a unit takes MUST be given by the module of the unit it depends on, and be mocked",
    system="terraform",
    pillar=Pillar.OPERATIONS,
    level=Level.MUST,
    since="1.0",
    source=DEPENDENCIES,
    remedy="Take an output that the module declares, and name it in mock_outputs, so that `validate` works unapplied.",
    frameworks={"nist": "CM-2", "soc2": "CC8.1"},
    mutants=[
        edit("unit", "unit:primary/network", {"outputs": ["nothing"]}, says="primary/network gives no"),
        edit("unit", "unit:primary/cluster", {"uses": [{"mocked": False}]}, says="is not in mock_outputs"),
        edit("unit", "unit:primary/cluster", {"uses": [{"unit": ""}]}, says="leads to no unit"),
    ],
)


@checks(OUTPUTS)
def test_units_take_outputs_that_exist(platform: Platform) -> None:
    """Each dependency leads to a unit whose module has the output."""
    given = {one.name: one.sequence("outputs") for one in platform.all("unit")}
    findings = judge(platform.all("unit"), lambda one: _takes_what_is_given(one, given))

    assert not findings.broken, findings.table()


def _takes_what_is_given(unit: Item, given: dict[str, list[object]]) -> Iterator[str]:
    for use in unit.mappings("uses"):
        wanted, source = f"output {use['output']} of {use['dependency']}", str(use["unit"])
        if source not in given:
            yield f"{wanted}: its config_path leads to no unit"
        elif use["output"] not in given[source]:
            yield f"{wanted}: the module of {source} gives no such output"
        if not use["mocked"]:
            yield f"{wanted} is not in mock_outputs"


INPUTS = Control(
    id="TF-004",
    title="A unit MUST set every variable that its module requires, and none that it does not have",
    system="terraform",
    pillar=Pillar.OPERATIONS,
    level=Level.MUST,
    since="1.0",
    source="https://terragrunt.gruntwork.io/docs/reference/hcl/attributes/#inputs",
    remedy="Add the input to the unit, or correct its name: Terragrunt passes a wrong name on without a word.",
    frameworks={"nist": "CM-6", "soc2": "CC8.1"},
    mutants=[
        edit("unit", "unit:global/dns", {"inputs": {"mispelt": 1}}, says="input mispelt is no variable"),
        edit("unit", "unit:global/dns", {"variables": {"wanted": "required"}}, says="input wanted is missing"),
    ],
)


@checks(INPUTS)
def test_units_set_what_their_module_asks_for(platform: Platform) -> None:
    """Inputs and variables are the same set, but for those with a default."""
    findings = judge([one for one in platform.all("unit") if one.mapping("variables")], _sets_its_variables)

    assert not findings.broken, findings.table()


def _sets_its_variables(unit: Item) -> list[str]:
    inputs, variables = unit.mapping("inputs"), unit.mapping("variables")
    said = [f"input {name} is no variable of {unit.text('source')}" for name in inputs if name not in variables]
    missing = [name for name, need in variables.items() if need == "required" and name not in inputs]
    return said + [f"input {name} is missing" for name in missing]


ORDER = Control(
    id="TF-005",
    title="Units MUST NOT depend on one another in a circle: each environment MUST have an order to be applied in",
    system="terraform",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source="https://terragrunt.gruntwork.io/docs/features/stacks/",
    remedy="Move what both units need into a unit that both depend on.",
    frameworks={"nist": "CM-2", "soc2": "A1.2"},
    mutants=[
        edit("unit", "unit:primary/network", {"dependencies": ["primary/cluster"]}, says="depends on itself"),
        edit("unit", "unit:global/state", {"dependencies": ["global/nothing"]}, says="is no unit"),
    ],
)


@checks(ORDER)
def test_units_can_be_applied_in_an_order(platform: Platform) -> None:
    """From no unit does a chain of dependencies lead back to it."""
    graph = {one.name: [str(each) for each in one.sequence("dependencies")] for one in platform.all("unit")}
    findings = judge(platform.all("unit"), lambda one: _is_ordered(one, graph))

    assert not findings.broken, findings.table()


def _is_ordered(unit: Item, graph: dict[str, list[str]]) -> list[str]:
    said = [f"its dependency {one} is no unit" for one in graph[unit.name] if one not in graph]
    reached: set[str] = set()
    pending = list(graph[unit.name])
    while pending:
        one = pending.pop()
        if one not in reached:
            reached.add(one)
            pending += graph.get(one, [])
    return said + ([f"depends on itself, through {', '.join(graph[unit.name])}"] if unit.name in reached else [])


RENDERED = Control(
    id="TF-006",
    title="Terragrunt itself SHOULD accept the tree and render every input as this declaration has it",
    system="terraform",
    pillar=Pillar.OPERATIONS,
    level=Level.SHOULD,
    since="1.0",
    source="https://terragrunt.gruntwork.io/docs/reference/cli/commands/render/",
    remedy="Run `terragrunt render --format json` in the unit and compare; keep to the subset that is evaluated here.",
    frameworks={"nist": "CM-2", "soc2": "CC8.1"},
    mutants=[
        edit("unit", "unit:global/dns", {"inputs": {"mispelt": 1}}, says="input mispelt is rendered as None"),
    ],
)


@checks(RENDERED, runs_a_program=True)
def test_terragrunt_renders_the_same(platform: Platform, terragrunt: Rendering) -> None:
    """Each unit's inputs are Terragrunt's own, as far as they are known before apply."""
    findings = judge(platform.all("unit"), lambda one: _renders_the_same(one, terragrunt))

    assert not findings.broken, findings.table()


def _renders_the_same(unit: Item, rendering: Rendering) -> list[str]:
    if rendering.refused:
        return [f"Terragrunt does not take the tree: {rendering.refused}"]
    theirs = rendering.inputs.get(unit.name, {})
    said = [
        f"input {name} is rendered as {theirs.get(name)!r}, here it is {value!r}"
        for name, value in unit.mapping("inputs").items()
        if not agrees(value, theirs.get(name))
    ]
    return said + [f"input {name} is rendered, and not known here" for name in theirs if not unit.has(f"inputs.{name}")]


LOCKED_RIGHT = Control(
    id="TF-011",
    title="What a lock file pins MUST be a version that the module admits, by the digest of its package",
    system="terraform",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source=LOCKS,
    remedy="Run `terraform providers lock -platform=linux_amd64` beside the module and commit the file with the unit.",
    frameworks={"nist": "CM-14", "soc2": "CC8.1", "pci": "6.3.2"},
    mutants=[
        edit("unit", "unit:primary/network", {"providers": [{"admitted": False}]}, says="is locked at 5.100.0"),
        edit("unit", "unit:global/dns", {"providers": [{"digests": []}]}, says="is locked without a digest"),
    ],
)


@checks(LOCKED_RIGHT)
def test_locks_pin_what_the_module_admits(platform: Platform) -> None:
    """Version and digest of every provider that a unit locks."""
    locking = [one for one in platform.all("unit") if any(row["locked"] for row in one.mappings("providers"))]
    findings = judge(locking, _locks_rightly)

    assert not findings.broken, findings.table()


def _locks_rightly(unit: Item) -> Iterator[str]:
    for row in (one for one in unit.mappings("providers") if one["locked"]):
        if not row["admitted"]:
            yield f"{row['source']} is locked at {row['locked']}, its module requires {row['required']} ({row['file']})"
        if not row["digests"]:
            yield f"{row['source']} is locked without a digest ({row['file']})"


LOCKED_ALL = Control(
    id="TF-012",
    title="Every unit MUST lock every provider that its module requires",
    system="terraform",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source=LOCKS,
    remedy="Run `terraform providers lock -platform=linux_amd64` beside the module and commit the file with the unit.",
    frameworks={"nist": "CM-14", "soc2": "CC8.1", "pci": "6.3.2"},
    mutants=[
        edit("unit", "unit:primary/network", {"providers": [{"locked": ""}]}, says="hashicorp/aws is not locked"),
    ],
)


@checks(LOCKED_ALL)
def test_units_lock_every_provider(platform: Platform) -> None:
    """No provider is taken as it comes."""
    findings = judge([one for one in platform.all("unit") if one.mappings("providers")], _locks_all)

    assert not findings.broken, findings.table()


def _locks_all(unit: Item) -> Iterator[str]:
    for row in unit.mappings("providers"):
        if not row["locked"]:
            yield f"{row['source']} is not locked: whatever fits {row['required'] or 'no version'} would be run"

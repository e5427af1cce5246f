"""The live tree: stacks become units, the closed subset is evaluated, everything else is named with its place."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from meshproof.declaration.model import UNKNOWN
from meshproof.declaration.terragrunt import environments, outside_subset, read_live
from meshproof.declaration.terragrunt_checks import unit_findings
from meshproof.errors import UsageError
from tests.declaration.trees import FILES, UNIT_HEAD, plant

STORE = "units/aws/store/terragrunt.hcl"
BUCKET = "units/gcp/bucket/terragrunt.hcl"


def test_stacks_become_units_with_their_inputs(tmp_path: Path) -> None:
    """Locals, values and templates are evaluated; what comes out of another unit is unknown."""
    infra = plant(tmp_path)

    live = read_live(infra, "prod")

    assert environments(infra) == ("prod",)
    assert [unit.id for unit in live.units] == ["primary/store", "standby/bucket"]
    store = live.by_id["primary/store"]
    inputs = {name: store.scope.value(value) for name, value in store.input_expressions.items()}
    assert (inputs["name"], inputs["size"]) == ("shop-prod-a", 1)
    assert inputs["peers"]["urls"] is UNKNOWN  # type: ignore[index]
    assert store.source == infra / "modules/aws/store"
    assert store.dependencies[0].unit == "standby/bucket"
    assert store.includes[0].remote_state["config"] == {
        "bucket": "prod-state",
        "key": "prod/primary/.terragrunt-stack/p/.terragrunt-stack/store/terraform.tfstate",
        "encrypt": True,
    }
    assert live.outside == ()
    assert unit_findings(live) == []


def test_yaml_and_nested_configurations_belong_to_the_subset(tmp_path: Path) -> None:
    """`yamldecode(file())` reads a file of the unit, also where the unit is generated elsewhere."""
    unit = UNIT_HEAD.replace("locals {", 'locals {\n  sizes = yamldecode(file("${get_terragrunt_dir()}/sizes.yaml"))')
    unit += 'terraform {\n  source = find_in_parent_folders("modules/gcp/bucket")\n}\n'
    unit += "inputs = {\n  name  = local.sizes.names[1]\n  names = {}\n}\n"
    infra = plant(tmp_path, {BUCKET: unit, "units/gcp/bucket/sizes.yaml": "names: [one, two]\n"})

    live = read_live(infra, "prod")

    bucket = live.by_id["standby/bucket"]
    assert bucket.scope.value(bucket.input_expressions["name"]) == "two"
    assert live.outside == ()


@pytest.mark.parametrize(
    ("expression", "says"),
    [
        pytest.param('upper("x")', "the function upper is outside the subset", id="function"),
        pytest.param("[for x in [1] : x]", "an expression outside the subset", id="for"),
        pytest.param("true ? 1 : 2", "an expression outside the subset", id="conditional"),
        pytest.param('yamldecode("a: 1")', "yamldecode of anything but file", id="yaml-of-text"),
        pytest.param("feature.x.value", "feature is not a name of the subset", id="name"),
        pytest.param("local.nowhere", "there is no local nowhere", id="local"),
    ],
)
def test_what_lies_outside_the_subset_is_named(tmp_path: Path, expression: str, says: str) -> None:
    """File and line of the expression; its value is unknown and the rest is still read."""
    head = UNIT_HEAD.replace("locals {", f"locals {{\n  odd = {expression}")
    infra = plant(tmp_path, {BUCKET: head + FILES[BUCKET].removeprefix(UNIT_HEAD)})

    found = outside_subset(infra)

    assert [(str(one.place), one.says.startswith(says)) for one in found] == [(f"infra/{BUCKET}:7", True)]
    assert read_live(infra, "prod").by_id["standby/bucket"].locals["odd"] is UNKNOWN


def changed(name: str, old: str, new: str) -> Mapping[str, str]:
    """One file of the tree with one text in it replaced."""
    assert old in FILES[name]
    return {name: FILES[name].replace(old, new)}


@pytest.mark.parametrize(
    ("changes", "address", "place", "says"),
    [
        pytest.param(
            changed(STORE, "outputs.name}", "outputs.nome}"),
            "primary/store",
            f"infra/{STORE}:25",
            "output nome of standby_bucket is not in mock_outputs",
            id="not-in-mocks",
        ),
        pytest.param(
            changed("modules/gcp/bucket/main.tf", 'output "name"', 'output "n"'),
            "primary/store",
            f"infra/{STORE}:25",
            "module infra/modules/gcp/bucket has no output name",
            id="no-output",
        ),
        pytest.param(
            changed(STORE, "dependency.standby_bucket.outputs.urls", "dependency.other.outputs.urls"),
            "primary/store",
            f"infra/{STORE}:25",
            "dependency other is not declared",
            id="no-dependency",
        ),
        pytest.param(
            changed(STORE, '/bucket"', '/nowhere"'),
            "primary/store",
            f"infra/{STORE}:15",
            "leads to no unit",
            id="config-path",
        ),
        pytest.param(
            changed(STORE, "  size ", "  sise "),
            "primary/store",
            f"infra/{STORE}:26",
            "input sise is no variable of infra/modules/aws/store",
            id="unknown-input",
        ),
        pytest.param(
            changed(STORE, "  size  = local.env.sizes.small\n", ""),
            "primary/store",
            f"infra/{STORE}:23",
            "input size is missing (infra/modules/aws/store/variables.tf:10 has no default)",
            id="missing-input",
        ),
        pytest.param(
            changed("stacks/primary/terragrunt.stack.hcl", "units/aws/store", "units/aws/gone"),
            "primary/store",
            "infra/stacks/primary/terragrunt.stack.hcl:2",
            "unit source infra/units/aws/gone holds no terragrunt.hcl",
            id="unit-source",
        ),
    ],
)
def test_what_does_not_fit_together_is_named(
    tmp_path: Path, changes: Mapping[str, str], address: str, place: str, says: str
) -> None:
    """Each finding names the unit, the file and the line of the cause."""
    found = unit_findings(read_live(plant(tmp_path, changes), "prod"))

    assert (address, place) in [(one.address, str(one.place)) for one in found]
    assert says in " | ".join(one.says for one in found)


def test_a_circle_of_units_is_named_once(tmp_path: Path) -> None:
    """All its units, in order, and the dependency that closes it."""
    path = "../../../../../primary/.terragrunt-stack/p/.terragrunt-stack/store"
    back = f'dependency "store" {{\n  config_path = "{path}"\n}}\n'
    infra = plant(tmp_path, {BUCKET: FILES[BUCKET] + back})

    found = [one for one in unit_findings(read_live(infra, "prod")) if "depend on one another" in one.says]

    assert [one.says for one in found] == [
        "units depend on one another: primary/store -> standby/bucket -> primary/store"
    ]
    assert str(found[0].place) == f"infra/{STORE}:15"


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        pytest.param(
            {"live/root.hcl": None}, r"store/terragrunt\.hcl:3: root\.hcl is in none of the folders", id="root"
        ),
        pytest.param({STORE: "inputs = {\n"}, r"units/aws/store/terragrunt\.hcl:\d+: is not HCL", id="broken"),
        pytest.param(
            changed("live/prod/env.hcl", 'environment = "prod"', "environment = local.environment"),
            r"env\.hcl:2: local environment refers to itself",
            id="self",
        ),
        pytest.param(
            {"stacks/primary/terragrunt.stack.hcl": 'stack "x" {\n  source = "."\n  path = "x"\n}\n'},
            "a stack that contains itself",
            id="stack-in-itself",
        ),
    ],
)
def test_a_broken_tree_is_refused_in_one_sentence(tmp_path: Path, changes: Mapping[str, str | None], says: str) -> None:
    """With file and line, and what to do."""
    with pytest.raises(UsageError, match=says):
        read_live(plant(tmp_path, changes), "prod")


def test_an_unknown_environment_names_those_that_are_declared(tmp_path: Path) -> None:
    """Instead of an empty plan."""
    with pytest.raises(UsageError, match="no environment 'test'; declared: prod"):
        read_live(plant(tmp_path), "test")


_WORDS = st.sampled_from(
    [
        *(
            "include",
            "locals",
            "inputs",
            "dependency",
            "terraform",
            "unit",
            "stack",
            "source",
            "path",
            "config_path",
            "a",
        ),
        *("find_in_parent_folders", "read_terragrunt_config", "path_relative_to_include", "get_terragrunt_dir"),
        *("yamldecode", "file", "local.a", "values", "dependency.x.outputs.y", '"x"', '"../x"', '"\\u0000"', ".."),
        *("{", "}", "=", "\n", "(", ")", "[", "]", "${", '"'),
    ]
)


@given(
    st.lists(_WORDS, max_size=30).map(" ".join),
    st.sampled_from([STORE, "live/root.hcl", "stacks/primary/terragrunt.stack.hcl"]),
)
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_file_of_a_live_tree_gives_a_traceback(tmp_path: Path, text: str, name: str) -> None:
    """Whatever stands in a unit, a stack or the root: a result, or one sentence."""
    infra = plant(tmp_path, {name: text})
    try:
        unit_findings(read_live(infra, "prod"))
    except UsageError as error:
        assert "\n" not in str(error)  # noqa: PT017 - either outcome is right

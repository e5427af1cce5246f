"""A plan made elsewhere: read as it is, refused in one sentence where it is anything else, and quick at any size."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from meshproof.declaration.model import REDACTED, UNKNOWN, canonical
from meshproof.declaration.tree import read_plan_file
from meshproof.errors import UsageError


def change(address: str, after: object, **more: object) -> dict[str, object]:
    """One `resource_changes` entry of a plan."""
    module, _, rest = address.rpartition(".aws_")
    kind, _, name = f"aws_{rest}".partition(".") if module else address.partition(".")
    return {
        "address": address,
        "module_address": module,
        "mode": "managed",
        "type": kind,
        "name": name.split("[")[0],
        "provider_name": "registry.terraform.io/hashicorp/aws",
        "change": {"actions": ["create"], "after": after, "after_unknown": {}, "after_sensitive": {}, **more},
    }


def test_values_references_and_secrets_of_a_foreign_plan(tmp_path: Path) -> None:
    """The plan's own configuration says what refers to what, through module calls and outputs."""
    configuration = {
        "resources": [
            {
                "address": "aws_sqs_queue.q",
                "mode": "managed",
                "type": "aws_sqs_queue",
                "name": "q",
                "expressions": {
                    "name": {"constant_value": "q"},
                    "kms_master_key_id": {"references": ["module.m.key", "module.m"]},
                    "rule": [
                        {"target": {"references": ["aws_sns_topic.t[0].arn", "aws_sns_topic.t[0]", "aws_sns_topic.t"]}}
                    ],
                },
            },
            {"address": "aws_sns_topic.t", "mode": "managed", "type": "aws_sns_topic", "name": "t", "expressions": {}},
        ],
        "module_calls": {
            "m": {
                "expressions": {"name": {"references": ["aws_sns_topic.t"]}},
                "module": {
                    "outputs": {"key": {"expression": {"references": ["aws_kms_key.k.arn", "aws_kms_key.k"]}}},
                    "resources": [
                        {
                            "address": "aws_kms_key.k",
                            "mode": "managed",
                            "type": "aws_kms_key",
                            "name": "k",
                            "expressions": {"description": {"references": ["var.name"]}},
                        }
                    ],
                },
            }
        },
    }
    path = tmp_path / "plan.json"
    rows = [
        change(
            "aws_sqs_queue.q",
            {"name": "q", "password": "p"},
            after_unknown={"kms_master_key_id": True},
            after_sensitive={"password": True},
        ),
        {**change("aws_sns_topic.t[0]", {"policy": '{"Statement": []}'}), "index": 0},
        {**change("aws_sns_topic.t[1]", {}), "index": 1},
        change("module.m.aws_kms_key.k", {}),
        change("aws_vpc.gone", None, actions=["delete"]),
    ]
    path.write_text(
        json.dumps(
            {
                "format_version": "1.2",
                "terraform_version": "1.9.0",
                "resource_changes": rows,
                "configuration": {"root_module": configuration},
            }
        )
    )

    plan = read_plan_file(path)

    found = {one.address: one for one in plan.resources}
    assert list(found) == ["aws_sns_topic.t[0]", "aws_sns_topic.t[1]", "aws_sqs_queue.q", "module.m.aws_kms_key.k"]
    queue = found["aws_sqs_queue.q"]
    assert canonical(queue.values) == canonical({"name": "q", "password": REDACTED, "kms_master_key_id": UNKNOWN})
    assert queue.references == {
        "kms_master_key_id": ("module.m.aws_kms_key.k",),
        "rule.0.target": ("aws_sns_topic.t[0]",),
    }
    assert found["module.m.aws_kms_key.k"].references == {"description": ("aws_sns_topic.t[0]", "aws_sns_topic.t[1]")}
    assert found["aws_sns_topic.t[0]"].values == {"policy": {"Statement": []}}
    assert plan.programs == {"terraform": "1.9.0"}


@pytest.mark.parametrize(
    ("content", "says"),
    [
        pytest.param(
            b"PK\x03\x04binary",
            "is Terraform's binary plan; give the output of `terraform show -json plan`",
            id="binary",
        ),
        pytest.param(b'{"a": \n', "plan:2: is not a plan in JSON", id="broken"),
        pytest.param(b"\xff\xfe\x00", "is not a plan in JSON", id="bytes"),
        pytest.param(b"[]", "is JSON, but no Terraform plan of format 1.x", id="list"),
        pytest.param(
            b'{"format_version": "2.0", "resource_changes": []}', "no Terraform plan of format 1.x", id="newer"
        ),
        pytest.param(
            b'{"format_version": "1.2", "resource_changes": [{"address": 1}]}',
            "is not laid out as a Terraform plan",
            id="shape",
        ),
        pytest.param(b"[" * 100_000, "is not a plan in JSON", id="deep"),
    ],
)
def test_anything_else_is_refused_in_one_sentence(tmp_path: Path, content: bytes, says: str) -> None:
    """It names the file, and the command that makes a plan."""
    path = tmp_path / "plan"
    path.write_bytes(content)

    with pytest.raises(UsageError) as caught:
        read_plan_file(path)

    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "change",
                    "after",
                    "after_unknown",
                    "actions",
                    "address",
                    "type",
                    "name",
                    "mode",
                    "values",
                    "references",
                ]
            )
            | st.text(max_size=3),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@given(
    st.fixed_dictionaries(
        {"resource_changes": _JSON, "configuration": _JSON, "prior_state": _JSON, "output_changes": _JSON}
    )
)
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_json_gives_a_traceback(tmp_path: Path, data: dict[str, object]) -> None:
    """Whatever stands where a plan's parts belong: a result, or one sentence."""
    path = tmp_path / "plan"
    path.write_text(json.dumps({"format_version": "1.2", **data}))
    try:
        read_plan_file(path)
    except UsageError as error:
        assert "plan" in str(error)  # noqa: PT017 - either outcome is right


def test_a_large_plan_is_read_whole(tmp_path: Path) -> None:
    """Each of ten thousand resources keeps its reference to the one before it; how long that takes is the benchmark's."""
    count = 10_000
    unknown = {"after_unknown": {"arn": True, "policy": True}}
    rows = [
        change(f"aws_sqs_queue.q{n}", {"name": f"q{n}", "tags": {"n": str(n)}, "rule": [{"port": n}]}, **unknown)
        for n in range(count)
    ]
    declared = [
        {"address": f"aws_sqs_queue.q{n}", "expressions": {"policy": {"references": [f"aws_sqs_queue.q{n - 1}.arn"]}}}
        for n in range(count)
    ]
    configuration = {"root_module": {"resources": declared}}
    path = tmp_path / "plan.json"
    path.write_text(json.dumps({"format_version": "1.2", "resource_changes": rows, "configuration": configuration}))

    plan = read_plan_file(path)

    assert len(plan.resources) == count
    assert len(plan.resources[-1].references["policy"]) == 1

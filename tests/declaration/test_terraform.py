"""One environment planned whole by the real Terraform: values, references across clouds, places, errors."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingTCPServer
from typing import Final

import pytest

from meshproof.declaration.model import REDACTED, UNKNOWN, canonical
from meshproof.declaration.plan import Plan, Resource
from meshproof.declaration.plan_store import load, save
from meshproof.declaration.terraform import read_plan
from meshproof.declaration.terraform_run import Terraform
from meshproof.errors import TargetError, UsageError
from tests.declaration.trees import FILES, plant

Tool = Callable[[Path], Callable[[], Terraform]]


def resource(plan: Plan, address: str) -> Resource:
    """The resource at an address of the plan."""
    return next(one for one in plan.resources if one.address == address)


def test_every_instance_of_both_clouds_is_planned(planted: tuple[Path, Plan]) -> None:
    """Google's resources have their own addresses, whatever stood in for them."""
    _, plan = planted

    assert [(one.address, one.unit, one.resolved_by) for one in plan.resources if "keys" not in one.address] == [
        ("module.primary_store.aws_iam_role.reader", "primary/store", "provider"),
        ("module.primary_store.aws_iam_role_policy.reader", "primary/store", "provider"),
        ("module.primary_store.aws_secretsmanager_secret.s", "primary/store", "provider"),
        ("module.primary_store.aws_secretsmanager_secret_version.s", "primary/store", "provider"),
        ('module.primary_store.aws_sns_topic_subscription.one["first"]', "primary/store", "provider"),
        ('module.primary_store.aws_sns_topic_subscription.one["second"]', "primary/store", "provider"),
        ("module.primary_store.aws_sqs_queue.main", "primary/store", "provider"),
        ("module.primary_store.aws_sqs_queue.peer", "primary/store", "provider"),
        ("module.primary_store.data.aws_iam_policy_document.reader", "primary/store", "provider"),
        ("module.standby_bucket.google_compute_network.main", "standby/bucket", "language"),
        ("module.standby_bucket.google_compute_subnetwork.main", "standby/bucket", "language"),
        ('module.standby_bucket.google_storage_bucket.all["a"]', "standby/bucket", "language"),
        ('module.standby_bucket.google_storage_bucket.all["b"]', "standby/bucket", "language"),
    ]
    assert plan.undecided == plan.refused == ()


def test_each_resource_is_in_the_region_of_its_provider(planted: tuple[Path, Plan]) -> None:
    """Be it the module's own or one that it is passed; what another cloud makes has none of AWS's."""
    _, plan = planted

    assert resource(plan, "module.primary_store.aws_sqs_queue.main").region == "eu-west-1"
    assert resource(plan, "module.primary_store.aws_sqs_queue.peer").region == "eu-central-1"
    assert resource(plan, "module.standby_bucket.google_compute_network.main").region == ""


def test_values_that_cross_units_and_clouds_are_real(planted: tuple[Path, Plan]) -> None:
    """What Terraform can know is known, what only a provider decides is UNKNOWN, and nothing is a mock."""
    _, plan = planted
    queue = resource(plan, "module.primary_store.aws_sqs_queue.main")
    bucket = resource(plan, 'module.standby_bucket.google_storage_bucket.all["a"]')

    assert queue.values["name"] == "shop-prod-a"
    assert queue.values["arn"] is UNKNOWN
    assert queue.values["tags_all"] == {"environment": "prod"}
    assert bucket.values["name"] == "shop-prod-one"
    assert bucket.values["versioning"] == [{"enabled": True}]
    assert bucket.values["lifecycle_rule"] == [{"action": [{"type": "Delete"}], "condition": [{"age": 30}]}]
    assert bucket.values["url"] is UNKNOWN
    assert resource(plan, "module.standby_bucket.google_compute_subnetwork.main").values["name"] == "shop-prod-subnet"
    assert plan.outputs["standby_bucket"]["name"] == "shop-prod"  # type: ignore[index]
    assert "mock" not in canonical([one.values for one in plan.resources])


@pytest.mark.parametrize(
    ("address", "path", "targets"),
    [
        pytest.param("aws_sqs_queue.main", "kms_master_key_id", ['primary_store.aws_kms_key.keys["a"]'], id="index"),
        pytest.param(
            'aws_kms_alias.keys["b"]', "target_key_id", ['primary_store.aws_kms_key.keys["b"]'], id="each-value"
        ),
        pytest.param(
            'aws_sns_topic_subscription.one["second"]',
            "endpoint",
            ["primary_store.aws_sqs_queue.peer"],
            id="through-a-local",
        ),
        pytest.param(
            "aws_sqs_queue.peer",
            "tags.url",
            ['standby_bucket.google_storage_bucket.all["a"]', 'standby_bucket.google_storage_bucket.all["b"]'],
            id="across-clouds",
        ),
        pytest.param(
            "aws_sqs_queue.peer", "tags.name", ["standby_bucket.google_compute_network.main"], id="one-of-an-object"
        ),
        pytest.param(
            "aws_iam_role_policy.reader", "policy", ["primary_store.aws_sqs_queue.main"], id="inside-jsonencode"
        ),
    ],
)
def test_references_lead_to_the_resources_behind_them(
    planted: tuple[Path, Plan], address: str, path: str, targets: list[str]
) -> None:
    """Through locals, each, variables, outputs and units, and to nothing else."""
    _, plan = planted

    found = resource(plan, f"module.primary_store.{address}").references[path]

    assert list(found) == [f"module.{one}" for one in targets]


def test_places_name_the_declared_line(planted: tuple[Path, Plan]) -> None:
    """Also for what was rewritten before Terraform saw it."""
    infra, plan = planted

    for one in plan.resources:
        line = (infra.parent / one.place.file).read_text(encoding="utf-8").splitlines()[(one.place.line or 0) - 1]
        assert f'"{one.type}" "{one.name}"' in line


def test_json_inside_a_text_is_opened_even_where_a_part_is_unknown(planted: tuple[Path, Plan]) -> None:
    """Only the unknown part is UNKNOWN; a policy document gives the policy that it will be."""
    _, plan = planted
    policy = resource(plan, "module.primary_store.aws_iam_role_policy.reader").values["policy"]
    trust = resource(plan, "module.primary_store.aws_iam_role.reader").values["assume_role_policy"]

    assert canonical(policy) == canonical(
        {
            "Statement": [{"Effect": "Allow", "Action": "sqs:ReceiveMessage", "Resource": UNKNOWN}],
            "Version": "2012-10-17",
        }
    )
    assert canonical(trust) == canonical(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": ["sts:AssumeRole"],
                    "Principal": {"Service": ["sqs.amazonaws.com"]},
                    "Condition": {"ArnEquals": {"aws:SourceArn": [UNKNOWN]}},
                }
            ],
        }
    )


def test_secrets_stay_out_of_the_plan_and_of_the_cache(planted: tuple[Path, Plan], cache: Path) -> None:
    """A sensitive value is redacted where the plan is read; no file keeps it."""
    _, plan = planted

    assert (
        resource(plan, "module.primary_store.aws_secretsmanager_secret_version.s").values["secret_string"] == REDACTED
    )
    kept = list((cache / "plans").rglob("*.json"))
    assert kept
    for path in kept:
        assert "planted-secret-text" not in path.read_text(encoding="utf-8")
        assert oct(path.stat().st_mode & 0o777) == "0o600"


def test_provider_blocks_are_kept_as_facts(planted: tuple[Path, Plan]) -> None:
    """Also the settings that must not reach an offline plan."""
    _, plan = planted

    assert plan.providers["primary.aws"]["allowed_account_ids"] == ["111122223333"]
    assert plan.providers["primary.aws.peer"]["region"] == "eu-central-1"
    assert plan.providers["standby.google"]["project"] == "shop"


def test_a_kept_plan_is_the_plan(planted: tuple[Path, Plan], tmp_path: Path) -> None:
    """What is stored and read again is equal in every value; a damaged or older file is ignored."""
    _, plan = planted
    path = tmp_path / "plan.json"
    save(path, plan)
    again = load(path)
    assert again is not None
    assert canonical([one.values for one in again.resources]) == canonical([one.values for one in plan.resources])
    assert [one.references for one in again.resources] == [one.references for one in plan.resources]
    assert (again.units[0].id, again.digest, again.programs) == (plan.units[0].id, plan.digest, plan.programs)

    path.write_text(json.dumps({**json.loads(path.read_text()), "shape": 0}), encoding="utf-8")
    assert load(path) is None


def test_an_unchanged_tree_is_not_planned_again(
    planted: tuple[Path, Plan], cache: Path, tool: Tool, tmp_path: Path
) -> None:
    """Neither from the same place nor from another checkout; a changed file gives another digest."""
    infra, plan = planted
    elsewhere = plant(tmp_path)

    again = read_plan(elsewhere, "prod", terraform=_not_run(tool(infra)()), cache=cache)

    assert again.digest == plan.digest
    (elsewhere / "modules/aws/store/main.tf").write_text("", encoding="utf-8")
    with pytest.raises(TargetError):
        read_plan(elsewhere, "prod", terraform=_not_run(tool(infra)()), cache=cache)


def _not_run(found: Terraform) -> Callable[[], Terraform]:
    """The same Terraform, but one that cannot be started."""
    path = Path("/nowhere/terraform")
    return lambda: Terraform(path=path, version=found.version, environment={}, offered=found.offered)


PLAIN = {
    "modules/aws/store/versions.tf": None,
    "modules/aws/store/outputs.tf": None,
    "modules/aws/store/main.tf": 'resource "terraform_data" "x" {\n  input = var.name\n}\n',
}


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        pytest.param(
            {"modules/aws/store/main.tf": 'resource "terraform_data" "x" {\n  input = var.nome\n}\n'},
            r'^infra/modules/aws/store/main\.tf:2: resource "terraform_data" "x": .*"nome"',
            id="module",
        ),
        pytest.param(
            {
                "units/aws/store/terragrunt.hcl": FILES["units/aws/store/terragrunt.hcl"].replace(
                    "outputs.urls", "outputs.none"
                )
            },
            r"^infra/units/aws/store/terragrunt\.hcl:25: .*none",
            id="unit",
        ),
        pytest.param(
            {
                "modules/gcp/bucket/main.tf": FILES["modules/gcp/bucket/main.tf"].replace(
                    "main.self_link", "main.selflink"
                )
            },
            r"^infra/modules/gcp/bucket/main\.tf:53: .*selflink",
            id="google-attribute",
        ),
        pytest.param(
            {"modules/aws/store/main.tf": 'resource "terraform_data" "x" {\n'},
            r"^infra/modules/aws/store/main\.tf:\d: is not HCL",
            id="broken",
        ),
        pytest.param(
            {"modules/aws/store/main.tf": 'module "gone" {\n  source = "./gone"\n}\n'},
            r"^infra/modules/aws/store/gone: holds no Terraform module",
            id="called-module",
        ),
    ],
)
def test_what_is_wrong_is_said_where_it_is_declared(
    tmp_path: Path, cache: Path, tool: Tool, changes: dict[str, str | None], says: str
) -> None:
    """Terraform's own words, with the file and line of the tree and not of the composed root."""
    infra = plant(tmp_path, {**PLAIN, **changes})

    with pytest.raises(UsageError, match=says) as caught:
        read_plan(infra, "prod", terraform=tool(infra), cache=cache)

    assert "\n" not in str(caught.value)


def test_a_unit_whose_provider_cannot_be_had_is_left_out(tmp_path: Path, cache: Path, tool: Tool) -> None:
    """Its outputs are unknown to the others, never its mocks, and the plan says what is missing."""
    needs = 'terraform {\n  required_providers {\n    odd = {\n      source = "nobody/odd"\n    }\n  }\n}\n'
    infra = plant(tmp_path, {**PLAIN, "modules/gcp/bucket/main.tf": needs, "modules/aws/store/main.tf": PEERS})

    plan = read_plan(infra, "prod", terraform=tool(infra), cache=cache)

    assert [str(one) for one in plan.undecided] == [
        "infra/units/gcp/bucket/terragrunt.hcl:11: standby/bucket: provider nobody/odd cannot be had here"
    ]
    assert canonical(plan.resources[0].values["input"]) == canonical({"name": "shop-prod-a", "peer": UNKNOWN})


PEERS = 'resource "terraform_data" "x" {\n  input = { name = var.name, peer = var.peers.name }\n}\n'


ASKS: Final = """
resource "aws_opensearch_domain" "main" {
  domain_name    = var.name
  engine_version = "OpenSearch_2.19"

  cluster_config {
    instance_type = "r6g.large.search"
  }
}

output "urls" {
  value = { a = var.name }
}

output "name" {
  value = var.name
}
"""


class _Proxy(StreamRequestHandler):
    """Leads nowhere, and remembers who was to be reached."""

    def handle(self) -> None:
        self.server.asked.append(self.rfile.readline().split()[1].decode())  # type: ignore[attr-defined]  # set below


def test_a_plan_asks_no_cloud(tmp_path: Path, cache: Path, tool: Tool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A domain's plan wants to know the versions that follow its own: the question leads nowhere, and at once."""
    infra = plant(tmp_path, {"modules/aws/store/main.tf": ASKS, "modules/aws/store/outputs.tf": ""})
    asked: list[str] = []
    with ThreadingTCPServer(("127.0.0.1", 0), _Proxy) as proxy:
        proxy.asked = asked  # type: ignore[attr-defined]  # for its handler
        thread = threading.Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        for name in ("HTTPS_PROXY", "HTTP_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.server_address[1]}")

        plan = read_plan(infra, "prod", terraform=tool(infra), cache=cache)

        proxy.shutdown()
        thread.join()
    assert resource(plan, "module.primary_store.aws_opensearch_domain.main").values["domain_name"] == "shop-prod-a"
    assert not [host for host in asked if "amazonaws" in host]


def test_a_terraform_that_is_too_old_is_refused() -> None:
    """With its version, its place and what is needed."""
    with pytest.raises(
        TargetError, match=r"terraform 1\.5\.7 at /usr/bin/terraform is too old: install 1\.11 or newer"
    ):
        Terraform(path=Path("/usr/bin/terraform"), version="1.5.7", environment={}, offered={})

"""Endpoints and attached policies: AWS's services are reached privately, for this account."""

import re

from meshproof import Control, Level, Pillar, checks, edit, judge, remove
from meshproof.declaration.model import canonical
from meshproof.declaration.platform import Item, Platform

_ACCOUNT = re.compile(r"\d{12}")

ENDPOINTS = Control(
    id="NET-013",
    title="Each AWS service that the platform uses MUST be reached by an endpoint that serves this account only",
    system="network",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source="https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html",
    remedy="Declare an endpoint for the service with private DNS in every node zone and aws:PrincipalAccount.",
    relates=("aws_vpc_endpoint", "aws_subnet", "aws_security_group", "aws_eks_cluster", "aws_sqs_queue"),
    frameworks={"nist": "SC-7(8)", "pci": "1.4.4", "soc2": "CC6.6"},
    mutants=[
        remove("aws_vpc_endpoint", '*interface["sqs"]', says="sqs is called over the internet"),
        edit("aws_vpc_endpoint", '*interface["kms"]', {"private_dns_enabled": False}, says="public name"),
        edit("aws_vpc_endpoint", "*endpoint.s3", {"policy": {"Statement": [{"Condition": None}]}}, says="any account"),
    ],
)

#: Which declared thing makes which service of AWS necessary from inside the VPC.
SERVICES = {
    "aws_cloudwatch_log_group": ("logs",),
    "aws_cloudwatch_metric_alarm": ("monitoring",),
    "aws_dynamodb_table": ("dynamodb",),
    "aws_ecr_repository": ("ecr.api", "ecr.dkr", "s3"),
    "aws_eks_cluster": ("ec2", "eks", "eks-auth", "sts"),
    "aws_eks_node_group": ("autoscaling",),
    "aws_kms_key": ("kms",),
    "aws_lb": ("elasticloadbalancing",),
    "aws_prometheus_workspace": ("aps-workspaces",),
    "aws_secretsmanager_secret": ("secretsmanager",),
    "aws_sns_topic": ("sns",),
    "aws_sqs_queue": ("sqs",),
    "aws_xray_group": ("xray",),
}


@checks(ENDPOINTS)
def test_services_are_reached_privately(platform: Platform) -> None:
    """From the nodes' VPC every AWS service in use has an endpoint, in each zone, for this account's principals."""
    needed = {name for kind, names in SERVICES.items() if platform.all(kind) for name in names}

    def reached(cluster: Item) -> list[str]:
        subnets = {one.address for one in cluster.refers("vpc_config.0.subnet_ids", "aws_subnet")}
        endpoints = {
            ".".join(one.text("service_name").split(".")[3:]): one
            for one in platform.all("aws_vpc_endpoint")
            if one.refers("vpc_id", "aws_vpc")
        }
        said = [f"{name} is called over the internet" for name in sorted(needed - set(endpoints))]
        return said + [f"{one.address} {text}" for one in endpoints.values() for text in _endpoint(one, subnets)]

    findings = judge(platform.all("aws_eks_cluster"), reached)

    assert not findings.broken, findings.table()


def _endpoint(endpoint: Item, subnets: set[str]) -> list[str]:
    said = []
    if endpoint.text("vpc_endpoint_type") == "Interface":
        if endpoint.get("private_dns_enabled") is not True:
            said.append("is passed by whoever uses the public name")
        if not endpoint.refers("security_group_ids", "aws_security_group"):
            said.append("is guarded by no group")
        if not subnets <= {one.address for one in endpoint.refers("subnet_ids")}:
            said.append("is not in every zone of the nodes")
    elif not endpoint.refers("route_table_ids", "aws_route_table"):
        said.append("is in no route table")
    return said + _policy(endpoint)


def _policy(endpoint: Item) -> list[str]:
    said = []
    own = 0
    for position, statement in enumerate(endpoint.mappings("policy.Statement")):
        at = ("policy", "Statement", str(position), "Condition", "StringEquals")
        accounts = [
            str(endpoint.get((*at, name)))
            for name in ("aws:PrincipalAccount", "aws:ResourceAccount")
            if endpoint.has((*at, name))
        ]
        own += bool(accounts) and endpoint.has((*at, "aws:PrincipalAccount"))
        if not statement.get("Principal"):
            said.append("has a statement for no principal")
        if not all(_ACCOUNT.fullmatch(one) for one in accounts) or (not accounts and statement.get("Resource") == "*"):
            said.append("serves any account")
        if (
            endpoint.text("vpc_endpoint_type") == "Gateway"
            and statement.get("Resource") == "*"
            and len(accounts) < len(_BOTH)
        ):
            said.append("serves any account's store")
    if not own:
        said.append("serves no account or any account")
    elif len(endpoint.mappings("policy.Statement")) < (
        len(_BOTH) if endpoint.text("service_name").endswith(".s3") else 1
    ):
        said.append("hides the registry's image layers")
    return said


_BOTH = ("the caller's account", "the store's account")

DOCUMENTS = Control(
    id="NET-014",
    title="A policy that is attached MUST be the document that was written for it, to the letter",
    system="network",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source="https://registry.terraform.io/providers/hashicorp/aws/latest/docs/data-sources/iam_policy_document",
    remedy="Refer to the document's json; never copy, patch or wrap it.",
    relates=("aws_iam_policy_document", "aws_vpc_endpoint", "aws_iam_role"),
    frameworks={"nist": "CM-3", "pci": "7.2.1", "soc2": "CC8.1"},
    mutants=[
        edit(
            "aws_vpc_endpoint", "*endpoint.dynamodb", {"policy": {"Statement": [{"Action": "*"}]}}, says="is not what"
        ),
        edit(
            "aws_iam_role",
            "module.primary_network.*.flow",
            {"assume_role_policy": {"Version": "2008-10-17"}},
            says="is not what",
        ),
    ],
)


@checks(DOCUMENTS)
def test_attached_policies_are_the_written_ones(platform: Platform) -> None:
    """What an endpoint or a role holds equals the document that it refers to, in all of its renderings."""

    def same(holder: Item) -> list[str]:
        path = "policy" if holder.kind == "aws_vpc_endpoint" else "assume_role_policy"
        held = canonical(holder.get(path))
        said = []
        for document in holder.refers(path, "aws_iam_policy_document"):
            values = document.get(())
            texts = (
                {canonical(values.get(name)) for name in ("json", "minified_json")}
                if isinstance(values, dict)
                else set()
            )
            if texts != {held} and "$unknown" not in "".join(texts):
                said.append(f"{path} is not what {document.address} says")
            count = len(holder.mappings(f"{path}.Statement"))
            if len(document.mappings("statement")) != count:
                said.append(f"{path} is not what {document.address} says: {count} statements")
        return said

    holders = [
        one
        for one in platform.all("aws_vpc_endpoint", "aws_iam_role")
        if one.has("policy") or one.has("assume_role_policy")
    ]
    findings = judge(holders, same)

    assert not findings.broken, findings.table()

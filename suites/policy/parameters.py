"""The parameters that a database runs with, on either cloud."""

from collections.abc import Mapping

from meshproof.declaration.platform import Item, Platform

#: Cloud SQL writes on and off where RDS writes 1 and 0.
SAME_MEANING = {"1": "on", "0": "off", "true": "on", "false": "off"}

Parameters = Mapping[str, str]


def parameters_of(platform: Platform, cluster: Item) -> dict[str, str]:
    """What is stated for a cluster of either cloud, by name, in one spelling."""
    if cluster.kind == "google_sql_database_instance":
        stated = cluster.mappings("settings.0.database_flags")
    else:
        groups = cluster.refers("db_cluster_parameter_group_name", "aws_rds_cluster_parameter_group")
        for instance in platform.referrers(cluster, "aws_rds_cluster_instance"):
            groups += instance.refers("db_parameter_group_name", "aws_db_parameter_group")
        stated = [one for group in groups for one in group.mappings("parameter")]
    return {str(one.get("name")): _meaning(one.get("value")) for one in stated}


def _meaning(value: object) -> str:
    return SAME_MEANING.get(str(value).lower(), str(value))


def number(parameters: Parameters, name: str) -> float:
    """A parameter as a number, 0 where it is none; on and off count as 1 and 0."""
    text = {"on": "1", "off": "0"}.get(parameters.get(name, ""), parameters.get(name, ""))
    return float(text) if text.replace(".", "", 1).isdigit() else 0.0

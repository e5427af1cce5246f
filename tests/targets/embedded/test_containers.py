"""A declared container's settings, as its process gets them: mounted files appear as a kubelet makes them appear."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from meshproof.declaration.model import UNKNOWN, Record
from meshproof.judgement import Place
from meshproof.targets.embedded.containers import Container, container_of, environment_here, write_files
from meshproof.verdict import Assurance

MOUNTED = Container(
    environment={"ROOT": "/data", "STORE": "store.limits.svc.cluster.local:6379", "SIZE": "20", "ETC": "/etc"},
    files={"/data/limits/config/a.yaml": "one", "/data/limits/config/b.yaml": "two"},
)


def record(kind: str, name: str, values: dict[str, Any]) -> Record:
    """A declared object of the namespace `limits`."""
    return Record(
        family="kubernetes",
        kind=kind,
        address=f"primary/{kind}/limits/{name}",
        name=name,
        values={"metadata": {"name": name, "namespace": "limits"}, **values},
        place=Place(file="infra/kubernetes/x.yaml", line=1),
        assurance=Assurance.RESOLVED,
        namespace="limits",
        site="primary",
    )


def test_a_container_is_its_arguments_its_variables_and_the_config_maps_that_it_mounts() -> None:
    """A variable that the cluster fills in, and a volume that holds no ConfigMap, are none of it."""
    first = {
        "args": ["--save", ""],
        "env": [{"name": "SIZE", "value": 20}, {"name": "POD", "valueFrom": {}}],
        "volumeMounts": [{"name": "limits", "mountPath": "/etc/limits"}, {"name": "tmp", "mountPath": "/scratch"}],
    }
    volumes = [{"name": "limits", "configMap": {"name": "limits"}}, {"name": "tmp", "emptyDir": {}}]
    pod = {"spec": {"template": {"spec": {"containers": [first], "volumes": volumes}}}}
    limits = record("ConfigMap", "limits", {"data": {"a.yaml": "one"}})

    found = container_of(record("Deployment", "limits", pod), [limits])

    assert found == Container(arguments=("--save", ""), environment={"SIZE": "20"}, files={"/etc/limits/a.yaml": "one"})


def test_a_config_map_whose_data_nobody_knows_holds_no_file() -> None:
    """What the cloud decides is not made up."""
    first = {"volumeMounts": [{"name": "limits", "mountPath": "/etc/limits"}]}
    volumes = [{"name": "limits", "configMap": {"name": "limits"}}]
    pod = {"spec": {"template": {"spec": {"containers": [first], "volumes": volumes}}}}

    found = container_of(record("Deployment", "limits", pod), [record("ConfigMap", "limits", {"data": UNKNOWN})])

    assert found.files == {}


def test_paths_above_a_mount_and_names_of_services_are_those_of_this_machine(tmp_path: Path) -> None:
    """Every other value stays as it is declared."""
    assert environment_here(MOUNTED, tmp_path, "127.70.0.3") == {
        "ROOT": f"{tmp_path}/data",
        "STORE": "127.70.0.3:6379",
        "SIZE": "20",
        "ETC": "/etc",
    }


def test_mounted_files_change_all_at_once_behind_their_names(tmp_path: Path) -> None:
    """A second mount replaces the first, of which nothing stays."""
    there = tmp_path / "data" / "limits" / "config"
    write_files(MOUNTED, tmp_path)
    before = (there / "..data").readlink()

    write_files(Container(files=dict.fromkeys(MOUNTED.files, "three")), tmp_path)

    assert [(there / name).read_text() for name in ("a.yaml", "b.yaml")] == ["three", "three"]
    assert (there / "a.yaml").readlink() == Path("..data/a.yaml")
    assert (there / "..data").readlink() != before
    assert sorted(one.name for one in there.iterdir() if one.is_dir() and not one.is_symlink()) == [
        str((there / "..data").readlink())
    ]
    assert ((there / "..data").resolve() / "a.yaml").stat().st_mode & 0o077 == 0

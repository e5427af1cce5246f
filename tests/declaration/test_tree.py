"""Foreign Terraform: planned where that is possible, else read as it stands, with the reason."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from meshproof.declaration.model import REDACTED, UNKNOWN, canonical
from meshproof.declaration.module import Modules
from meshproof.declaration.terraform_program import specifiers
from meshproof.declaration.terraform_run import Terraform
from meshproof.declaration.tree import read_tree, roots
from meshproof.errors import UsageError

Tool = Callable[[Path], Callable[[], Terraform]]

APP: Mapping[str, str] = {
    "app/main.tf": """
terraform {
  backend "s3" {
    bucket = "state"
  }
}

variable "size" {
  default = 3
}

locals {
  labels = { size = var.size, name = "n-${var.size}" }
}

module "inner" {
  source = "../inner"
  name   = local.labels.name
}

resource "terraform_data" "outer" {
  input            = [module.inner.id, local.labels.size, upper("x")]
  triggers_replace = local.labels
}
""",
    "inner/main.tf": """
variable "name" {}

resource "terraform_data" "it" {
  input = { name = var.name, password = "p", json = "{\\"a\\": [1]}" }
}

output "id" {
  value = terraform_data.it.id
}
""",
}


def grow(base: Path, files: Mapping[str, str]) -> Path:
    """Write files below `base/code`."""
    for name, content in files.items():
        path = base / "code" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    return base / "code"


def test_a_plain_root_is_planned_without_its_backend(tmp_path: Path, cache: Path, tool: Tool) -> None:
    """Addresses carry the root's folder; a module that a root calls is no root of its own."""
    code = grow(tmp_path, APP)

    plan = read_tree(code, terraform=tool(code), cache=cache)

    assert plan.undecided == ()
    assert [(one.address, str(one.place), one.resolved_by) for one in plan.resources] == [
        ("app/module.inner.terraform_data.it", "code/inner/main.tf:4", "provider"),
        ("app/terraform_data.outer", "code/app/main.tf:21", "provider"),
    ]
    inner, outer = plan.resources
    assert inner.values["input"] == {"name": "n-3", "password": "p", "json": {"a": [1]}}
    assert canonical(outer.values["input"]) == canonical([UNKNOWN, 3, "X"])
    assert outer.references == {"input.0": ("app/module.inner.terraform_data.it",)}
    assert not list(code.rglob(".terraform*")), "nothing is left in the tree that is judged"


def test_without_terraform_a_root_is_read_as_it_stands(tmp_path: Path, cache: Path) -> None:
    """Constants, defaults and constant locals are known, functions are not, and the reason is told."""
    code = grow(tmp_path, APP)

    plan = read_tree(code, terraform=None, cache=cache)

    assert [str(one) for one in plan.undecided] == ["code/app: code/app: read as it stands: terraform is not used"]
    inner, outer = plan.resources
    assert (inner.resolved_by, outer.resolved_by) == ("language", "language")
    assert canonical(inner.values["input"]) == canonical({"name": "n-3", "password": "p", "json": {"a": [1]}})
    assert canonical(outer.values["input"]) == canonical([UNKNOWN, 3, UNKNOWN])
    assert outer.values["triggers_replace"] == {"size": 3, "name": "n-3"}


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        pytest.param({"main.tf": 'variable "v" {}\n'}, "variable v has no value", id="variable"),
        pytest.param(
            {"main.tf": 'resource "odd_thing" "x" {}\n'}, "provider hashicorp/odd cannot be had here", id="provider"
        ),
        pytest.param(
            {"main.tf": 'output "o" {\n  value = var.none\n}\n'}, "cannot be planned: main.tf:2:", id="broken"
        ),
    ],
)
def test_a_root_that_cannot_be_planned_says_why(
    tmp_path: Path, cache: Path, tool: Tool, files: Mapping[str, str], reason: str
) -> None:
    """One finding for the root, and no traceback."""
    code = grow(tmp_path, files)

    plan = read_tree(code, terraform=tool(code), cache=cache)

    assert [one.says.startswith(f"read as it stands: {reason}") for one in plan.undecided] == [True], plan.undecided


def test_secrets_are_redacted_without_a_schema_too(tmp_path: Path, cache: Path) -> None:
    """By the names of their attributes."""
    code = grow(tmp_path, {"main.tf": 'resource "aws_db_instance" "x" {\n  password = "p"\n  name = "n"\n}\n'})

    plan = read_tree(code, terraform=None, cache=cache)

    assert plan.resources[0].values == {"password": REDACTED, "name": "n"}


def test_a_name_that_is_declared_twice_is_refused(tmp_path: Path) -> None:
    """With both places."""
    code = grow(tmp_path, {"a.tf": 'variable "v" {\n}\n', "b.tf": '\nvariable "v" {\n}\n'})

    with pytest.raises(UsageError, match=r"code/b\.tf:2: variable v is declared twice \(first in code/a\.tf:1\)"):
        roots(code, Modules(tmp_path, None))


@pytest.mark.parametrize(
    ("constraint", "taken", "refused"),
    [
        pytest.param("5.100.0", "5.100.0", "5.100.1", id="exact"),
        pytest.param("= 5.1", "5.1", "5.2", id="equals"),
        pytest.param("~> 5.0", "5.99", "6.0", id="pessimistic"),
        pytest.param("~> 5.1.2", "5.1.9", "5.2.0", id="pessimistic-patch"),
        pytest.param(">= 4.0, < 6.0", "5.0", "6.0", id="range"),
        pytest.param("!= 5.0.1", "5.0.2", "5.0.1", id="not"),
    ],
)
def test_version_constraints_mean_what_terraform_says(constraint: str, taken: str, refused: str) -> None:
    """Terraform's operators as Python's."""
    assert taken in specifiers(constraint)
    assert refused not in specifiers(constraint)

"""A small suite and what it judges, to be run by pytest in a process of its own."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

SERVICES = """
apiVersion: v1
kind: Service
metadata: {name: a, namespace: shop}
spec: {type: ClusterIP, ports: [{port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: b, namespace: shop}
spec: {type: ClusterIP, ports: [{port: 80}]}
"""

HEAD = """
from meshproof import *

def control(id, mutants, level=Level.MUST, **more):
    return Control(id=id, title=f"Services {level.value} be internal", system="net", pillar=Pillar.SECURITY,
                   level=level, since="1.0", source="https://kubernetes.io", remedy="Use ClusterIP.", mutants=mutants, **more)

def internal(service):
    return None if service.get("spec.type") == "ClusterIP" else "is open to the outside"

OPEN = edit("Service", "shop/a", {"spec": {"type": "NodePort"}}, says="is open")
"""

GOOD = """
@checks(control("NET-001", [OPEN]))
def test_services_are_internal(platform):
    findings = judge(platform.all("Service"), internal)
    assert not findings.broken, findings.table()
"""

SYSTEMS = """
[[system]]
id = "net"
title = "Services"
must_hold = "internal"
floor = "observed"
shown_on = "embedded"
floor_on_plan = "resolved"
declared_by = ["Service"]
"""

Suite = Callable[..., pytest.RunResult]


@pytest.fixture
def suite(pytester: pytest.Pytester) -> Suite:
    """Write a suite, run it, give the result; keyword arguments name more files (`path__ext` for path.ext)."""
    # Nothing else of the platform's fixtures: pytest compiles anew what a fresh directory holds, for every test.
    pytester.mkdir("fixtures")
    shutil.copy(ROOT / "fixtures/declaration.py", pytester.path / "fixtures/declaration.py")
    pytester.makeconftest('pytest_plugins = ["fixtures.declaration"]')

    def run(body: str, *args: str, services: str = SERVICES, exemptions: str = "") -> pytest.RunResult:
        write = pytester.path.joinpath
        for name in ("infra", "suites"):
            write(name).mkdir(exist_ok=True)
        # Not whatever target is best here: to find that out, every program is looked for.
        write("pyproject.toml").write_text(
            '[tool.meshproof]\ntarget = "plan"\nmutants = 40\nscore-overall = 0.0\nscore-per-system = 0.0\n'
            '[tool.pytest]\naddopts = ["--import-mode=importlib", "-ra", "-p", "no:hypothesispytest"]\npythonpath = ["."]\n'
        )
        write("infra/services.yaml").write_text(services)
        write("suites/systems.toml").write_text(SYSTEMS)
        write("suites/exemptions.toml").write_text(exemptions)
        write("suites/test_net.py").write_text(HEAD + body)
        return pytester.runpytest_subprocess("suites", "-p", "no:cacheprovider", *args)

    return run


def read_run(pytester: pytest.Pytester) -> dict[str, object]:
    """The newest run's model."""
    found: dict[str, object] = json.loads((pytester.path / "reports/runs/latest/run.json").read_text())
    return found

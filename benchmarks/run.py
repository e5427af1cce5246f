"""Benchmarks: what a run costs, as ratios within one run. Nothing here passes or fails; it prints figures."""

from __future__ import annotations

import resource
import shutil
import sys
import tempfile
import time
from pathlib import Path

from platformdirs import user_cache_path
from rich.console import Console
from rich.table import Table

from meshproof.declaration.plan_json import planned
from meshproof.process import run
from meshproof.scanners.checkov import scan
from meshproof.settings import read_settings
from meshproof.targets.plan import declaration_of

ROOT = Path(__file__).parents[1]
WITHIN_S = 900.0
SIZES = (1000, 5000)


def seconds_of(argv: list[str], cwd: Path) -> float:
    """Wall seconds of one run of pytest."""
    began = time.monotonic()
    run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *argv], cwd=cwd, within_s=WITHIN_S)
    return time.monotonic() - began


def policy_against_checkov() -> list[tuple[str, str]]:
    """The policy suite, its inputs cached, against an uncached scan of the same declaration."""
    declaration = declaration_of(read_settings(ROOT, {}))
    scan(declaration.records)
    with tempfile.TemporaryDirectory(prefix="meshproof-") as scratch:
        suite = seconds_of(["suites/policy", "--report-dir", f"{scratch}/report"], ROOT)
    shutil.rmtree(user_cache_path("meshproof") / "scans", ignore_errors=True)
    began = time.monotonic()
    scan(declaration.records)
    alone = time.monotonic() - began
    return [
        ("policy suite, prod", f"{suite:.1f} s"),
        ("Checkov alone, uncached", f"{alone:.1f} s"),
        ("ratio", f"{suite / alone:.2f}"),
    ]


def cost_per_control() -> list[tuple[str, str]]:
    """The slope between two numbers of trivial controls, over the same of bare tests."""
    slopes = {}
    for kind, body in (("controls", CONTROL), ("bare tests", BARE)):
        times = [_trivial(kind, body, size) for size in SIZES]
        slopes[kind] = (times[1] - times[0]) / (SIZES[1] - SIZES[0]) * 1000
    cost = slopes["controls"] - slopes["bare tests"]
    rows = [(f"{kind}, slope", f"{slope:.3f} ms") for kind, slope in slopes.items()]
    return [*rows, ("engine per control", f"{cost:.3f} ms")]


def _trivial(kind: str, body: str, size: int) -> float:
    with tempfile.TemporaryDirectory(prefix="meshproof-") as scratch:
        directory = Path(scratch)
        (directory / "pyproject.toml").write_text("[tool.pytest]\n", encoding="utf-8")
        (directory / "infra").mkdir()
        (directory / "infra" / "a.yaml").write_text(SERVICE, encoding="utf-8")
        (directory / "suites").mkdir()
        text = (HEAD if kind == "controls" else "") + "".join(
            body.format(n=n, id=f"{n // 100:02}") for n in range(size)
        )
        (directory / "suites" / "test_many.py").write_text(text, encoding="utf-8")
        return seconds_of(["suites"], directory)


def plan_sizes() -> list[tuple[str, str]]:
    """Reading a plan of 100, 1,000 and 10,000 resources."""
    rows, before = [], 0.0
    for size in (100, 1000, 10000):
        data = {"planned_values": {"root_module": {"resources": [_resource(n) for n in range(size)]}}}
        began = time.monotonic()
        found = len(list(planned(data, "synthetic")))
        took = time.monotonic() - began
        ratio = f", {took / before:.1f} times the step before" if before else ""
        rows.append((f"plan of {found} resources", f"{took * 1000:.1f} ms{ratio}"))
        before = took
    rows.append(("peak memory", f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB"))
    return rows


def _resource(n: int) -> dict[str, object]:
    return {
        "address": f"aws_vpc.n{n}",
        "mode": "managed",
        "type": "aws_vpc",
        "name": f"n{n}",
        "provider_name": "registry.terraform.io/hashicorp/aws",
        "values": {"cidr_block": "10.0.0.0/16", "tags": {"a": "b"}, "enable_dns_support": True},
    }


SERVICE = "apiVersion: v1\nkind: Service\nmetadata:\n  name: a\n  namespace: shop\nspec:\n  type: ClusterIP\n"
HEAD = """
import pytest
from meshproof import Control, Level, Pillar, checks, edit, judge
from meshproof.declaration.platform import Platform
from meshproof.plugin import SETTINGS
from meshproof.targets.plan import declaration_of

@pytest.fixture
def platform(pytestconfig):
    return Platform(declaration_of(pytestconfig.stash[SETTINGS]))

def kept(one):
    return None

def control(id):
    return Control(id=id, title="It MUST be", system="x", pillar=Pillar.COST, level=Level.MUST, since="1", source="s",
                   remedy="r", mutants=[edit("Service", "shop/a", {"spec": {"type": "NodePort"}}, says="x")])
"""
CONTROL = """
@checks(control("X{n:04d}A-{id}"))
def test_{n}(platform):
    findings = judge(platform.all("Service"), kept)
    assert not findings.broken, findings.table()
"""
BARE = "\ndef test_{n}():\n    assert True\n"


def main() -> None:
    """Print every figure."""
    console = Console()
    for title, measure in (
        ("Policy suite against Checkov", policy_against_checkov),
        ("Cost of the engine", cost_per_control),
        ("Size of a plan", plan_sizes),
    ):
        table = Table("figure", "value", title=title, title_justify="left")
        for name, value in measure():
            table.add_row(name, value)
        console.print(table)


if __name__ == "__main__":
    main()

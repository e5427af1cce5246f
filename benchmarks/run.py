"""Benchmarks: what a run costs, as ratios within one run. Nothing here passes or fails; it prints figures."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

from checkers import checkers
from embedded import embedded
from platformdirs import user_cache_path
from rich.console import Console
from rich.table import Table
from targets import side_by_side

from meshproof.process import require, run
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
    """The slope between two numbers of trivial controls, over that of bare tests; start-up and report apart."""
    slopes: dict[str, float] = {}
    rows: list[tuple[str, str]] = []
    for kind, head, body in (("controls", HEAD, CONTROL), ("bare tests", BARE_HEAD, BARE)):
        few, many = (_phases(head, body, size) for size in SIZES)
        slopes[kind] = (many["judged"] - few["judged"]) / (SIZES[1] - SIZES[0]) * 1000
        rows.append((f"{kind}, slope of collecting and running", f"{slopes[kind]:.3f} ms"))
        if kind == "controls":
            rows.append(("start-up", f"{few['started']:.2f} s"))
            rows += [(f"report of {SIZES[1]:,} controls", f"{many['written']:.2f} s")]
    return [*rows, ("engine per control", f"{slopes['controls'] - slopes['bare tests']:.3f} ms")]


def _phases(head: str, body: str, size: int) -> dict[str, float]:
    """Seconds until the session started, of collecting and running, and of what came after."""
    with tempfile.TemporaryDirectory(prefix="meshproof-") as scratch:
        directory = Path(scratch)
        (directory / "pyproject.toml").write_text("[tool.pytest]\n", encoding="utf-8")
        (directory / "infra").mkdir()
        (directory / "infra" / "a.yaml").write_text(SERVICE, encoding="utf-8")
        (directory / "suites").mkdir()
        (directory / "conftest.py").write_text(CLOCK, encoding="utf-8")
        text = head + "".join(body.format(n=n, id=f"{n // 100:02}") for n in range(size))
        (directory / "suites" / "test_many.py").write_text(text, encoding="utf-8")
        began = time.time()
        seconds_of(["suites"], directory)
        ended = time.time()
        marks = json.loads((directory / "marks.json").read_text(encoding="utf-8"))
    return {
        "started": marks["started"] - began,
        "judged": marks["judged"] - marks["started"],
        "written": ended - marks["judged"],
    }


def plan_sizes() -> list[tuple[str, str]]:
    """A plan of 100, 1,000 and 10,000 resources, read and judged once, each in a process of its own."""
    rows: list[tuple[str, str]] = []
    before: tuple[float, float] | None = None
    with tempfile.TemporaryDirectory(prefix="meshproof-") as scratch:
        for size in (0, 100, 1000, 10000):
            path = Path(scratch) / f"{size}.json"
            path.write_text(json.dumps(_plan(max(size, 1))), encoding="utf-8")
            argv = [sys.executable, "-c", READ, str(path)]
            env = {**os.environ, "XDG_CACHE_HOME": str(Path(scratch) / str(size))}
            done = require(run(argv, cwd=ROOT, env=env, within_s=WITHIN_S), doing="reading a plan")
            seconds, mebibytes = (float(word) for word in done.stdout.split())
            if not size:
                floor_mib = mebibytes
                continue
            now = (seconds, mebibytes - floor_mib)
            # A small plan may take no page more than an empty one: nothing to divide by.
            times = [f"{a / b:.1f}" if b > 0 else "any" for a, b in zip(now, before, strict=True)] if before else []
            grown = f" ({times[0]} and {times[1]} times the step before)" if times else ""
            rows.append((f"plan of {size:,} resources", f"{now[0]:.2f} s, {now[1]:.0f} MiB{grown}"))
            before = now
    return rows


def _plan(size: int) -> dict[str, object]:
    numbers = range(size)
    return {
        "format_version": "1.2",
        "terraform_version": "1.11.4",
        "resource_changes": [_change(n) for n in numbers],
        "configuration": {"root_module": {"resources": [_declared(n) for n in numbers]}},
    }


def _change(n: int) -> dict[str, object]:
    after = {"cidr_block": "10.0.0.0/16", "tags": {"a": "b", "n": str(n)}, "enable_dns_support": True}
    return {**_names(n), "change": {"actions": ["create"], "after": after, "after_unknown": {"id": True}}}


def _declared(n: int) -> dict[str, object]:
    expressions = {"vpc_id": {"references": [f"aws_vpc.n{n - 1}.id", f"aws_vpc.n{n - 1}"]}} if n else {}
    return {**_names(n), "expressions": expressions}


def _names(n: int) -> dict[str, object]:
    provider = "registry.terraform.io/hashicorp/aws"
    return {
        "address": f"aws_vpc.n{n}",
        "mode": "managed",
        "type": "aws_vpc",
        "name": f"n{n}",
        "provider_name": provider,
        "provider_config_key": "aws",
    }


def histories() -> list[tuple[str, str]]:
    """Ledgers of 10,000, 100,000 and 1,000,000 writes, each read and judged once, in a process of its own."""
    rows: list[tuple[str, str]] = []
    for size in (10_000, 100_000, 1_000_000):
        done = require(run([sys.executable, "-c", JUDGE, str(size)], cwd=ROOT, within_s=WITHIN_S), doing="judging")
        made, read, judged, mebibytes, per_write = done.stdout.split()
        took = f"read {read} s, judged {judged} s, {mebibytes} MiB ({per_write} bytes per write)"
        rows.append((f"history of {size:,} writes", f"{took}; written in {made} s without fsync"))
    return rows


READ = """
import resource, sys, time
from pathlib import Path
from meshproof import judge
from meshproof.declaration.platform import Platform
from meshproof.declaration.reading import read

plan = Path(sys.argv[1])
began = time.monotonic()
platform = Platform(read(plan.parent, "prod", plan_file=plan))
judge(platform.all("aws_vpc"), lambda one: None if one.get("enable_dns_support") else "off")
print(time.monotonic() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""
JUDGE = """
import resource, sys, time
from pathlib import Path
from meshproof.history.ledger import INTENT, encoded
from meshproof.history.loss import loss_of
from meshproof.history.operation import value_of
from meshproof.history.reading import read_ledger
from meshproof.history.set_full import Read, check_set_full
from meshproof.history.sets import check_set
from meshproof.history.writers import two_writers
from meshproof.process import scratch

def mebibytes():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

size, floor, began = int(sys.argv[1]), mebibytes(), time.monotonic()
values = [value_of(n % 50, n // 50) for n in range(size)]
with scratch("ledger") as directory:
    with (directory / "ledger").open("wb") as file:
        for n, value in enumerate(values):
            file.write(encoded([INTENT, value, n * 1000, "pool", "127.0.0.1:5432"]))
            file.write(encoded(["ok", value, n * 1000 + 500, "primary", 1, n * 100, ""]))
    made = time.monotonic()
    history = read_ledger(directory / "ledger")
    read = time.monotonic()
    verdict = check_set(history, values[:-7])
    assert len(verdict.lost) == 7 and not loss_of(history, verdict, fault_at_ns=size * 1000).holes
    assert not two_writers(history).late
    full = check_set_full(history, [Read(began_at_ns=size * 1000, ended_at_ns=size * 2000, values=frozenset(values))])
    assert full.stable == size
judged, used = time.monotonic(), mebibytes() - floor
print(f"{made - began:.1f} {read - made:.2f} {judged - read:.2f} {used:.0f} {used * 2**20 / size:.0f}")
"""
SERVICE = "apiVersion: v1\nkind: Service\nmetadata:\n  name: a\n  namespace: shop\nspec:\n  type: ClusterIP\n"
CLOCK = """
import json, time
import pytest

MARKS = {}

@pytest.hookimpl(trylast=True)
def pytest_sessionstart(session):
    MARKS["started"] = time.time()

@pytest.hookimpl(wrapper=True)
def pytest_runtestloop(session):
    answer = yield
    MARKS["judged"] = time.time()
    (session.config.rootpath / "marks.json").write_text(json.dumps(MARKS))
    return answer
"""
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
    assert not findings.broken
"""
BARE_HEAD = """
import pytest

@pytest.fixture
def platform():
    return ()
"""
BARE = """
def test_{n}(platform):
    findings = platform
    assert not findings
"""


def main() -> None:
    """Print every figure, or those whose titles contain a word."""
    asked = argparse.ArgumentParser(description=main.__doc__)
    asked.add_argument("word", nargs="?", default="", help="of the titles to print")
    asked.add_argument("--images", default="", help="the kind target's file of images")
    words = asked.parse_args()
    console = Console()
    for title, measure in (
        ("Policy suite against Checkov", policy_against_checkov),
        ("Cost of the engine", cost_per_control),
        ("Size of a plan", plan_sizes),
        ("Size of a history", histories),
        ("Checkers of histories", checkers),
        ("Embedded target", embedded),
        ("Targets side by side", partial(side_by_side, words.images)),
    ):
        if words.word.lower() not in title.lower():
            continue
        table = Table("figure", "value", title=title, title_justify="left")
        for name, value in measure():
            table.add_row(name, value)
        console.print(table)


if __name__ == "__main__":
    main()

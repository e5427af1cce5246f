"""The plugin end to end: judged by exit status, words and run.json."""

from __future__ import annotations

import json
import re
import sys

import pytest

from tests.small_suite import GOOD, SERVICES, SYSTEMS, Suite, read_run, suite

__all__ = ["suite"]


def test_a_kept_promise_is_a_pass_with_evidence(suite: Suite, pytester: pytest.Pytester) -> None:
    """A pass says what was judged and how it is known."""
    result = suite(GOOD)

    assert result.ret == 0
    (control,) = read_run(pytester)["controls"]  # type: ignore[misc]
    assert (control["verdict"], control["assurance"], control["judged"]) == ("pass", "resolved", 2)
    evidence = pytester.path / "reports/runs/latest" / control["evidence"][0]["file"]
    assert {row["address"] for row in json.loads(evidence.read_text())["judged"]} == {
        "Service/shop/a",
        "Service/shop/b",
    }


def test_a_broken_promise_names_place_and_remedy(suite: Suite) -> None:
    """A failure gives file, line, address, words and remedy; the exit status is 1."""
    result = suite(GOOD, services=SERVICES.replace("type: ClusterIP", "type: NodePort", 1))

    assert result.ret == 1
    result.stdout.fnmatch_lines(["*infra/services.yaml:*Service/shop/a: is open to the outside*"])
    result.stdout.fnmatch_lines(["*remedy: Use ClusterIP.*"])


def test_nothing_to_judge_is_not_a_pass(suite: Suite, pytester: pytest.Pytester) -> None:
    """A control without subjects is not applicable, and the floor of its system is missed."""
    result = suite(GOOD.replace('"Service")', '"Ingress")'))

    assert result.ret == 1
    assert read_run(pytester)["summary"]["not_applicable"] == 1  # type: ignore[index]
    result.stdout.fnmatch_lines(["*system net: best assurance none is below its floor resolved*"])


def test_a_must_that_cannot_be_seen_is_exit_six(suite: Suite, pytester: pytest.Pytester) -> None:
    """Unknown is no failure and no pass."""
    result = suite(
        GOOD
        + GOOD.replace("NET-001", "NET-002")
        .replace("test_services", "test_blind")
        .replace("findings = ", "raise ProbeError('the wire is cut'); findings = ")
    )

    assert result.ret == 6
    assert read_run(pytester)["summary"]["unknown"] == 1  # type: ignore[index]


def test_a_check_that_judges_nothing_is_unknown(suite: Suite) -> None:
    """A test body that asserts nothing about the declaration cannot pass."""
    result = suite(GOOD + "\n@checks(control('NET-003', [OPEN]))\ndef test_idle(platform):\n    assert platform\n")

    assert result.ret == 6


def test_a_crash_of_the_suite_is_exit_three(suite: Suite) -> None:
    """Any other exception is an error of the suite, not a verdict."""
    result = suite(GOOD.replace("assert not", "1 / 0; assert not"))

    assert result.ret == 3


def test_an_unknown_file_is_exit_four_and_nothing_collected_exit_five(suite: Suite) -> None:
    """Bad usage and an empty selection differ from each other and from a pass."""
    assert suite(GOOD, "suites/none.py").ret == 4
    assert suite(GOOD, "-k", "nothing_like_this").ret == 5


def test_deselected_controls_are_counted_and_strict_refuses_them(suite: Suite, pytester: pytest.Pytester) -> None:
    """`-k` leaves a control out of the verdicts but not out of the headline."""
    two = GOOD + GOOD.replace("NET-001", "NET-002").replace("test_services", "test_other")

    assert suite(two, "-k", "test_other").ret == 0
    assert read_run(pytester)["summary"]["not_selected"] == 1  # type: ignore[index]
    assert suite(two, "-k", "test_other", "--strict-conformance").ret == 6


def test_what_takes_too_long_or_needs_another_target_is_listed_but_no_pass(
    suite: Suite, pytester: pytest.Pytester
) -> None:
    """The gate leaves out what is nightly and says which tier decides it; the floor is judged all the same."""
    nightly = GOOD.replace("[OPEN])", "[OPEN], tier='nightly')").replace("test_services", "test_long")
    live = GOOD.replace("[OPEN])", "[OPEN], targets=('live',))").replace("test_services", "test_live")
    three = GOOD + nightly.replace("NET-001", "NET-002") + live.replace("NET-001", "NET-003")

    assert suite(three).ret == 0
    assert suite(three.replace("def test_services", "def no_test"), "--target", "plan").ret == 5

    found = {one["id"]: (one["verdict"], one["reason"]) for one in read_run(pytester)["controls"]}  # type: ignore[attr-defined]
    assert found == {
        "NET-002": ("not_selected", "takes too long for every change: decided with --tier nightly"),
        "NET-003": ("not_on_this_target", ""),
    }
    assert suite(three, "--tier", "nightly").ret == 0
    assert read_run(pytester)["summary"]["pass"] == 2  # type: ignore[index]


@pytest.mark.parametrize("more", [(), ("-n", "2")], ids=["alone", "workers"])
def test_what_a_check_measures_is_in_every_report(
    suite: Suite, pytester: pytest.Pytester, more: tuple[str, ...]
) -> None:
    """Numbers reach run.json from workers too, under their control; a mutant's numbers do not."""
    measured = GOOD.replace("    findings", "    measure('time to look', 0.25, 's', objective=2)\n    findings")

    result = suite(measured, "--prove", "--mutants", "0", *more)

    assert result.ret == 0
    assert read_run(pytester)["measurements"] == [
        {
            "name": "time to look",
            "value": 0.25,
            "unit": "s",
            "objective": 2,
            "objective_source": "",
            "control": "NET-001",
        }
    ]
    result.stdout.fnmatch_lines(["NET-001  time to look: 0.25 s (objective 2 s)"])


@pytest.mark.parametrize("workers", [(), ("-n", "1")], ids=["alone", "with-workers"])
def test_a_control_id_used_twice_names_both_places(suite: Suite, workers: tuple[str, ...]) -> None:
    """Ids are never reused."""
    result = suite(GOOD + GOOD.replace("test_services", "test_again"), *workers)

    said = result.stdout.str() + result.stderr.str()
    assert result.ret == 4, said
    assert re.search(r"suites/test_net\.py:\d+: control id NET-001 is already used at suites/test_net\.py:\d+", said)
    assert "INTERNALERROR" not in said


EXEMPTION = """
[[exemption]]
control = "NET-001"
reason = "being moved"
owner = "platform"
expires = 2999-01-01
address = "Service/shop/a"
"""


def test_an_exemption_excuses_only_what_it_names(suite: Suite, pytester: pytest.Pytester) -> None:
    """The verdict is exempt, counted, and the exit status is 0."""
    result = suite(GOOD, services=SERVICES.replace("ClusterIP", "NodePort", 1), exemptions=EXEMPTION)

    assert read_run(pytester)["summary"]["exempt"] == 1  # type: ignore[index]
    assert result.ret == 1, "the system's floor is missed: nothing of it passed"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param(
            EXEMPTION.replace("2999", "1999"), "exemptions.toml:2: exemption of NET-001 expired", id="expired"
        ),
        pytest.param(
            EXEMPTION.replace('"platform"', '""'), "exemptions.toml:2: exemption of NET-001 has no owner", id="no-owner"
        ),
        pytest.param(EXEMPTION, "exemptions.toml:2: exemption of NET-001 matches nothing", id="matches-nothing"),
    ],
)
def test_a_bad_exemption_is_exit_four(suite: Suite, text: str, words: str) -> None:
    """Expired, ownerless and idle exemptions are refused with file and line."""
    result = suite(GOOD, exemptions=text)

    assert result.ret == 4
    assert words in result.stdout.str() + result.stderr.str()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param("a: 1\na: 2\n", "infra/services.yaml:5: ", id="duplicate-keys"),
        pytest.param("- kind: Service\n  apiVersion: v1\n", "the document is a list", id="a-list"),
        pytest.param("kind: [\napiVersion: v1\n", "infra/services.yaml:6: ", id="broken"),
    ],
)
def test_a_broken_manifest_is_one_sentence(suite: Suite, text: str, words: str) -> None:
    """Every check would fail for the same reason: say it once, and stop."""
    result = suite(
        GOOD,
        services="kind: X\napiVersion: v1\n---\n" + text
        if "list" not in words
        else "apiVersion: v1\nkind: X\nmetadata: {name: x}\n---\n" + text,
    )

    assert result.ret == 4
    said = result.stdout.str() + result.stderr.str()
    assert words in said
    assert "infra/services.yaml" in said
    assert "Traceback" not in said


def test_an_empty_infra_is_exit_four(suite: Suite) -> None:
    """Nothing declared is never a pass."""
    result = suite(GOOD, services="")

    assert result.ret == 4
    result.stderr.fnmatch_lines(["*nothing is declared there*"])


def test_workers_find_the_same(suite: Suite, pytester: pytest.Pytester) -> None:
    """`-n 2` changes who runs a check, not what is found."""
    assert suite(GOOD, "--prove").ret == 0
    alone = read_run(pytester)
    assert suite(GOOD, "--prove", "-n", "2").ret == 0
    shared = read_run(pytester)

    for key in ("summary", "systems", "generated_mutants", "infra_digest", "selection"):
        assert shared[key] == alone[key]


def test_verify_replays_the_verdicts_and_sees_one_changed_byte(suite: Suite, pytester: pytest.Pytester) -> None:
    """A report is consistent as written, and not after an edit."""
    suite(GOOD)
    command = (sys.executable, "-m", "meshproof.cli", "verify", "reports/runs/latest")
    assert pytester.run(*command).ret == 0

    page = pytester.path / "reports/runs/latest/report.html"
    page.write_bytes(page.read_bytes()[:-1] + b" ")
    result = pytester.run(*command)

    assert result.ret == 1
    result.stdout.fnmatch_lines(["*report.html differs from its sum*"])


def test_explain_and_diff_tell_about_runs(suite: Suite, pytester: pytest.Pytester) -> None:
    """One control whole; a verdict that became worse is exit 1; an unknown id is one sentence."""
    suite(GOOD, "--report-dir", "before")
    suite(GOOD, "--report-dir", "after", services=SERVICES.replace("ClusterIP", "NodePort", 1))
    meshproof = (sys.executable, "-m", "meshproof.cli")

    pytester.run(*meshproof, "explain", "NET-001", "--run", "after").stdout.fnmatch_lines(["*Service/shop/a: is open*"])
    assert pytester.run(*meshproof, "diff", "before", "after").ret == 1
    assert pytester.run(*meshproof, "diff", "after", "after").ret == 0
    unknown = pytester.run(*meshproof, "explain", "NET-999", "--run", "after")
    assert unknown.ret == 4
    unknown.stderr.fnmatch_lines(["*NET-999: no such control*"])


IN_DEV = """
@checks(control("NET-001", [OPEN]))
def test_dev_is_internal(platform):
    open_here = platform.environment == "dev"
    findings = judge(platform.all("Service"), lambda one: "is open" if open_here else internal(one))
    assert not findings.broken, findings.table()
"""


def test_nightly_judges_every_environment(suite: Suite, pytester: pytest.Pytester) -> None:
    """The gate judges one; nightly the worst counts, says where, and is replayed from its own evidence."""
    module = pytester.path / "infra/modules/it"
    module.mkdir(parents=True)
    (module / "main.tf").write_text('resource "terraform_data" "it" {}\n')
    for name in ("dev", "prod"):
        (unit := pytester.path / "infra/live" / name / "primary/it").mkdir(parents=True)
        (unit / "terragrunt.hcl").write_text('terraform {\n  source = "${get_repo_root()}/infra/modules/it"\n}\n')
    assert suite(IN_DEV, "--prove", "--mutants", "0").ret == 0

    result = suite(IN_DEV, "--prove", "--mutants", "0", "--tier", "nightly")

    assert result.ret == 1
    (control,) = (run := read_run(pytester))["controls"]  # type: ignore[misc]
    assert control["verdict"] == "fail"
    assert {row["says"] for row in control["where"]} == {"dev: is open"}
    assert sorted(one["outcome"] for one in control["checks"]) == ["failed", "passed"]
    assert [one["outcome"] for one in run["mutants"]] == ["killed"]  # type: ignore[attr-defined]
    assert pytester.run(sys.executable, "-m", "meshproof.cli", "verify", "reports/runs/latest").ret == 0


def test_all_of_the_suites_are_held_to_every_floor(suite: Suite, pytester: pytest.Pytester) -> None:
    """Also to that of a system that nobody has a control of."""
    suite(GOOD, "--co", "-q")
    (pytester.path / "suites/systems.toml").write_text(SYSTEMS + SYSTEMS.replace('"net"', '"data"'))

    result = pytester.runpytest_subprocess("suites", "-p", "no:cacheprovider")

    assert result.ret == 1
    result.stdout.fnmatch_lines(["*system data: best assurance none is below its floor resolved*"])


@pytest.mark.parametrize("workers", [(), ("-n", "1")], ids=["alone", "with-a-worker"])
def test_a_part_of_the_suites_is_held_to_no_floor_and_says_so(
    suite: Suite, pytester: pytest.Pytester, workers: tuple[str, ...]
) -> None:
    """Whichever part it is, and how many systems it asks of: what is left out might have reached the floor."""
    suite(GOOD, "--co", "-q")
    more = pytester.path / "suites/more/test_more.py"
    more.parent.mkdir()
    more.write_text("")
    (pytester.path / "suites/systems.toml").write_text(SYSTEMS.replace('plan = "resolved"', 'plan = "accepted"'))

    result = pytester.runpytest_subprocess("suites/test_net.py", "-p", "no:cacheprovider", *workers)

    assert result.ret == 0, result.stdout.str()
    result.stdout.fnmatch_lines(["A PART OF THE SUITES", "only suites/test_net.py: held to no floor*"])
    run = read_run(pytester)
    assert run["selection"]["left_out"] == ["suites/more/test_more.py"]  # type: ignore[index]
    assert [row["held"] for row in run["systems"]] == [False]  # type: ignore[attr-defined]

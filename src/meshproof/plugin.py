"""The pytest plugin: hooks only. Options, the mutants of `--prove`, verdicts instead of bare outcomes."""

from __future__ import annotations

import signal
from collections.abc import Generator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from meshproof.control import Control, control_of
from meshproof.errors import CannotSee, MeshproofError, NotApplicable, TargetError
from meshproof.exemption import Exemption, Register, read_exemptions
from meshproof.items import control_in, controls_of, last_line_in, mutant_in, named, row_of, state_of
from meshproof.judgement import Findings, recording
from meshproof.measurement import Measured, measuring
from meshproof.mutant import Mutant
from meshproof.mutation.items import generated_items
from meshproof.options import catalogue_page, declare, settings_of
from meshproof.outcomes import end, end_mutant, mutant_of, result_of, skip
from meshproof.provenance import facts_of
from meshproof.reasons import reasons_beside
from meshproof.report.catalogue import write_catalogue
from meshproof.report.recorder import Recorder
from meshproof.result import CheckResult
from meshproof.selecting import Selecting
from meshproof.settings import Settings
from meshproof.targets import chosen_target
from meshproof.targets.plan import declaration_of, environments_of
from meshproof.targets.session import HeldTarget

SETTINGS = pytest.StashKey[Settings]()
RECORDER = pytest.StashKey[Recorder]()
EXEMPTIONS = pytest.StashKey[Register]()
SELECTING = pytest.StashKey[Selecting]()
#: Rows (subject, where, says) that fixtures add to the report's notes: what a target could not have as declared.
NOTES = pytest.StashKey[list[Mapping[str, str]]]()
#: Drills of the declaration as it is, as the report has them (`report.model.Drill`), that fixtures carried out.
DRILLS = pytest.StashKey[list[Mapping[str, object]]]()
PROPERTY = "meshproof"
_NOTES = "meshproof-notes"
_DRILLS = "meshproof-drills"
_CONTROL = "meshproof-control"
_USAGE = "meshproof-usage"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the options that stay."""
    declare(parser)


def pytest_configure(config: pytest.Config) -> None:
    """Read the settings; on the controller open the record of the run."""
    try:
        settings = settings_of(config)
        config.stash[SETTINGS] = settings
        exemptions = _exemptions(settings)
        config.stash[EXEMPTIONS] = Register(exemptions)
        config.stash[SELECTING] = Selecting(config, settings)
        config.pluginmanager.register(config.stash[SELECTING], "meshproof-selecting")
        if not _is_worker(config):
            config.stash[RECORDER] = Recorder(settings, target=chosen_target(settings), exemptions=exemptions)
            config.pluginmanager.register(HeldTarget(settings), "meshproof-target")
            signal.signal(signal.SIGTERM, signal.default_int_handler)  # a cancelled job reports what it judged
    except MeshproofError as error:
        raise pytest.UsageError(str(error)) from error


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Nightly, one run of each check for each environment; under `--prove`, one more for each of its mutants."""
    control, names = control_of(metafunc.function), metafunc.fixturenames
    if control is None or "mutant" not in names:
        return
    settings = metafunc.config.stash[SETTINGS]
    mutants: list[Mutant | None] = [None, *(control.mutants if settings.prove else ())]
    ids = ["as-built", *(mutant.name for mutant in mutants if mutant is not None)]
    own, *others = environments_of(settings)
    if "environment" in names and others:
        worlds = [*((own, mutant) for mutant in mutants), *((other, None) for other in others)]
        metafunc.parametrize(("environment", "mutant"), worlds, indirect=True, ids=[*ids, *others])
    elif settings.prove:
        metafunc.parametrize("mutant", mutants, indirect=True, ids=ids)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(session: pytest.Session, config: pytest.Config, items: list[pytest.Item]) -> None:
    """Refuse a control id used twice, set aside what this target cannot show, add the generated mutants."""
    settings = config.stash[SETTINGS]
    try:
        controls, files = controls_of(items, config.rootpath)
    except pytest.UsageError as error:
        if not _is_worker(config):
            raise
        config.workeroutput[_USAGE] = str(error)  # type: ignore[attr-defined]  # a worker that raises only crashes
        items[:] = []
        return
    for control in controls.values():
        _tell_recorder(config, control, state_of(control, settings))
    shown = [item for item in items if (one := control_in(item)) is None or state_of(one, settings) == "selected"]
    if settings.prove and controls and not config.getoption("collectonly"):
        functions = [item.function for item in shown if isinstance(item, pytest.Function)]
        shown += generated_items(session, functions, settings, declaration_of)
    items[:] = shown
    if (path := catalogue_page(config)) is not None and not _is_worker(config):
        rows = [
            row_of(one) | {"relates": list(one.relates), "file": files[key]} for key, one in sorted(controls.items())
        ]
        try:
            retired = reasons_beside(settings.root / settings.suites, "retired.toml", "retired")
            write_catalogue(Path(path), rows, retired=retired)
        except MeshproofError as error:
            raise pytest.UsageError(str(error)) from error


def pytest_deselected(items: Sequence[pytest.Item]) -> None:
    """Remember the controls that `-k` left out: they are never counted as a pass."""
    for item in items:
        if (control := control_in(item)) is not None:
            _tell_recorder(item.config, control, "not_selected")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, object, object]:
    """A world that cannot be built is unknown; a world that makes no sense is one sentence."""
    try:
        return (yield)
    except (CannotSee, NotApplicable) as error:
        if not isinstance(item, pytest.Function) or (control := control_in(item)) is None:
            skip(error)
        _ended(item, control, error)
        return None
    except MeshproofError as error:
        pytest.fail(str(error), pytrace=False)


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    """Turn what a check raises into a verdict, and what a mutant provokes into an outcome."""
    control = control_of(pyfuncitem.function)
    if control is None:
        return (yield)
    held: list[object] = []
    with recording() as findings, measuring() as measured:
        try:
            held.append((yield))
            error: Exception | None = None
        except Exception as raised:  # noqa: BLE001 - classified below, and raised again unless it is a verdict
            error = raised
    _ended(pyfuncitem, control, error, findings, measured)
    return held[0] if held else True


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Show a suite that is not usable as one sentence with file and line, not as a traceback."""
    report = yield
    value = getattr(getattr(getattr(report, "call", None), "excinfo", None), "value", None)
    cause = value if isinstance(value, MeshproofError) else getattr(value, "__cause__", None)
    if report.failed and isinstance(cause, MeshproofError):
        report.longrepr = f"{last_line_in(collector.path, cause)}: {cause}"
        report.sections.append(("meshproof", "usage"))
    return report


def pytest_collectreport(report: pytest.CollectReport) -> None:
    """Remember collection errors for the exit status."""
    if report.failed and (recorder := _Global.recorder) is not None:
        recorder.collection_failed(usage=("meshproof", "usage") in [tuple(one) for one in report.sections])


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """On the controller, take what the checks found."""
    if (recorder := _Global.recorder) is not None:
        found = dict(report.user_properties)
        if (row := found.get(_CONTROL)) is not None:
            recorder.know(**row, state="selected")  # type: ignore[arg-type]  # the row is built for it
        recorder.take(report, found.get(PROPERTY))


@pytest.hookimpl(trylast=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Keep the recorder within reach of hooks without a config; read the declaration before workers start."""
    config = session.config
    _Global.recorder = config.stash.get(RECORDER, None)
    if _Global.recorder is None or config.getoption("collectonly") or not config.stash[SELECTING].reaches_suites:
        return
    try:
        _Global.recorder.directory.prepare()
        for name in environments_of(config.stash[SETTINGS]):
            declaration_of(config.stash[SETTINGS], name)
    except TargetError:
        return  # each check says it, as unknown
    except MeshproofError as error:
        raise pytest.UsageError(str(error)) from error


@pytest.hookimpl(wrapper=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> Generator[None, object, object]:
    """Write the report and set the exit status of DESIGN: 0, 1, 2, 3, 4, 5 or 6."""
    answer = yield
    config = session.config
    if _is_worker(config):
        config.workeroutput[PROPERTY] = _Global.catalogue  # type: ignore[attr-defined]  # xdist's channel
        config.workeroutput[_NOTES] = config.stash.get(NOTES, None) or []  # type: ignore[attr-defined]
        config.workeroutput[_DRILLS] = config.stash.get(DRILLS, None) or []  # type: ignore[attr-defined]
        return answer
    recorder = config.stash[RECORDER]
    if recorder.has_controls and not config.getoption("collectonly"):
        try:
            mine: list[Mapping[str, str]] = config.stash.get(NOTES, [])
            recorder.notes += mine
            recorder.drills += config.stash.get(DRILLS, [])  # type: ignore[arg-type]  # a list either way
            facts = facts_of(recorder.settings, recorder.catalogue, target=recorder.target, notes=recorder.notes)
            session.exitstatus = recorder.finish(int(exitstatus), facts, config.stash[SELECTING].selection)
        except MeshproofError as error:
            session.exitstatus = 4
            recorder.problem = str(error)
    else:
        session.exitstatus = recorder.plain_status(int(exitstatus))
    return answer


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show systems, broken promises with remedies, and where the page is."""
    recorder = terminalreporter.config.stash.get(RECORDER, None)
    if recorder is not None:
        recorder.show(terminalreporter)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: object, error: object) -> None:
    """Take a worker's catalogue of controls (xdist)."""
    del error
    rows = getattr(node, "workeroutput", {}).get(PROPERTY, [])
    if (recorder := _Global.recorder) is not None:
        for row in rows:
            recorder.know(**row)
        recorder.notes += getattr(node, "workeroutput", {}).get(_NOTES, [])
        recorder.drills += getattr(node, "workeroutput", {}).get(_DRILLS, [])
        if says := getattr(node, "workeroutput", {}).get(_USAGE, ""):
            recorder.refuse(says)


class _Global:
    """Per process: hooks such as `pytest_runtest_logreport` are given no config to find these by."""

    recorder: Recorder | None = None
    catalogue: list[dict[str, object]] = []  # noqa: RUF012 - a worker's one list, sent once


def _exemptions(settings: Settings) -> tuple[Exemption, ...]:
    if not settings.is_own_infra:
        return ()
    today = datetime.now(UTC).date()
    return read_exemptions(settings.root / settings.suites / "exemptions.toml", today=today)


def _tell_recorder(config: pytest.Config, control: Control, state: str) -> None:
    row = row_of(control) | {"state": state}
    if _is_worker(config):
        _Global.catalogue.append(row)
    elif (recorder := config.stash.get(RECORDER, None)) is not None:
        recorder.know(**row)  # type: ignore[arg-type]  # the row is built for it


def _is_worker(config: pytest.Config) -> bool:
    return hasattr(config, "workerinput")


def _ended(
    item: pytest.Function,
    control: Control,
    error: Exception | None,
    findings: Sequence[Findings] = (),
    measured: Sequence[Measured] = (),
) -> None:
    """Attach the verdict of a check, or the outcome of a mutant, and end the item as pytest knows it."""
    if (mutant := mutant_in(item)) is not None:
        result, proof = mutant_of(control, mutant, error)
        _attach(item, result)
        end_mutant(mutant, proof)
        return
    found = named(item, result_of(control, error, findings, measured))
    register = item.config.stash[EXEMPTIONS]
    _attach(item, replace(found, excused=register.used))
    end(error, register.excuse(control.id, [str(one["address"]) for one in found.where]))


def _attach(item: pytest.Item, result: CheckResult) -> None:
    if not result.mutant and _is_worker(item.config) and (control := control_in(item)) is not None:
        item.user_properties.append((_CONTROL, row_of(control)))  # a run that is interrupted knows what it judged
    item.user_properties.append((PROPERTY, result.to_plain()))

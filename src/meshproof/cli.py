"""The command `meshproof`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from meshproof.commands.rights import Account
from meshproof.errors import MeshproofError

#: Exit statuses, as README has them, and what Typer has in their place.
INTERRUPTED, BAD_USAGE = 2, 4
_MISUSED, _INTERRUPTED = 2, 130

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)


@app.command()
def fetch(
    programs: Annotated[
        list[str] | None, typer.Argument(help="programs; the ones this target needs by default")
    ] = None,
    *,
    everything: Annotated[bool, typer.Option("--all", help="every program of the lock file")] = False,
) -> None:
    """Bring the programs that are missing into the cache."""
    from meshproof.commands.programs import fetch as bring  # noqa: PLC0415 - commands load only what they need

    bring(programs or [], everything=everything, out=out)


@app.command()
def doctor() -> None:
    """Say what is here, which targets can run and why not."""
    from meshproof.commands.programs import doctor as examine  # noqa: PLC0415

    raise typer.Exit(examine(out))


@app.command()
def lock(program: Annotated[str, typer.Argument(help="the program whose sources are to be pinned")]) -> None:
    """Download a program's sources and write their digests into the lock file."""
    from meshproof.commands.programs import lock as pin  # noqa: PLC0415

    pin(program, out=out)


@app.command()
def report(run: Annotated[Path, typer.Argument(help="directory of a run")]) -> None:
    """Render every format of a run again from its run.json."""
    from meshproof.commands.runs import render  # noqa: PLC0415

    render(run, out=out)


@app.command()
def verify(
    run: Annotated[Path, typer.Argument(help="directory of a run")],
    *,
    digest: Annotated[str, typer.Option(help="the digest that was printed at the end of the run")] = "",
) -> None:
    """Check a report's sums and replay its checks from its evidence."""
    from meshproof.commands.verify import verify as replay  # noqa: PLC0415

    raise typer.Exit(replay(run, digest=digest, root=Path.cwd(), out=out))


@app.command()
def diff(
    before: Annotated[Path, typer.Argument(help="directory of the earlier run")],
    after: Annotated[Path, typer.Argument(help="directory of the later run")],
) -> None:
    """Say which verdicts changed between two runs; exit 1 where one became worse."""
    from meshproof.commands.runs import compare  # noqa: PLC0415

    raise typer.Exit(compare(before, after, out=out))


@app.command()
def merge(
    runs: Annotated[list[Path], typer.Argument(help="directories of runs that judged parts of the same")],
    *,
    into: Annotated[Path, typer.Option(help="directory of the merged report")] = Path("reports/runs/merged"),
) -> None:
    """Make one report of the runs of several jobs; the exit status is that of one run."""
    from meshproof.commands.merge import merge as join  # noqa: PLC0415

    raise typer.Exit(join(runs, into=into, root=Path.cwd(), out=out))


@app.command()
def trend(
    runs: Annotated[list[Path] | None, typer.Argument(help="directories of runs of one kind")] = None,
    *,
    into: Annotated[Path, typer.Option(help="directory of the history and its page")] = Path("reports/trend"),
) -> None:
    """Add runs to their history and draw it: verdicts, numbers, and what does not hold still."""
    from meshproof.commands.trend import trend as draw  # noqa: PLC0415

    draw(runs or [], into=into, out=out)


@app.command()
def equivalence(
    runs: Annotated[list[Path], typer.Argument(help="directories of runs of one declaration on several targets")],
    *,
    explained: Annotated[
        Path | None, typer.Option(help="TOML with a table `explained`: the control's id and why its targets disagree")
    ] = None,
    into: Annotated[Path | None, typer.Option(help="directory that the whole table is written to")] = None,
) -> None:
    """Put the same controls on several targets side by side; exit 1 where two disagree and nothing explains it."""
    from meshproof.commands.equivalence import equivalence as side_by_side  # noqa: PLC0415

    raise typer.Exit(side_by_side(runs, explained=explained, into=into, out=out))


@app.command()
def rights(account: Annotated[Account | None, typer.Argument(help="print these alone")] = None) -> None:
    """Print what the accounts of a live run need to read, and no more; `disruption`: what --allow-disruption adds."""
    from meshproof.commands.rights import rights as tell  # noqa: PLC0415

    tell(account, out=out)


@app.command()
def explain(
    control: Annotated[str, typer.Argument(help="control id, for example EKS-001")],
    *,
    run: Annotated[Path, typer.Option(help="directory of a run")] = Path("reports/runs/latest"),
) -> None:
    """Tell everything about one control: what it demands, how it ended, where, and what to do."""
    from meshproof.commands.runs import explain as tell  # noqa: PLC0415

    tell(run, control, out=out)


@app.command()
def tables(
    infra: Annotated[Path, typer.Argument(help="the declaration's directory")] = Path("infra"),
    *,
    check: Annotated[bool, typer.Option(help="change nothing; exit 1 where a table is not current")] = False,
) -> None:
    """Write the tables of variables and outputs in the modules' READMEs."""
    from meshproof.commands.tables import write_tables  # noqa: PLC0415

    raise typer.Exit(write_tables(infra.resolve(), check=check, out=out))


@app.command()
def up(
    *,
    infra: Annotated[Path | None, typer.Option(help="the declaration's directory")] = None,
    environment: Annotated[str | None, typer.Option(help="the environment, default prod")] = None,
    programs: Annotated[Path, typer.Option(help="which program stands for an image")] = Path("fixtures/programs.toml"),
) -> None:
    """Start both sites as processes of this machine, and leave them up."""
    from meshproof.commands.up import up as start  # noqa: PLC0415

    start(Path.cwd(), infra=infra, environment=environment, programs=programs, out=out)


@app.command()
def down(
    targets: Annotated[list[str] | None, typer.Argument(help="names of targets; all kept ones by default")] = None,
    *,
    everything: Annotated[bool, typer.Option("--all", help="those that runs still use as well")] = False,
) -> None:
    """Stop targets that were left up."""
    from meshproof.commands.up import down as stop  # noqa: PLC0415

    stop(targets or [], everything=everything, out=out)


def main() -> None:
    """Run the command; a MeshproofError is one sentence and exit status 4."""
    try:
        app(standalone_mode=True)
    except MeshproofError as error:
        err.print(f"meshproof: {error}", markup=False)
        sys.exit(BAD_USAGE)
    except SystemExit as end:
        sys.exit(_status(end))


def _status(end: SystemExit) -> str | int | None:
    """As README has it; Typer ends with 2 what it does not understand, and with 130 what somebody interrupted."""
    if isinstance(end.__context__, typer.Exit):  # what a command itself ended with
        return INTERRUPTED if end.code == _INTERRUPTED else end.code
    return BAD_USAGE if end.code == _MISUSED else end.code


if __name__ == "__main__":
    main()

"""Jobs and steps of a workflow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from meshproof.declaration.platform import Item

Job = Mapping[str, object]


def jobs_of(workflow: Item) -> Iterator[tuple[str, Job]]:
    """The jobs of a workflow by name."""
    for name, job in sorted(workflow.mapping("jobs").items()):
        if isinstance(job, Mapping):
            yield name, job


def steps_of(job: Job) -> list[Job]:
    """The steps of a job."""
    steps = job.get("steps")
    return [one for one in steps if isinstance(one, Mapping)] if isinstance(steps, (list, tuple)) else []


def number(value: object) -> float | None:
    """A number as YAML has it, None for anything else."""
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None

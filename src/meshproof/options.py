"""The pytest options that stay, and the settings that they make."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import pytest

from meshproof.errors import UsageError
from meshproof.settings import Settings, read_settings
from meshproof.targets import CHOSEN, chosen_target

OPTIONS: tuple[tuple[str, str, str], ...] = (
    ("--target", "choice", "plan | embedded | kind | live; auto takes the best that is here"),
    ("--tier", "choice", "gate (default) or nightly"),
    ("--infra", "value", "the declaration's directory, default infra"),
    ("--plan", "value", "a plan made elsewhere: the output of `terraform show -json`"),
    ("--replay", "value", "a report whose evidence answers instead of the declaration"),
    ("--environment", "value", "the environment to judge, default prod"),
    ("--service", "value", "a team's service directory"),
    ("--prove", "flag", "run each check against each of its mutants, and generated ones"),
    ("--strict-conformance", "flag", "what was not selected or not on this target counts as not seen"),
    ("--keep", "flag", "leave the target up and say how to reach and stop it"),
    ("--report-dir", "value", "where the report goes, default reports/runs/<time>-<id>"),
    ("--allow-disruption", "value", "primary | standby: live site that may lose one pod of a workload with a budget"),
    ("--primary-context", "value", "kubeconfig context of the live primary"),
    ("--standby-context", "value", "kubeconfig context of the live standby"),
    ("--kind-cluster", "value", "adopt the kind clusters NAME-primary and NAME-standby"),
    ("--kind-workers", "value", "how many workers each new kind cluster has beside its first node, default 0"),
    ("--images", "value", "a TOML file: the image for each role on the kind target, for a mirror or without network"),
    ("--time-scale", "value", "factor for declared times only, default 0.1"),
    ("--mutants", "value", "how many generated mutants --prove draws"),
    ("--catalogue", "value", "with --co: write the page of all controls there"),
    ("--seed", "value", "seed of the generated mutants"),
)
#: Which target looks at an option that no other does.
_OF_ONE_TARGET: Final[Mapping[str, str]] = {
    "--allow-disruption": "live",
    "--images": "kind",
    "--kind-cluster": "kind",
    "--kind-workers": "kind",
    "--primary-context": "live",
    "--standby-context": "live",
}
#: Not a setting: it belongs to one command.
CATALOGUE = "--catalogue"


def declare(parser: pytest.Parser) -> None:
    """Add every option to pytest's own."""
    group = parser.getgroup("meshproof", "conformance of the declared platform")
    for name, kind, text in OPTIONS:
        action = "store_true" if kind == "flag" else "store"
        group.addoption(name, action=action, dest=_dest(name), default=None, help=text)


def settings_of(config: pytest.Config) -> Settings:
    """What the command line and `[tool.meshproof]` say together. Raises UsageError."""
    given = {name: config.getoption(_dest(name)) for name, _, _ in OPTIONS if name != CATALOGUE}
    given["--target"] = getattr(config, "workerinput", {}).get(CHOSEN, given["--target"])
    settings = read_settings(config.rootpath, {name[2:].replace("-", "_"): value for name, value in given.items()})
    _require_used([name for name in _OF_ONE_TARGET if given[name] is not None], settings)
    return settings


def _require_used(given: Sequence[str], settings: Settings) -> None:
    """Raise UsageError for an option of the command line that the run would ignore.

    What stands in `[tool.meshproof]` is for whichever run uses it.
    """
    for name in given:
        target, owner = chosen_target(settings), _OF_ONE_TARGET[name]
        if owner != target:
            message = f"{name}: only --target {owner} uses it, and this run is on {target}; change one of them"
            raise UsageError(message)
    if "--kind-workers" in given and settings.kind_cluster:
        message = f"--kind-workers: the adopted clusters {settings.kind_cluster}-… keep their own nodes; leave one out"
        raise UsageError(message)


def catalogue_page(config: pytest.Config) -> str | None:
    """Where the page of all controls goes, None where nobody asked for it."""
    found = config.getoption(_dest(CATALOGUE))
    return None if found is None else str(found)


def _dest(name: str) -> str:
    return "meshproof_" + name[2:].replace("-", "_")

"""A rendered object is placed where it was written, not where something else has its name."""

from __future__ import annotations

from pathlib import Path

from meshproof.declaration.origins import Origins

NAMED = "apiVersion: v1\nkind: Service\nmetadata:\n  name: {}\n"


def _tree(directory: Path, files: dict[str, str]) -> Origins:
    for name, text in files.items():
        path = directory / "infra" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return Origins(directory / "infra")


def test_the_template_that_was_rendered_comes_before_a_namesake(tmp_path: Path) -> None:
    """A test's object or a service of the same name elsewhere is not what the chart rendered."""
    origins = _tree(
        tmp_path,
        {
            "charts/service/templates/service.yaml": NAMED.format("{{ .Release.Name }}"),
            "policy/tests/allowed.yaml": NAMED.format("orders"),
        },
    )

    assert (
        str(origins.of("Service", "orders", "infra/charts/service")) == "infra/charts/service/templates/service.yaml:2"
    )


def test_the_nearest_file_wins(tmp_path: Path) -> None:
    """Of two objects of one name the one below the directory that was rendered."""
    files = {f"kubernetes/clusters/{one}/a.yaml": NAMED.format("orders") for one in ("primary", "standby")}

    place = _tree(tmp_path, files).of("Service", "orders", "infra/kubernetes/clusters/standby")

    assert str(place) == "infra/kubernetes/clusters/standby/a.yaml:2"


def test_what_nobody_wrote_has_no_place(tmp_path: Path) -> None:
    """Rather none than a wrong one."""
    assert _tree(tmp_path, {"a.yaml": NAMED.format("orders")}).of("Service", "payments", "infra") is None

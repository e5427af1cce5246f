"""However a run is narrowed, it knows what it left out."""

from __future__ import annotations

import pytest

from meshproof.selecting import Selecting
from meshproof.selection import Selection
from meshproof.settings import Settings

CHECK = """
from meshproof import *

ONE, OTHER = (
    Control(id=f"NET-NAME{number}", title="A MUST", system="net", pillar=Pillar.SECURITY, level=Level.MUST, since="1.0",
            source="https://kubernetes.io", remedy="Do.", mutants=[remove("Service", "*", says="gone")])
    for number in range(2)
)

@checks(ONE)
def test_one(): pass

@checks(OTHER)
def test_other(): pass
"""
NET, MESH, DNS = "suites/policy/test_net.py", "suites/mesh/test_mesh.py", "suites/mesh/test_dns.py"


class Spy:
    """Registers what is tested as the plugin does."""

    def pytest_configure(self, config: pytest.Config) -> None:
        """Before anything is collected."""
        self.found = Selecting(config, Settings(root=config.rootpath))
        config.pluginmanager.register(self.found)


@pytest.fixture
def narrowed(pytester: pytest.Pytester) -> Spy:
    """A small suite of three files, and one that holds no test."""
    for number, name in enumerate((NET, MESH, DNS)):
        path = pytester.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(CHECK.replace("NAME", str(number)))
    (pytester.path / "suites/mesh/test_empty.py").write_text("")
    (pytester.path / "suites/mesh/paths.py").write_text("")
    return Spy()


@pytest.mark.parametrize(
    ("arguments", "part", "left_out"),
    [
        pytest.param(["suites"], "", [], id="all"),
        pytest.param(["."], "", [], id="what-is-around"),
        pytest.param(["suites/policy", "suites/mesh"], "", [], id="every-path"),
        pytest.param(["suites/mesh"], "only suites/mesh", [NET], id="a-directory"),
        pytest.param([MESH, DNS], f"only {MESH} {DNS}", ["suites/mesh/test_empty.py", NET], id="files"),
        pytest.param(
            ["suites/policy", f"{MESH}::test_one"],
            f"only suites/policy {MESH}::test_one",
            [DNS, "suites/mesh/test_empty.py", MESH],
            id="one-test",
        ),
        pytest.param(["suites", f"{MESH}::test_one"], "", [], id="one-test-and-all"),
        pytest.param(
            ["suites", "-k", "one"], "only -k one", [f"{one}::test_other" for one in (DNS, MESH, NET)], id="-k"
        ),
        pytest.param(
            ["suites", "--deselect", f"{NET}::test_one"],
            f"only --deselect {NET}::test_one",
            [f"{NET}::test_one"],
            id="--deselect",
        ),
        pytest.param(["suites", "--ignore", NET], "only a part of the suites", [NET], id="--ignore"),
    ],
)
def test_what_is_left_out_is_known(
    narrowed: Spy, pytester: pytest.Pytester, arguments: list[str], part: str, left_out: list[str]
) -> None:
    """By path, by expression, by test, and by what nobody has an option for here."""
    options = ("--co", "-q", "--import-mode=importlib", "-p", "no:meshproof", "-p", "no:cacheprovider")
    pytester.inline_run(*arguments, *options, plugins=[narrowed])

    found: Selection = narrowed.found.selection
    assert (found.part, found.left_out) == (part, sorted(left_out))
    assert found.is_whole is not bool(left_out)

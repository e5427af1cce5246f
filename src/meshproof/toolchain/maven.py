"""Jars from a Maven repository, each by its SHA-256: the repository is only asked for files, Maven is not needed.

Source: https://maven.apache.org/repositories/layout.html, https://maven.apache.org/settings.html#Mirrors
"""

from __future__ import annotations

import shutil
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from meshproof.errors import TargetError
from meshproof.toolchain.digest import file_digest
from meshproof.toolchain.order import Order
from meshproof.toolchain.release import download_release, part_of
from meshproof.toolchain.sources import Maven

#: What Maven itself asks where nothing else is configured.
_CENTRAL: Final = "https://repo.maven.apache.org/maven2"
_SETTINGS: Final = "~/.m2/settings.xml"
_MIRRORED: Final = ("*", "central", "external:*")


def fetch_maven(source: Maven, order: Order) -> str:
    """Lay the jars into the directory `order.executable`; returns what the first of them is.

    A fetch that broke off goes on with the jar, and inside the jar, where it stopped. Raises TargetError: a jar
    cannot be had, nobody has computed its digest, or it has another one.
    """
    repository = _repository()
    order.executable.mkdir(parents=True)
    jars = [
        (_jar(coordinates, wanted, repository, order), _path(coordinates))
        for coordinates, wanted in source.jars.items()
    ]
    # Only now: until all are there, the next fetch finds what this one had.
    for jar, path in jars:
        shutil.move(jar, order.executable / path.rsplit("/", 1)[-1])
    return f"maven {next(iter(source.jars))}"


def _jar(coordinates: str, wanted: str, repository: str, order: Order) -> Path:
    if not wanted:
        message = (
            f"maven {coordinates}: refused, because nobody has computed its SHA-256 yet; "
            f"run `meshproof lock {order.name}`"
        )
        raise TargetError(message)
    url = f"{repository}/{_path(coordinates)}"
    kept = part_of(url, order.name, order.downloads)
    if kept.is_file() and file_digest(kept) == wanted:
        return kept
    jar = download_release(url, order)
    if (got := file_digest(jar)) != wanted:
        jar.unlink()
        message = f"maven {coordinates}: has SHA-256 {got}, not {wanted} as locked; do not use it, or lock it anew"
        raise TargetError(message)
    return jar


def maven_digests(source: Maven, order: Order) -> Mapping[str, str]:
    """The SHA-256 of each jar as it can be had now. Raises TargetError."""
    found = {}
    for coordinates in source.jars:
        jar = download_release(f"{_repository()}/{_path(coordinates)}", order)
        found[coordinates] = file_digest(jar)
        jar.unlink()
    return found


def _path(coordinates: str) -> str:
    """Where `group:artifact:version` lies in a repository."""
    group, artifact, version = coordinates.split(":")
    return f"{group.replace('.', '/')}/{artifact}/{version}/{artifact}-{version}.jar"


def _repository() -> str:
    """The user's mirror of the central repository, else that itself. Raises TargetError where settings are no XML."""
    file = Path(_SETTINGS).expanduser()
    if not file.is_file():
        return _CENTRAL
    try:
        root = ET.parse(file).getroot()  # noqa: S314  the user's own file
    except ET.ParseError as error:
        message = f"{_SETTINGS}: not XML: {error}; correct it"
        raise TargetError(message) from error
    for mirror in root.iterfind("{*}mirrors/{*}mirror"):
        of = [one.strip() for one in mirror.findtext("{*}mirrorOf", "").split(",")]
        if any(one in _MIRRORED for one in of) and "!central" not in of:
            return mirror.findtext("{*}url", _CENTRAL).strip().rstrip("/")
    return _CENTRAL

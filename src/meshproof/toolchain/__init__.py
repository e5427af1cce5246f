"""Where a program comes from: PATH, the cache, an official release, the package registry, its Go module."""

from meshproof.toolchain.finder import find, find_bundle
from meshproof.toolchain.pinning import lock_program
from meshproof.toolchain.program import Bundle, Program, Progress, Step
from meshproof.toolchain.progress import shown
from meshproof.toolchain.providers import Installation, find_provider, install_providers

__all__ = [
    "Bundle",
    "Installation",
    "Program",
    "Progress",
    "Step",
    "find",
    "find_bundle",
    "find_provider",
    "install_providers",
    "lock_program",
    "shown",
]

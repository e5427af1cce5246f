"""Meshproof: proof that a cloud-native platform keeps its promises.

The words below are all a suite needs; each has one meaning, given in the README.
"""

from meshproof.control import Control, Level, Pillar, checks
from meshproof.errors import (
    MeshproofError,
    NotApplicable,
    NotYet,
    ProbeError,
    TargetError,
    UsageError,
    ValueUnknown,
)
from meshproof.judgement import Findings, judge
from meshproof.measurement import measure
from meshproof.mutant import Mutant, edit, remove
from meshproof.verdict import Assurance, Fidelity, Verdict

__all__ = [
    "Assurance",
    "Control",
    "Fidelity",
    "Findings",
    "Level",
    "MeshproofError",
    "Mutant",
    "NotApplicable",
    "NotYet",
    "Pillar",
    "ProbeError",
    "TargetError",
    "UsageError",
    "ValueUnknown",
    "Verdict",
    "checks",
    "edit",
    "judge",
    "measure",
    "remove",
]

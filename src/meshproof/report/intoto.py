"""An in-toto statement with a test-result predicate, ready to be signed.

Its subjects are run.json and the evidence: the statement itself is listed in SHA256SUMS, so it cannot name the digest
of that file. Source: https://github.com/in-toto/attestation/blob/main/spec/predicates/test-result.md
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from meshproof.report.model import Run

STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "https://in-toto.io/attestation/test-result/v0.1"


def render(run: Run, files: Mapping[str, bytes]) -> bytes:
    """The statement over the files that a verdict rests on."""
    statement = {
        "_type": STATEMENT,
        "subject": [
            {"name": name, "digest": {"sha256": hashlib.sha256(body).hexdigest()}}
            for name, body in sorted(files.items())
            if name == "run.json" or name.startswith("evidence/")
        ],
        "predicateType": PREDICATE,
        "predicate": {
            "result": _result(run),
            "configuration": _configuration(run),
            "passedTests": _ids(run, "pass"),
            "warnedTests": _ids(run, "unknown", "exempt"),
            "failedTests": _ids(run, "fail"),
        },
    }
    return (json.dumps(statement, indent=1, ensure_ascii=False) + "\n").encode()


def _result(run: Run) -> str:
    """PASSED only where everything that was asked was seen to hold, by checks that can fail."""
    if run.summary.fail or any(one.outcome != "killed" for one in run.mutants):
        return "FAILED"
    passed = run.complete and run.summary.pass_ and not run.summary.unknown and not run.summary.exempt
    return "PASSED" if passed else "WARNED"


def _configuration(run: Run) -> list[dict[str, object]]:
    digests = {
        "infra": run.infra_digest,
        "suite": run.tool.suite_digest,
        "catalogue": run.tool.catalogue_digest,
        **{f"program/{one.name}": one.sha256 for one in run.programs},
    }
    return [{"name": name, "digest": {"sha256": digest}} for name, digest in digests.items() if digest]


def _ids(run: Run, *verdicts: str) -> list[str]:
    return [one.id for one in run.controls if one.verdict in verdicts]

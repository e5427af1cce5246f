"""Waiting until an API server applies the admission policies that it was given: a policy of our own tells."""

from __future__ import annotations

import itertools
import os
from typing import Final

from meshproof.probes.kubernetes import Api, Object
from meshproof.waiting import until

_WITHIN_S: Final = 20.0
_NAME: Final = "meshproof-generation"
_VERSION: Final = "admissionregistration.k8s.io/v1"
_generations = itertools.count(1)


def await_admission(api: Api) -> float:
    """Wait until a policy that was added after all others refuses what only it refuses; returns the seconds."""
    generation = f"{os.getpid()}-{next(_generations)}"
    for thing in _policy(generation):
        api.apply(thing)
    probe = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": _NAME, "namespace": "default", "labels": {_NAME: "probe"}},
    }

    def says_it() -> bool:
        return f"generation {generation}" in api.apply(probe, dry_run=True).says

    return until(says_it, bool, within_s=_WITHIN_S, what="the admission policies in force").seconds


def _policy(generation: str) -> tuple[Object, Object]:
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"], "resources": ["configmaps"]}
    selector = {"matchLabels": {_NAME: "probe"}}
    validation = {"expression": "false", "message": f"generation {generation}"}
    policy = {
        "matchConstraints": {"resourceRules": [rule], "objectSelector": selector},
        "failurePolicy": "Fail",
        "validations": [validation],
    }
    binding = {"policyName": _NAME, "validationActions": ["Deny"]}
    return (
        {"apiVersion": _VERSION, "kind": "ValidatingAdmissionPolicy", "metadata": {"name": _NAME}, "spec": policy},
        {
            "apiVersion": _VERSION,
            "kind": "ValidatingAdmissionPolicyBinding",
            "metadata": {"name": _NAME},
            "spec": binding,
        },
    )

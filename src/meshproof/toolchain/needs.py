"""What each target cannot do without, and which of it is here."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from meshproof.errors import TargetError
from meshproof.toolchain.finder import find, find_bundle
from meshproof.toolchain.lock import read_lock

#: terraform stands first because it decides everything else.
PLAN: Final = ("terraform", "kustomize", "helm", "opa", "checkov")
_MESH: Final = ("envoy", "pilot-discovery", "pilot-agent", "istioctl", "echo-server", "echo-client")
EMBEDDED: Final = (
    *("kustomize", "helm", "etcd", "kube-apiserver", *_MESH, "ratelimit", "redis-server", "postgres"),
    *("istio-crds", "istio-bootstrap", "istio-charts"),
)
#: What drills use where it can be had, beside the bundles.
_WELCOME: Final = ("pgbouncer", "bigtable-emulator")
#: By target; a target that is not here needs nothing from the lock file.
NEEDS: Final[Mapping[str, tuple[str, ...]]] = {"plan": PLAN, "embedded": EMBEDDED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """Whether a target can run here; `reason` says why not, with the command that helps where there is one."""

    target: str
    missing: tuple[str, ...] = ()
    reason: str = ""

    @property
    def ready(self) -> bool:
        """Nothing is missing and nothing stands against it."""
        return not self.reason


def readiness(target: str, *, system: str | None = None) -> Readiness:
    """Look for all that the target needs; nothing is fetched. `system` is the operating system, this one by default."""
    system = system or platform.system()
    if target == "embedded" and system != "Linux":
        return Readiness(target=target, reason=f"Linux only, this is {system}")
    missing = tuple(name for name in NEEDS[target] if not is_here(name))
    reason = f"{', '.join(missing)} missing; run: meshproof fetch {' '.join(missing)}" if missing else ""
    return Readiness(target=target, missing=missing, reason=reason)


def is_here(name: str) -> bool:
    """Whether a program or bundle can be had without the network."""
    try:
        if name in read_lock().bundles:
            find_bundle(name)
        else:
            find(name)
    except TargetError:
        return False
    return True


def wanted(*, system: str | None = None) -> tuple[str, ...]:
    """What the gate's targets need on this machine, each once."""
    targets = ("plan", "embedded") if (system or platform.system()) == "Linux" else ("plan",)
    return tuple(dict.fromkeys(name for target in targets for name in NEEDS[target]))


def welcome() -> tuple[str, ...]:
    """What the embedded target and its drills use where it can be had: other CRDs that are declared, Kafka."""
    return (*_WELCOME, *(name for name in read_lock().bundles if name not in EMBEDDED))

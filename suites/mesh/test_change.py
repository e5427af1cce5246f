"""What a change costs while it spreads: when proxies enforce it, and whom they let in until then."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from meshproof import Control, Level, Pillar, checks, edit, judge, measure
from meshproof.declaration.model import Declaration, Record
from meshproof.errors import NotApplicable, NotYet, ProbeError
from meshproof.observation import Observed
from meshproof.probes.admission import without_unknown
from meshproof.probes.arrivals import Arrival, Flow, Stream, flowing
from meshproof.probes.http import Request
from meshproof.targets.protocols import Mesh, Process
from meshproof.waiting import throughout, until

SHOWN_BY = ("embedded", "kind")
POLICY: Final = "AuthorizationPolicy"
#: istiod waits for a tenth of a second without changes, and for at most ten (PILOT_DEBOUNCE_AFTER, PILOT_DEBOUNCE_MAX);
#: one change alone is pushed at once, and the rest is for a loaded machine.
#: https://istio.io/latest/docs/reference/commands/pilot-discovery/#envvars
ENFORCED_WITHIN_S: Final = 5.0
#: The resolution of every time below is the distance of two requests: 20 ms.
PER_S: Final = 50.0
#: Seen before the change, so that a refusal after it is the change's.
BEFORE: Final = 10
BEFORE_WITHIN_S: Final = 10.0
#: Watched for a proxy that lets in again what it refused already.
AFTER_S: Final = 0.5
ALLOWED, REFUSED = 200, 403

TIGHTENED = Control(
    id="CHANGE-001",
    title="A caller that is taken out of a policy MUST be refused by every proxy within five seconds, and from then on",
    system="istio",
    pillar=Pillar.SECURITY,
    level=Level.MUST,
    since="1.0",
    source="https://istio.io/latest/docs/ops/best-practices/security/#authorization-policies",
    remedy="Allow a caller in one policy only, that of the workload it calls; look for one that allows more beside it.",
    targets=SHOWN_BY,
    frameworks={"nist": "AC-3", "pci": "7.2.1", "soc2": "CC6.3"},
    mutants=[
        edit(
            POLICY,
            "primary:shop/notifications",
            {"spec": {"selector": {"matchLabels": {"app": "payments"}}, "rules": [{}]}},
            name="everybody-by-another-policy",
            says="primary/Rollout/shop/payments: still lets in",
        ),
        edit(
            POLICY,
            "standby:shop/notifications",
            {
                "spec": {
                    "selector": {"matchLabels": {"app": "catalogue"}},
                    "rules": [{"from": [{"source": {"namespaces": ["shop"]}}]}],
                }
            },
            name="the-namespace-by-another-policy",
            says="standby/Rollout/shop/catalogue: still lets in",
        ),
    ],
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """One caller that a declared policy lets in at one process by its certificate alone, and what it asks for."""

    process: Process
    policy: Record
    principal: str
    method: str
    path: str

    @property
    def name(self) -> str:
        """For the stream and for a report."""
        return f"{self.method} {self.path} of {self.process.site}/{self.process.name} by {self.principal}"

    @property
    def shut(self) -> dict[str, Any]:
        """The policy without the rules that name the caller."""
        found: dict[str, Any] = without_unknown(self.policy.values)[0]
        kept = [one for one in found["spec"]["rules"] if self.principal not in _principals(one)]
        return {**found, "spec": {**found["spec"], "rules": kept}}

    def stream(self, mesh: Mesh) -> Stream:
        """The caller's requests, by the clock."""
        request = Request(host=self.process.name, method=self.method, path=self.path)
        (port,) = self.process.local
        tls = mesh.client(f"spiffe://{self.principal}")
        return Stream(name=self.name, address=self.process.address, port=port, request=request, per_s=PER_S, tls=tls)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shut:
    """What one caller got around its removal from one policy: requests after it was `accepted`, `applied` just before."""

    door: Door
    applied: datetime
    accepted: datetime
    after: list[Arrival]
    flow: Flow

    @property
    def enforced_s(self) -> float | None:
        """From the change to the first refusal, None where there was none."""
        refused = [one for one in self.after if one.status == REFUSED]
        return (refused[0].answered - self.applied).total_seconds() if refused else None

    @property
    def lingered_s(self) -> float:
        """From the change to the last answer that it should have stopped."""
        return max(((one.answered - self.applied).total_seconds() for one in self.wrongly_allowed), default=0.0)

    @property
    def wrongly_allowed(self) -> list[Arrival]:
        """Requests that were let in although they arrived after the change had been accepted."""
        return [one for one in self.after if one.status == ALLOWED]


@checks(TIGHTENED)
def test_a_caller_that_is_taken_out_is_refused(mesh_alone: Mesh, as_built: Declaration) -> None:
    """Every workload's policy loses a caller at once, while that caller asks fifty times a second."""
    doors = list(_doors(mesh_alone, as_built))
    shut = _shut(mesh_alone, doors)
    _measure(shut)
    findings = judge([mesh_alone.observed(one.door.process, one) for one in shut], _is_refused_in_time)

    assert not findings.broken, findings.table()


def _doors(mesh: Mesh, as_built: Declaration) -> Iterator[Door]:
    for process in mesh.processes(kind="echo"):
        policies = [one for one in as_built.by_kind.get(POLICY, ()) if _selects(one, process)]
        found = [
            Door(process=process, policy=policy, principal=_principals(rule)[0], **_asked(rule))
            for policy in policies
            for rule in _rules(policy)
            if _principals(rule)
        ]
        if not found:
            message = f"no policy lets a caller in at {process.name} by its certificate alone"
            raise NotApplicable(message)
        yield found[0]


def _shut(mesh: Mesh, doors: Sequence[Door]) -> list[Shut]:
    """Shut every door at once, and watch until all callers are refused, or until it is too late for that."""
    with flowing(*(one.stream(mesh) for one in doors)) as flow, _declared_again(mesh, doors):
        _await_all(flow, doors, ALLOWED, within_s=BEFORE_WITHIN_S)
        with ThreadPoolExecutor(len(doors)) as pool:
            times = list(pool.map(lambda one: _apply(mesh, one), doors))
        with suppress(NotYet):  # the judgement says which door did not shut
            _await_all(flow, doors, REFUSED, within_s=ENFORCED_WITHIN_S)
        throughout(lambda: len(flow.arrivals), lambda _: True, for_s=AFTER_S)
        seen = {one.name: sorted(flow.of(one.name), key=lambda one: one.at) for one in doors}
    return [
        Shut(
            door=one,
            applied=applied,
            accepted=accepted,
            after=[each for each in seen[one.name] if each.at >= accepted],
            flow=flow,
        )
        for one, (applied, accepted) in zip(doors, times, strict=True)
    ]


def _apply(mesh: Mesh, door: Door) -> tuple[datetime, datetime]:
    """Take the caller out; when that was asked for, and when it was accepted."""
    began = datetime.now(UTC)
    answer = mesh.api(door.process.site).apply(door.shut)
    if not answer.accepted:
        message = f"{door.policy.address} without {door.principal} is refused by the API server: {answer.says}"
        raise ProbeError(message)
    return began, datetime.now(UTC)


@contextmanager
def _declared_again(mesh: Mesh, doors: Sequence[Door]) -> Iterator[None]:
    """Whatever is done to the policies in the block is undone at its end."""
    try:
        yield
    finally:
        for site in sorted({one.process.site for one in doors}):
            own = [one for one in doors if one.process.site == site]
            current = [mesh.declaration.by_address[one.policy.address].values for one in own]
            mesh.apply(site, *(without_unknown(one)[0] for one in current))


def _await_all(flow: Flow, doors: Sequence[Door], status: int, *, within_s: float) -> None:
    """Wait until the last few requests at each door were answered alike."""

    def others() -> list[str]:
        last = {one.name: flow.of(one.name)[-BEFORE:] for one in doors}
        return [
            f"{name}: {got[-1] if got else 'no answer yet'}"
            for name, got in last.items()
            if len(got) < BEFORE or any(one.status != status for one in got)
        ]

    until(others, lambda found: not found, within_s=within_s, what=f"HTTP {status} for every caller")


def _measure(shut: Sequence[Shut]) -> None:
    times = [one.enforced_s for one in shut if one.enforced_s is not None]
    if times:
        measure("from applying a policy to the first proxy enforcing it", min(times), "s")
    if len(times) == len(shut):
        measure("from applying a policy to the last proxy enforcing it", max(times), "s", objective=ENFORCED_WITHIN_S)
    measure("from applying a policy to the last request let in wrongly", max(one.lingered_s for one in shut), "s")
    allowed = sum(len(one.wrongly_allowed) for one in shut)
    measure(f"requests let in wrongly while a policy spread, of {PER_S * len(shut):.0f} a second", allowed, "requests")


def _is_refused_in_time(seen: Observed[Shut]) -> Iterator[str]:
    got = seen.value
    said = f"{got.door.name}"
    others = [one for one in got.after if one.status not in (ALLOWED, REFUSED)]
    if others:
        yield f"answers {len(others)} requests with something else while its policy changes: {others[0]}"
    if not got.after:
        message = f"{said}: nothing was asked after the change"
        raise ProbeError(message)
    if got.enforced_s is None or got.enforced_s > ENFORCED_WITHIN_S:
        got.flow.require_in_time(f"{said} is not refused in time")
    if got.enforced_s is None:
        yield f"still lets in {said} after {ENFORCED_WITHIN_S:.0f} s: {len(got.wrongly_allowed)} requests"
        return
    if got.enforced_s > ENFORCED_WITHIN_S:
        yield f"refuses {said} only after {got.enforced_s:.1f} s"
    # A connection of before the change is let go with its next answer: one more request on each is no new decision.
    if got.lingered_s > ENFORCED_WITHIN_S:
        yield f"lets in {said} again up to {got.lingered_s:.1f} s after the change"


def _selects(policy: Record, process: Process) -> bool:
    spec: Any = policy.values["spec"]
    labels = spec.get("selector", {}).get("matchLabels", {})
    here = (policy.site, policy.namespace) == (process.site, process.namespace)
    return here and bool(labels) and labels.items() <= process.labels.items()


def _rules(policy: Record) -> list[Mapping[str, Any]]:
    spec: Any = policy.values["spec"]
    return list(spec.get("rules", []))


def _principals(rule: Mapping[str, Any]) -> list[str]:
    """Whom a rule lets in by certificate alone."""
    sources = [one["source"] for one in rule.get("from", [])]
    return [name for one in sources if "requestPrincipals" not in one for name in one.get("principals", [])]


def _asked(rule: Mapping[str, Any]) -> dict[str, str]:
    operation = rule["to"][0]["operation"]
    return {"method": operation["methods"][0], "path": operation["paths"][0]}

"""What a running embedded target tells those who use it: a file, written once when it is ready."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from meshproof.errors import TargetError
from meshproof.probes.kubernetes import Credentials

FILE = "target.json"


class Part(BaseModel):
    """A part of the file: nothing unknown in it, nothing changes it."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ProcessState(Part):
    """A running process: `admin` is its proxy's admin interface, `pids` the application's and the proxy's."""

    name: str
    kind: str
    workload: str
    site: str
    namespace: str
    account: str
    labels: dict[str, str]
    address: str
    outbound: str
    locality: str
    ports: dict[str, int]
    local: dict[int, int]
    debug: int = 0
    admin: str
    proxy_pid: int
    app_pid: int
    log: Path
    ready_s: float


class AnswerState(Part):
    """What the API server said to one object."""

    address: str
    status: int
    says: str


class SiteState(Part):
    """One site; a cluster that is no process of ours has neither process ids nor an audit log here."""

    name: str
    url: str
    authority: Path
    certificate: Path
    key: Path
    kubeconfig: Path
    audit_log: Path = Path()
    xds: str = ""
    debug: str = ""
    metrics: str = ""
    api_pids: list[int] = []
    istiod_pid: int = 0
    processes: list[ProcessState] = []
    answers: list[AnswerState]
    seconds: dict[str, float]

    @property
    def pids(self) -> tuple[int, ...]:
        """Everything of it that runs, but for what these have started themselves."""
        own = [pid for one in self.processes for pid in (one.proxy_pid, one.app_pid) if pid]
        return (*self.api_pids, self.istiod_pid, *own)

    @property
    def credentials(self) -> Credentials:
        """The administrator's way in."""
        return Credentials(url=self.url, authority=self.authority, certificate=self.certificate, key=self.key)


class OutsideState(Part):
    """What answers for a host outside the platform: where, on which port for each protocol, signed by which root."""

    address: str
    ports: dict[str, int]
    root: Path


class TranslationState(Part):
    """One difference between what is declared and what runs."""

    address: str
    says: str


class TargetState(Part):
    """The whole target: where it keeps its files, who signs for it, and what was not done as declared.

    Whatever trusts `root_certificate` takes what the chain of `signer_certificate` signs. `istio_adopted` is the
    image of a control plane that was there before.
    """

    target: str = "embedded"
    directory: Path
    pid: int
    infra_digest: str
    trust_domain: str
    istio_declared: str
    istio_runs: str
    istio_adopted: str = ""
    root_certificate: Path
    signer_certificate: Path
    signer_key: Path
    issuer_key: Path
    outside: dict[str, OutsideState]
    sites: list[SiteState]
    translations: list[TranslationState]
    not_run: list[str]
    notes: list[str]
    seconds: float

    def site(self, name: str) -> SiteState:
        """One site by name. Raises TargetError where the target has none."""
        found = next((one for one in self.sites if one.name == name), None)
        if found is None:
            message = f"the target has no site {name}; it has {', '.join(one.name for one in self.sites)}"
            raise TargetError(message)
        return found


def write(state: TargetState) -> None:
    """Make the file appear whole, for the user alone."""
    path = state.directory / FILE
    partial = path.with_suffix(".partial")
    partial.touch(mode=0o600)
    partial.write_text(state.model_dump_json(indent=1), encoding="utf-8")
    partial.replace(path)


def read(directory: Path) -> TargetState:
    """The file. Raises TargetError where it is not one."""
    path = directory / FILE
    try:
        return TargetState.model_validate_json(path.read_text(encoding="utf-8"))
    except (OSError, ValidationError) as error:
        says = str(error).splitlines()[0]
        message = (
            f"{path}: describes no target of this release of Meshproof: {says}; "
            f"`meshproof down {directory.name}`, and start it again"
        )
        raise TargetError(message) from error

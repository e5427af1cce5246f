"""The live target as a run has it: the clusters of the contexts that were named, if they are the declared ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Final

from meshproof.declaration.model import Declaration
from meshproof.errors import CannotSee, TargetError, UsageError
from meshproof.probes.kubernetes import Credentials
from meshproof.probes.workload import Pod
from meshproof.settings import Settings
from meshproof.targets.live.account import live_account, require_owned
from meshproof.targets.live.clients import ReadingClients
from meshproof.targets.live.contexts import cluster_of, credentials_of
from meshproof.targets.live.evictor import Evictor
from meshproof.targets.live.reader import Reader, Served
from meshproof.targets.naming import require_cluster
from meshproof.targets.plan import declaration_of
from meshproof.targets.protocols import Hold, Incarnation, Mesh, Object, Ran, Target
from meshproof.targets.ran import ran
from meshproof.toolchain.needs import PLAN, Readiness, readiness
from meshproof.verdict import Assurance

#: What nobody reads of a cluster, whoever may.
_SECRET: Final = "Secret"  # noqa: S105 - a kind


class LiveTarget:
    """Existing clusters and accounts."""

    name: Final = "live"
    shows: Final = Assurance.OBSERVED

    def readiness(self) -> Readiness:
        """Whether the tools are here that read the declaration; the clusters are named by each run."""
        return Readiness(target=self.name, reason=readiness("plan").reason)

    def programs(self, settings: Settings) -> Iterator[Ran]:
        """The tools, and each cluster's API server by the version that it states."""
        yield from ran(PLAN)
        for site, context in contexts_of(settings).items():
            try:
                with closing(_reader(context)) as api:
                    version = str(api.get("/version").get("gitVersion", ""))
            except CannotSee:
                continue
            yield Ran(name=f"kube-apiserver of {site}", version=version, source=f"context {context}")

    def reserve(self, settings: Settings) -> Hold | None:
        """There is nothing to hold; another cluster or account than the declared ends the run before it begins."""
        contexts = contexts_of(settings)
        if (disturbed := settings.allow_disruption) and disturbed not in contexts:
            message = f"--allow-disruption {disturbed}: name the cluster of {disturbed} by --{disturbed}-context"
            raise UsageError(message)
        if not contexts and not ReadingClients().has_credentials:
            message = (
                "--target live: name what is looked at by --primary-context and --standby-context, "
                "or log in to an AWS account"
            )
            raise UsageError(message)
        declaration = declaration_of(settings)
        for site, context in contexts.items():
            require_cluster(declaration, site, context, cluster_of(context, f"--{site}-context"))
        with suppress(CannotSee):  # a check that needs the account says so
            live_account(declaration)
        return None

    @contextmanager
    def attach(self, settings: Settings, programs: Path) -> Iterator[Incarnation]:
        """The clusters, once each has said that it is there. Raises TargetError for one that does not."""
        del programs
        sites = [LiveSite(name=site, context=one) for site, one in contexts_of(settings).items()]
        declaration, notes = declaration_of(settings), []
        for site in sites:
            option = f"--{site.name}-context"
            cluster = cluster_of(site.context, option)
            notes.append(require_owned(declaration, cluster=cluster, server=site.credentials.url, option=option))
            with closing(_reader(site.context)) as api:
                try:
                    api.get("/version")
                except CannotSee as error:
                    message = f"the live {site.name} cannot be looked at: {error}"
                    raise TargetError(message) from error
        yield Live(sites=sites, disturbed=settings.allow_disruption or "", unasked=[one for one in notes if one])


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveSite:
    """One site: the context that leads to it."""

    name: str
    context: str

    @property
    def credentials(self) -> Credentials:
        """As the kubeconfig gives them now."""
        return credentials_of(self.context)


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """The clusters that were named; pods of the site `disturbed` may be evicted."""

    sites: Sequence[LiveSite]
    disturbed: str = ""
    unasked: Sequence[str] = ()
    changes: Final = False

    def notes(self) -> Iterator[tuple[str, str]]:
        """What is not looked at."""
        yield "live", "Secrets are not read"
        if self.disturbed:
            yield "live", f"one pod of each workload with a budget may be evicted at {self.disturbed}, none elsewhere"
        for says in self.unasked:
            yield "live", says

    def api(self, site: str) -> Reader:
        """A client of the site's API server that sends nothing but reads."""
        context = self._context(site)
        return Reader(credentials_of(context), context=context, served=partial(_served, context))

    def evicting(self, site: str) -> Evictor:
        """A client that may evict pods, too, at the one site. Raises TargetError for every other."""
        if site != self.disturbed:
            allowed = f"only {self.disturbed} was allowed to be" if self.disturbed else "nothing was allowed to be"
            message = f"{site} is not disturbed, {allowed}: --allow-disruption {site} lets its pods be evicted"
            raise TargetError(message)
        context = self._context(site)
        return Evictor(credentials_of(context), context=context, served=partial(_served, context))

    def expected(self, declaration: Declaration) -> Mapping[str, Object | str]:
        """Everything as it is declared, at the sites that were named."""
        named = {one.name for one in self.sites}
        return {
            one.address: _why_not(one.kind, one.site, named) or dict(one.values)
            for one in declaration.records
            if one.family == "kubernetes"
        }

    def held(self, *, alone: bool) -> AbstractContextManager[None]:
        """Nobody has it alone. Raises TargetError for who would change it."""
        if alone:
            message = "a live target only reads: nobody has it alone"
            raise TargetError(message)
        return nullcontext()

    def injecting(self, declaration: Declaration, site: str) -> AbstractContextManager[None]:
        """Always raises TargetError."""
        del declaration, site
        message = "a live target only reads: its injector is not asked"
        raise TargetError(message)

    def caller(self) -> str:
        """Always raises TargetError."""
        message = "a live target only reads: no pod is made to call another"
        raise TargetError(message)

    def experimenter(self) -> str:
        """Always raises TargetError."""
        message = "a live target only reads: no experiment is begun in it"
        raise TargetError(message)

    def freeze(self, pod: Pod) -> None:
        """Always raises TargetError."""
        message = f"a live target only reads: {pod.name} is not frozen"
        raise TargetError(message)

    def losing(self, node: str) -> AbstractContextManager[None]:
        """Always raises TargetError."""
        message = f"a live target only reads: {node} is not stopped"
        raise TargetError(message)

    def mesh(self, declaration: Declaration) -> Mesh:
        """Always raises TargetError."""
        del declaration
        message = "a live target only reads: its mesh is not entered"
        raise TargetError(message)

    def _context(self, site: str) -> str:
        return next(one.context for one in self.sites if one.name == site)


def contexts_of(settings: Settings) -> Mapping[str, str]:
    """The context of each site that was named."""
    named = {"primary": settings.primary_context, "standby": settings.standby_context}
    return {site: context for site, context in named.items() if context}


@cache
def _served(context: str) -> Served:
    """What a cluster serves: more than a hundred requests, so once for a whole run."""
    with closing(_reader(context)) as api:
        return api.resources


def _reader(context: str) -> Reader:
    return Reader(credentials_of(context), context=context)


def _why_not(kind: str, site: str, named: set[str]) -> str:
    if kind == _SECRET:
        return "secrets are not read"
    return "" if site in named else f"no context of {site} was named"


TARGET: Final[Target] = LiveTarget()

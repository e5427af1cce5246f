"""What a cluster of kind is given of a declaration: everything, but for what its pods cannot have here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from meshproof.declaration.model import Declaration, Record
from meshproof.targets.embedded.changes import key_of
from meshproof.targets.embedded.translate import Object, Translation, World, translated
from meshproof.targets.embedded.workloads import Programs
from meshproof.targets.kind.images import Images
from meshproof.targets.kind.stand_ins import DEPLOYMENT, StandIns, stand_ins

_KUBERNETES_OWN: Final = ("default", "kube-node-lease", "kube-public", "kube-system")


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What decides it beside the declaration; `jwks` are the keys of the run's own issuer."""

    programs: Programs
    images: Images
    jwks: str

    def objects(self, declaration: Declaration, site: str) -> tuple[list[Object], list[Translation]]:
        """The objects of a site, and what was changed in them."""
        records = [one for one in declaration.records if one.family == "kubernetes" and one.site == site]
        objects, said = translated(records, World(site=site, processes=[], jwks=self.jwks, lowest_port=0))
        standing = self.standing(records)
        objects = standing.placed(objects)
        bootstrapped = list(undeclared_namespaces(objects))
        made = [
            Translation(address=address_of(one), says="is made by the run: nobody declares it") for one in bootstrapped
        ]
        return [*objects, *bootstrapped], [*said, *standing.said, *made]

    def standing(self, records: Sequence[Record]) -> StandIns:
        """What stands for the workloads of a site."""
        return stand_ins(records, self.programs.program, self.images)

    def by_key(self, declaration: Declaration, site: str) -> Mapping[tuple[str, ...], Object]:
        """The same objects, each by what tells it from every other of its site."""
        return {key_of(one): one for one in self.objects(declaration, site)[0]}

    def by_address(self, declaration: Declaration, site: str) -> Mapping[str, Object]:
        """Each declared object as it is given; a Rollout as the Deployment that has its pods, where one does."""
        there = self.by_key(declaration, site)
        return {
            one.address: there.get((*DEPLOYMENT, one.namespace, one.name), there[key_of(one.values)])
            if one.kind == "Rollout"
            else there[key_of(one.values)]
            for one in declaration.records
            if (one.family, one.site) == ("kubernetes", site)
        }


def undeclared_namespaces(objects: Sequence[Object]) -> Iterator[Object]:
    """Namespaces that objects stand in and nobody declares, because whoever boots a cluster makes them (Flux does)."""
    declared = {one["metadata"]["name"] for one in objects if one["kind"] == "Namespace"}
    used = {one["metadata"].get("namespace", "") for one in objects} - {""}
    for name in sorted(used - declared - set(_KUBERNETES_OWN)):
        yield {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def address_of(thing: Object) -> str:
    """How an object is named where no declaration names it."""
    metadata = thing["metadata"]
    namespace = f"{metadata['namespace']}/" if metadata.get("namespace") else ""
    return f"{thing['kind']}/{namespace}{metadata['name']}"

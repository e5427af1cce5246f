"""Kubernetes objects as the delivery tools render them: Flux and Argo CD are followed from each cluster's entry."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

from meshproof.declaration.deliveries import Delivery, deliveries_in, metadata_of
from meshproof.declaration.documents import Document, parse_documents
from meshproof.declaration.model import Note, Place, Record
from meshproof.declaration.origins import Origins
from meshproof.declaration.substitution import Facts, substituted, traced
from meshproof.errors import UsageError
from meshproof.process import run, scratch
from meshproof.toolchain import find
from meshproof.verdict import Assurance

RENDER_WITHIN_S = 60.0

_NO_FACTS = Facts(values={}, addresses={})


@dataclass(slots=True, kw_only=True)
class _Found:
    records: list[Record] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)


def read_cluster(infra: Path, site: str, facts: Facts, origins: Origins) -> tuple[list[Record], list[Note]]:
    """Every object that reaches the cluster of `site`, by following GitOps from `kubernetes/clusters/<site>`.

    Raises UsageError with kustomize's or helm's own message, and file and line where they name them.
    """
    found = _Found()
    entry = Delivery(owner=f"flux/{site}", path=f"{infra.name}/kubernetes/clusters/{site}")
    wave, done = [(entry, entry)], set[str]()
    while wave:
        wave = [pair for pair in wave if pair[0].owner not in done]
        done.update(one.owner for one, _ in wave)
        following: list[tuple[Delivery, Delivery]] = []
        for (delivery, _), pairs in zip(wave, _render_wave(infra, wave, facts, found.notes), strict=True):
            for document, twin in pairs:
                body, references = traced(document.body, twin, facts)
                following += _following(document.body, twin, found.notes)
                found.records.append(_record(body, references, site, delivery, document, origins))
        wave = following
    return _unique(found), found.notes


def _following(
    body: Mapping[str, object], twin: Mapping[str, object], notes: list[Note]
) -> Iterator[tuple[Delivery, Delivery]]:
    """What an object delivers in turn, with values and with marks; files are always named by values."""
    for one, other in zip(deliveries_in(body, notes), deliveries_in(twin, []), strict=False):
        files = {key: value for key, value in one.helm.items() if key in ("valueFiles", "releaseName")}
        yield one, replace(one, literals=other.literals, helm={**other.helm, **files})


Pairs = list[tuple[Document, Mapping[str, object]]]


def _render_wave(
    infra: Path, wave: list[tuple[Delivery, Delivery]], facts: Facts, notes: list[Note]
) -> Iterator[Pairs]:
    """Each delivery rendered with values and again with marks, two programs at a time."""
    with ThreadPoolExecutor(max_workers=2) as pool:
        plain = [pool.submit(_render, infra, one, facts, notes) for one, _ in wave]
        marked = [pool.submit(_render, infra, one, facts, [], as_marks=True) for _, one in wave]
        for one, other in zip(plain, marked, strict=True):
            try:
                twins = other.result()
            except UsageError:  # a chart that decides by a fact cannot be rendered with a mark in its place
                twins = []
            yield _paired(one.result(), twins)


def _paired(documents: list[Document], twins: list[Document]) -> Pairs:
    if len(documents) == len(twins):
        return [(one, twin.body) for one, twin in zip(documents, twins, strict=True)]
    by_key = {_key(twin.body): twin.body for twin in twins}
    return [(one, by_key.get(_key(one.body), one.body)) for one in documents]


def _key(body: Mapping[str, object]) -> tuple[str, str]:
    return str(body.get("kind")), str(metadata_of(body).get("name"))


def read_tree(infra: Path, origins: Origins) -> tuple[list[Record], list[Note]]:
    """The objects of a tree that no delivery tool describes: kustomizations, charts and plain manifests."""
    found = _Found()
    for delivery in _roots(infra):
        for document in _render(infra, delivery, _NO_FACTS, found.notes):
            found.records.append(_record(document.body, {}, "", delivery, document, origins))
    for document in origins.plain_manifests():
        delivery = Delivery(owner="manifests", path=document.file)
        found.records.append(_record(document.body, {}, "", delivery, document, origins))
    return _unique(found), found.notes


def _roots(infra: Path) -> Iterator[Delivery]:
    for marker in sorted(
        [*infra.rglob("kustomization.yaml"), *infra.rglob("kustomization.yml"), *infra.rglob("Chart.yaml")]
    ):
        where = marker.parent.relative_to(infra.parent).as_posix()
        if "/charts/" not in f"/{marker.parent.relative_to(infra).as_posix()}/" or marker.name == "Chart.yaml":
            yield Delivery(owner=f"tree/{where}", path=where)


def _render(
    infra: Path, delivery: Delivery, facts: Facts, notes: list[Note], *, as_marks: bool = False
) -> list[Document]:
    directory = infra.parent / delivery.path
    if not directory.is_dir():
        message = f"{delivery.owner}: the path {delivery.path} does not exist; correct spec.path"
        raise UsageError(message)
    if (directory / "Chart.yaml").exists():
        text = _helm(directory, delivery, as_marks=as_marks)
    else:
        text = _kustomize(directory, delivery)
    if delivery.substitutes or delivery.literals:
        told = facts if delivery.substitutes else _NO_FACTS
        text, missing = substituted(text, told, delivery.literals, as_marks=as_marks)
        notes += [
            Note(
                subject=f"{delivery.owner}: ${{{name}}}",
                place=Place(file=delivery.path),
                says="no fact of this name is declared",
            )
            for name in sorted(set(missing))
        ]
    return list(parse_documents(text, delivery.path))


def _kustomize(directory: Path, delivery: Delivery) -> str:
    program = find("kustomize")
    done = run([str(program.path), "build", str(directory)], within_s=RENDER_WITHIN_S)
    if done.returncode:
        raise UsageError(_said("kustomize", done.stderr, delivery, directory))
    return done.stdout


def _helm(directory: Path, delivery: Delivery, *, as_marks: bool) -> str:
    program = find("helm")
    helm = delivery.helm
    release = str(helm.get("releaseName") or delivery.owner.rsplit("/", 1)[-1])
    argv = [str(program.path), "template", release, str(directory), "--skip-tests"]
    argv += ["--namespace", delivery.namespace] if delivery.namespace else []
    argv += ["--skip-schema-validation"] if as_marks else []  # a mark is no value that a schema could judge
    value_files = helm.get("valueFiles")
    for name in value_files if isinstance(value_files, list) else []:
        argv += ["--values", str((directory / str(name)).resolve())]
    with scratch("chart") as place:
        values = helm.get("valuesObject")
        if isinstance(values, Mapping) and values:
            path = place / "values.json"
            path.write_text(json.dumps(values), encoding="utf-8")
            argv += ["--values", str(path)]
        parameters = helm.get("parameters")
        for one in parameters if isinstance(parameters, list) else []:
            argv += ["--set-string", f"{one['name']}={one['value']}"]
        done = run(
            argv,
            within_s=RENDER_WITHIN_S,
            env={"HELM_CACHE_HOME": str(place), "HELM_CONFIG_HOME": str(place), "HELM_DATA_HOME": str(place)},
        )
    if done.returncode:
        raise UsageError(_said("helm", done.stderr, delivery, directory))
    return done.stdout


def _said(tool: str, stderr: str, delivery: Delivery, directory: Path) -> str:
    """The tool's own sentence, without the absolute path of this machine."""
    text = (
        " ".join(stderr.strip().splitlines()[-3:]).replace(f"{directory}/", "").replace(str(directory), delivery.path)
    )
    return f"{delivery.path}: {tool} could not render it ({delivery.owner}): {text[:600]}; correct the manifest"


_CLUSTER_SCOPED = re.compile(
    r"Namespace|Cluster.*|CustomResourceDefinition|PriorityClass|StorageClass|ValidatingAdmissionPolicy.*"
    r"|GatewayClass|IngressClass|APIService|PersistentVolume|.*WebhookConfiguration"
)


def _record(  # noqa: PLR0913, PLR0917 - one object and the five things that place it
    body: object,
    references: Mapping[str, tuple[str, ...]],
    site: str,
    delivery: Delivery,
    document: Document,
    origins: Origins,
) -> Record:
    if not isinstance(body, Mapping) or not body.get("kind") or not body.get("apiVersion"):
        message = f"{document.file}:{document.line}: not a Kubernetes object: it needs apiVersion and kind"
        raise UsageError(message)
    meta = metadata_of(body)
    kind, name = str(body["kind"]), str(meta.get("name") or meta.get("generateName") or "")
    scoped = not _CLUSTER_SCOPED.fullmatch(kind)
    namespace = str(meta.get("namespace") or delivery.namespace or ("default" if scoped else "")) if scoped else ""
    group = str(body["apiVersion"]).rpartition("/")[0]
    parts = [part for part in (site, kind, namespace, name) if part]
    line = document.line if delivery.owner == "manifests" else None  # a renderer's lines are nobody's
    if namespace and not meta.get("namespace"):  # the deliverer puts it there
        body = {**body, "metadata": {**meta, "namespace": namespace}}
    return Record(
        family="kubernetes",
        kind=kind,
        group=group,
        address="/".join(parts),
        name=name,
        namespace=namespace,
        site=site,
        owner=delivery.owner,
        values=body,
        references=references,
        place=origins.of(kind, name, delivery.path) or Place(file=document.file, line=line),
        assurance=Assurance.RESOLVED,
    )


def _unique(found: _Found) -> list[Record]:
    """Records by address; a second object of the same address is noted, since two owners would fight over it."""
    by_address: dict[str, Record] = {}
    for record in found.records:
        first = by_address.setdefault(record.address, record)
        if first is not record:
            twin = f"{record.address} ({record.group})"
            if first.group != record.group and twin not in by_address:
                by_address[twin] = replace(record, address=twin)
            else:
                found.notes.append(
                    Note(
                        subject=record.address,
                        place=record.place,
                        says=f"declared by {first.owner} and by {record.owner}",
                    )
                )
    return list(by_address.values())

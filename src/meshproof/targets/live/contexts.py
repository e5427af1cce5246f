"""Contexts of the user's kubeconfig, read by the official client: certificates, tokens and exec plugins alike."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from meshproof.errors import MeshproofError, TargetError, UsageError
from meshproof.probes.kubernetes import Credentials

_BEARER = "Bearer "


def cluster_of(context: str, option: str) -> str:
    """The name of the context's cluster. Raises UsageError, naming the contexts there are, where it is not one."""
    found = _contexts()
    if context not in found:
        message = f"{option} {context}: no such context; the kubeconfig has {', '.join(sorted(found)) or 'none'}"
        raise UsageError(message)
    return found[context]


def credentials_of(context: str) -> Credentials:
    """The way in that a context describes; an exec plugin is asked now. Raises TargetError where it gives none."""
    from kubernetes.client import Configuration  # noqa: PLC0415 - a large package, and only this target needs it
    from kubernetes.config import load_kube_config  # noqa: PLC0415

    found = Configuration()
    with _readable(TargetError, f"context {context}: gives no credentials", "log in again"):
        load_kube_config(context=context, client_configuration=found, persist_config=False)
    if not found.verify_ssl or not found.ssl_ca_cert:
        message = (
            f"context {context}: names no certificate-authority to check the server by, so it could be any cluster"
        )
        raise TargetError(message)
    return Credentials(
        url=found.host,
        authority=Path(found.ssl_ca_cert),
        certificate=Path(found.cert_file) if found.cert_file else None,
        key=Path(found.key_file) if found.key_file else None,
        token=(found.get_api_key_with_prefix("BearerToken", alias="authorization") or "").removeprefix(_BEARER),
    )


def _contexts() -> Mapping[str, str]:
    try:
        from kubernetes.config import list_kube_config_contexts  # noqa: PLC0415
    except ImportError as error:
        message = "the live target needs the Kubernetes client, which is not installed: pip install 'meshproof[live]'"
        raise UsageError(message) from error
    with _readable(UsageError, "the kubeconfig cannot be used", "set KUBECONFIG"):
        rows, _ = list_kube_config_contexts()
        return {row["name"]: row["context"].get("cluster", "") for row in rows}


@contextmanager
def _readable(kind: type[MeshproofError], what: str, remedy: str) -> Iterator[None]:
    """Make one sentence of what the client raises; of a file of another shape it raises whatever it stumbles over."""
    from kubernetes.config import ConfigException  # noqa: PLC0415
    from yaml import YAMLError  # type: ignore[import-untyped]  # noqa: PLC0415

    try:
        yield
    except (ConfigException, OSError, ValueError) as error:
        message = f"{what}: {' '.join(str(error).split())}; {remedy}"
        raise kind(message) from error
    except (YAMLError, TypeError, AttributeError, KeyError) as error:
        file = os.environ.get("KUBECONFIG", "~/.kube/config")
        message = f"{what}: {file} has not the form of one ({' '.join(str(error).split())}); {remedy}"
        raise kind(message) from error

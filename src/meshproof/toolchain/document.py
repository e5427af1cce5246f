"""One file at a URL, by its SHA-256."""

from __future__ import annotations

import shutil

from meshproof.errors import TargetError
from meshproof.toolchain.digest import file_digest
from meshproof.toolchain.order import Order
from meshproof.toolchain.release import download_release
from meshproof.toolchain.sources import Document


def fetch_document(source: Document, order: Order) -> str:
    """Download and check it; it is laid into the directory `order.executable`. Returns the URL. Raises TargetError."""
    url = document_url(source, order)
    if not source.sha256:
        message = f"{url}: refused, because nobody has computed its SHA-256 yet; run `meshproof lock {order.name}`"
        raise TargetError(message)
    file = download_release(url, order)
    if (got := file_digest(file)) != source.sha256:
        file.unlink()
        message = f"{url}: has SHA-256 {got}, not {source.sha256} as locked; do not use it, or lock it anew"
        raise TargetError(message)
    order.executable.mkdir(parents=True)
    shutil.move(file, order.executable / url.rsplit("/", 1)[-1])
    return url


def document_url(source: Document, order: Order) -> str:
    """Where the file lies."""
    return source.url.replace("{version}", order.entry.version)

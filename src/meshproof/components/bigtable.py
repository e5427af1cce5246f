"""Google's emulator of Bigtable as a plain process, and its tables."""

from __future__ import annotations

import importlib.util
import socket
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from meshproof.components.readiness import await_ready
from meshproof.errors import ProbeError, TargetError
from meshproof.process import Running
from meshproof.toolchain import find

_ADDRESS: Final = "127.0.0.1"
_INSTANCE: Final = "projects/drill/instances/drill"
_READY_WITHIN_S: Final = 20.0
_ANSWER_WITHIN_S: Final = 10.0
#: A row's cells by the name of their column.
Row = Mapping[str, bytes]


@dataclass(frozen=True, kw_only=True)
class Bigtable:
    """One emulator; its tables are those of an instance of its own."""

    endpoint: str
    process: Running

    def make(self, table: str, families: Mapping[str, int]) -> None:
        """Make a table; `families` maps each column family to how many versions it keeps. Raises ProbeError."""
        kept = {name: {"gc_rule": {"max_num_versions": versions}} for name, versions in families.items()}
        with _asking(f"making {table}"):
            asked = {"parent": _INSTANCE, "table_id": table, "table": {"column_families": kept}}
            self._admin.create_table(asked, timeout=_ANSWER_WITHIN_S)

    def write(self, table: str, family: str, rows: Mapping[str, Row]) -> None:
        """Put whole rows: what one held before is gone. Raises ProbeError."""
        self._change(table, {key: [_GONE, *_cells(family, cells)] for key, cells in rows.items()})

    def delete(self, table: str, keys: Iterable[str]) -> None:
        """Take rows away. Raises ProbeError."""
        self._change(table, {key: [_GONE] for key in keys})

    def rows(self, table: str, family: str) -> dict[str, dict[str, bytes]]:
        """Everything that the family holds, the newest version of each cell, by the rows' keys. Raises ProbeError."""
        newest = {"cells_per_column_limit_filter": 1}
        asked = {"table_name": f"{_INSTANCE}/tables/{table}", "filter": newest}
        found: dict[str, dict[str, bytes]] = {}
        key, of, name, value = "", "", "", b""
        with _asking(f"reading {table}"):
            for answer in self._data.read_rows(asked, timeout=_ANSWER_WITHIN_S):
                # A chunk tells only what differs from the one before, and a long value comes in several.
                for chunk in answer.chunks:
                    key = chunk.row_key.decode() or key
                    of = chunk.family_name if "family_name" in chunk else of
                    name = chunk.qualifier.decode() if "qualifier" in chunk else name
                    value += chunk.value
                    if not chunk.value_size:
                        if of == family:
                            found.setdefault(key, {})[name] = value
                        value = b""
        return found

    def close(self) -> None:
        """Hang up."""
        self._channel.close()

    def _change(self, table: str, changes: Mapping[str, list[Any]]) -> None:
        if not changes:
            return
        entries = [{"row_key": key.encode(), "mutations": made} for key, made in changes.items()]
        with _asking(f"writing to {table}"):
            asked = {"table_name": f"{_INSTANCE}/tables/{table}", "entries": entries}
            answers = [one for each in self._data.mutate_rows(asked, timeout=_ANSWER_WITHIN_S) for one in each.entries]
        if refused := [one.status.message for one in answers if one.status.code]:
            message = f"Bigtable's emulator: {len(refused)} rows of {table} are refused: {refused[0]}"
            raise ProbeError(message)

    # Google's clients below the one that it tells people to use: that one sends what it measures to Google.

    @cached_property
    def _data(self) -> Any:
        from google.cloud.bigtable_v2 import BigtableClient  # noqa: PLC0415 - seconds that only its users pay for
        from google.cloud.bigtable_v2.services.bigtable.transports import BigtableGrpcTransport  # noqa: PLC0415

        return BigtableClient(transport=BigtableGrpcTransport(channel=self._channel))

    @cached_property
    def _admin(self) -> Any:
        from google.cloud.bigtable_admin_v2 import BigtableTableAdminClient  # noqa: PLC0415
        from google.cloud.bigtable_admin_v2.services.bigtable_table_admin.transports import (  # noqa: PLC0415
            BigtableTableAdminGrpcTransport,
        )

        return BigtableTableAdminClient(transport=BigtableTableAdminGrpcTransport(channel=self._channel))

    @cached_property
    def _channel(self) -> Any:
        import grpc  # noqa: PLC0415

        return grpc.insecure_channel(self.endpoint, options=[("grpc.enable_http_proxy", 0)])


_GONE: Final[Mapping[str, Any]] = {"delete_from_row": {}}


def _cells(family: str, cells: Row) -> Iterator[Mapping[str, Any]]:
    for name, value in cells.items():
        # -1 asks the server for its own time.
        cell = {"family_name": family, "column_qualifier": name.encode(), "timestamp_micros": -1, "value": value}
        yield {"set_cell": cell}


@contextmanager
def bigtable(*, port: int, directory: Path) -> Iterator[Bigtable]:
    """Run it on a port of 127.0.0.1 until the end of the block, once it answers. Raises TargetError."""
    if not _has_client():
        message = "the emulated Bigtable needs Google's client, which is not installed: pip install 'meshproof[gcp]'"
        raise TargetError(message)
    argv: list[str | Path] = [find("bigtable-emulator").path, "-host", _ADDRESS, "-port", str(port)]
    log = directory / "bigtable.log"
    with Running(argv, cwd=directory, log=log, name="Bigtable's emulator", stop_within_s=1.0) as process:

        def is_listening() -> bool:
            with socket.create_connection((_ADDRESS, port), timeout=1):
                return True

        await_ready(process, is_listening, within_s=_READY_WITHIN_S, what="Bigtable's emulator")
        with closing(Bigtable(endpoint=f"{_ADDRESS}:{port}", process=process)) as found:
            yield found


def _has_client() -> bool:
    try:
        return importlib.util.find_spec("google.cloud.bigtable_v2") is not None
    except ModuleNotFoundError:
        return False


@contextmanager
def _asking(doing: str) -> Iterator[None]:
    """Turn what Google's clients raise in the block into ProbeError: nothing was seen."""
    from google.api_core.exceptions import GoogleAPIError  # noqa: PLC0415

    try:
        yield
    except GoogleAPIError as error:
        message = f"Bigtable's emulator: {doing}: {error}"
        raise ProbeError(message) from error
